"""Train the network that says whether a joint is to be seen where it was found.

It learns from annotated radiographs as they are, perturbed (`sharp_cli.synthetic.perturbations`)
and with joints taken away (`sharp_cli.synthetic.absent_joints`): from what surrounds the places
that a detector gives the joints, and the places where they are. More is covered while it learns.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from sharp_cli.core.errors import NoHandError
from sharp_cli.core.geometry import Shrinking, similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS, phalanx_length
from sharp_cli.core.records import Hand
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.inference.visibility import SIDE, WIDE, draw_views, normalise
from sharp_cli.synthetic.absent_joints import ABSENCES, hidden
from sharp_cli.synthetic.perturbations import PERTURBATIONS, shrink
from sharp_cli.training.detector.covers import cover
from sharp_cli.training.onnx_file import write_onnx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.scoring.stages import Finder
    from sharp_cli.synthetic.absent_joints import Removed

    Array = NDArray[np.float64]
    Views = NDArray[np.float32]

GONE: Final = 0.6
"""A joint is gone where so much of its place is hidden, or more; and seen where `SEEN` or less."""

SEEN: Final = 0.15
_NEAR: Final = 0.25  # phalanx lengths: what is found farther from a joint does not show that one
_SAME_HAND: Final = 0.5  # likewise, the median of all joints
_FEWEST: Final = 50  # px: of a radiograph cut off to less, nothing is learned
_CALM: Final = 2  # perturbed versions for each with joints taken away
_STRAY: Final = 12.0  # px at the common scale: how far off true places are drawn

_STEPS_AN_EPOCH: Final = 134
_BATCH: Final = 64
_RATE: Final = 2e-3
_DECAY: Final = 0.02
_DROPPED: Final = 0.3
_COVERED, _BESIDE = 0.22, 0.2  # of the views of joints that are seen, so many are covered
_SEEN_SHARE: Final = 0.6  # of what is learned from, before more is covered; half of it plain


class Look(NamedTuple):
    """What surrounds a place.

    Attributes:
        patient: Whose it is.
        kind: What was done to the radiograph.
        joint: Number of the point of `joints.POINTS`.
        seen: Whether it is to be seen there.
        view: uint8, shape (WIDE, WIDE), from -1 to 2.
    """

    patient: str
    kind: str
    joint: int
    seen: bool
    view: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Changed:
    """A radiograph that something was done to, with its hands where they are now."""

    kind: str
    picture: Radiograph
    places: list[Array]
    gone: list[Array]


def looks(
    hands: Iterable[AnnotatedHand],
    images: Path,
    finder: Finder,
    detector: JointDetector,
    *,
    versions: int,
) -> Iterator[Look]:
    """What surrounds the joints of annotated hands, and whether they are to be seen.

    Args:
        hands: The hands, each with a scale of its own.
        images: Folder of their radiographs.
        finder: Finds the hands, but for wrists alone, which lie as they are annotated.
        detector: Gives joints their places.
        versions: How many of each radiograph with joints taken away, each way.
    """
    for original, own in read_square(hands, images):
        patient = own[0].patient.name if own[0].patient else own[0].image
        for changed in _changed(original, own, versions):
            if min(changed.picture.pixels.shape) < _FEWEST:
                continue
            for hand in _found(finder, changed, own):
                yield from _looks(changed, hand, detector, patient)


def _changed(
    original: Radiograph, hands: Sequence[AnnotatedHand], versions: int
) -> Iterator[_Changed]:
    small, to_small = shrink(original.pixels)
    places = [to_small(hand.positions()) for hand in hands]
    none = [np.where(np.isfinite(one).all(axis=1), 0.0, np.nan) for one in places]
    yield _Changed("plain", replace(original, pixels=small), places, none)
    calm = [one for one in PERTURBATIONS if not one.own_size]
    name = hands[0].image
    order = np.random.default_rng(zlib.crc32(name.encode())).permutation(len(calm))
    for at in order[: _CALM * versions].tolist():
        rng = np.random.default_rng(zlib.crc32(f"{name} {at}".encode()))
        pixels, move = calm[at].apply(small, places, rng)
        moved = [move(one) for one in places]
        yield _Changed("plain", replace(original, pixels=pixels), moved, none)
    for kind, remove in ABSENCES.items():
        for version in range(versions):
            rng = np.random.default_rng(zlib.crc32(f"{name} {kind} {version}".encode()))
            done: Removed = remove(small, places, rng)
            picture = replace(original, pixels=done.pixels)
            moved = [done.move(one) for one in places]
            yield _Changed(kind, picture, moved, [hidden(done.mask, one) for one in places])


def _found(finder: Finder, changed: _Changed, hands: Sequence[AnnotatedHand]) -> Sequence[Hand]:
    if not any(math.isnan(phalanx_length(hand.points)) for hand in hands):
        try:
            return finder.find(changed.picture)[0]
        except NoHandError:
            return ()
    # A wrist alone is not for the finder: it lies as its points do.
    return [
        Hand(hand.image, hand.side, "anatomy", fit_hand(places, mirror=hand.side == "right"), 1.0)
        for hand, places in zip(hands, changed.places, strict=True)
    ]


def _looks(changed: _Changed, hand: Hand, detector: JointDetector, patient: str) -> Iterator[Look]:
    predictions = detector.predict(changed.picture, hand)
    frame = predictions.to_image
    given = predictions.mean[:, :2]
    errors = [
        np.hypot(*(frame(given) - places).T) / frame.scale / 400.0 for places in changed.places
    ]
    usual = [float(np.nanmedian(one)) if np.isfinite(one).any() else math.inf for one in errors]
    at = int(np.argmin(usual))
    if usual[at] > _SAME_HAND:
        return
    gone = changed.gone[at]
    true = frame.inverse()(changed.places[at])
    rng = np.random.default_rng(0)
    pixels = Shrinking(changed.picture.pixels)
    for places, error in (
        (given, errors[at]),
        (true + rng.normal(0, _STRAY, true.shape), np.zeros(len(POINTS))),
    ):
        views = draw_views(pixels, frame, places)
        for joint, view in enumerate(views):
            if not np.isfinite(places[joint]).all() or not np.isfinite(gone[joint]):
                continue
            seen = gone[joint] <= SEEN and error[joint] <= _NEAR
            if seen or gone[joint] >= GONE:
                packed = np.rint((view + 1) / 3 * 255).astype(np.uint8)
                yield Look(patient, changed.kind, joint, bool(seen), packed)


_ALIKE: Final = (("PIP2", "PIP3", "PIP4", "PIP5"), ("MCP2", "MCP3", "MCP4", "MCP5"))
"""Joints that look alike share an output: of adults' joints, which are few, each has more."""

_KIND_OF: Final = {name: names[0] for names in _ALIKE for name in names}
_KINDS: Final = tuple(dict.fromkeys(_KIND_OF.get(name, name) for name in POINTS))


class Network(nn.Module):
    """Three strided convolutions and one more, two fully connected layers; 100,000 numbers."""

    kinds: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs, stride in ((1, 16, 2), (16, 32, 2), (32, 64, 2), (64, 64, 1)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.trunk = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten())
        self.head = nn.Sequential(
            nn.Dropout(_DROPPED),
            nn.Linear(64 * (SIDE // 16) ** 2, 64),
            nn.ReLU(),
            nn.Dropout(_DROPPED),
        )
        self.last = nn.Linear(64, len(_KINDS))
        own = [_KINDS.index(_KIND_OF.get(name, name)) for name in POINTS]
        self.register_buffer("kinds", torch.tensor(own), persistent=False)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Views, shape (N, 1, SIDE, SIDE), to log odds of each point, shape (N, 22)."""
        return torch.as_tensor(self.last(self.head(self.trunk(views)))[:, self.kinds])


def fit(learned: Sequence[Look], epochs: int, *, seed: int) -> Network:
    """Train a network; the same looks and seed give the same."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    parts, shares = _parts(learned)
    network.train()
    for step in range(epochs * _STEPS_AN_EPOCH):
        rate = _RATE * (0.5 + 0.5 * math.cos(math.pi * step / (epochs * _STEPS_AN_EPOCH)))
        for group in optimiser.param_groups:
            group["lr"] = rate + _RATE / 100
        chosen = [
            learned[part[int(rng.integers(len(part)))]]
            for part in (parts[at] for at in rng.choice(len(parts), size=_BATCH, p=shares))
        ]
        views, seen = zip(*(_augmented(look, rng) for look in chosen), strict=True)
        answer = network(torch.from_numpy(normalise(np.stack(views))))
        own = answer[torch.arange(_BATCH), torch.tensor([look.joint for look in chosen])]
        loss = functional.binary_cross_entropy_with_logits(own, torch.tensor(seen).float())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return network.eval()


def _parts(learned: Sequence[Look]) -> tuple[list[list[int]], list[float]]:
    """Numbers of looks that are alike, and how much of each part is learned from.

    What hides joints counts alike, however many it hides.
    """
    parts: dict[tuple[bool, str], list[int]] = {}
    for number, look in enumerate(learned):
        kind = "changed" if look.seen and look.kind != "plain" else look.kind
        parts.setdefault((look.seen, kind), []).append(number)
    alike = Counter(seen for seen, _ in parts)
    shares = [(_SEEN_SHARE if seen else 1 - _SEEN_SHARE) / alike[seen] for seen, _ in parts]
    return list(parts.values()), [share / sum(shares) for share in shares]


def _augmented(look: Look, rng: np.random.Generator) -> tuple[Views, bool]:
    """A view turned, covered, blurred and made grainy by chance, and whether a joint is seen."""
    wide = look.view.astype(np.float32) / 255 * 3 - 1
    x, y = rng.normal(0, 1.0, 2) + (WIDE - 1) / 2
    turn = similarity(
        scale=math.exp(rng.normal(0, 0.08)), degrees=rng.normal(0, 6), x=x, y=y
    ).after(similarity(x=-(SIDE - 1) / 2, y=-(SIDE - 1) / 2))
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(
        wide, turn.matrix, (SIDE, SIDE), flags=how, borderMode=cv2.BORDER_REPLICATE
    )
    seen, chance = look.seen, rng.random()
    if seen and chance < _COVERED + _BESIDE:
        seen = chance >= _COVERED
        view = cover(view, rng, beside=seen)
    if rng.random() < 0.3:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.4:
        view = view + rng.standard_normal(view.shape, np.float32) * rng.exponential(0.04)
    if rng.random() < 0.3:
        view = np.sign(view) * np.abs(view) ** math.exp(rng.normal(0, 0.3))
    return np.asarray(view, np.float32), seen


def export(network: Network, path: Path, *, slope: float, intercept: float) -> None:
    """Write a network as `inference.visibility` runs it, with its log odds calibrated.

    Args:
        network: The network, whose last layer is changed.
        path: The ONNX file.
        slope: By which log odds are multiplied.
        intercept: What is added to them.

    Raises:
        OutputError: It cannot be written.
    """
    with torch.no_grad():
        network.last.weight.mul_(slope)
        network.last.bias.mul_(slope).add_(intercept)
    write_onnx(network, torch.zeros(len(POINTS), 1, SIDE, SIDE), path)
