"""How well hands are found: on annotated radiographs, as they are and changed, and on none."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli import radiograph as radiographs
from sharp_cli.core.errors import NoHandError, RadiographError
from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import hand_finder as finding
from sharp_cli.inference.sides import MOST_HANDS, decide_sides
from sharp_cli.synthetic import clutter
from sharp_cli.synthetic.perturbations import LENGTH, shrink, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.records import Hand, Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.inference.hand_finder import HandFinder

_NEAR: Final = 0.25  # of the hand's length: a centre nearer than this is this hand's
_ANY: Final = 0.01  # a threshold that all passes what scores at all
_SEED: Final = 20_000  # of the synthetic images without a hand


@dataclass
class Tally:
    """What was found in one kind of picture.

    Attributes:
        hands: Annotated hands.
        missed: Picture of each hand that was not found.
        wrong_side: Picture of each hand that was taken for the other side.
        extra: Picture of each hand found where none is annotated.
        warned: Picture of each warning.
        degrees: How far the frame of each hand found is turned from the true one.
        scale: By how many percent it is too large or too small.
        centre: How far its centre is off, in percent of the hand's length.
        score: Of each hand found.
    """

    hands: int = 0
    missed: list[str] = field(default_factory=list)
    wrong_side: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    degrees: list[float] = field(default_factory=list)
    scale: list[float] = field(default_factory=list)
    centre: list[float] = field(default_factory=list)
    score: list[float] = field(default_factory=list)

    def add(self, name: str, truth: Sequence[Affine], found: Sequence[Hand]) -> None:
        """Compare a picture's true frames with the hands found in it."""
        left = list(found)
        self.hands += len(truth)
        for frame in truth:
            length = LENGTH * frame.scale
            near = [(_gap(frame, hand.to_image) / length, hand) for hand in left]
            gap, hand = min(near, key=lambda pair: pair[0], default=(np.inf, None))
            if hand is None or gap > _NEAR:
                self.missed.append(name)
                continue
            left.remove(hand)
            self.score.append(hand.score)
            self.centre.append(100 * gap)
            self.scale.append(100 * abs(hand.to_image.scale / frame.scale - 1))
            if hand.to_image.mirrors != frame.mirrors:
                self.wrong_side.append(name)
                continue
            turn = hand.to_image.inverse().after(frame)
            self.degrees.append(abs(float(np.degrees(np.arctan2(turn.b, turn.a)))))
        self.extra += [name] * len(left)

    def metrics(self) -> dict[str, int | float]:
        """The metrics by name; NaN where no hand was found."""
        spreads = {
            "turn_degrees": self.degrees,
            "scale_percent": self.scale,
            "centre_percent": self.centre,
        }
        return {
            "hands": self.hands,
            "found": self.hands - len(self.missed),
            "wrong_side": len(self.wrong_side),
            "extra": len(self.extra),
            "warned": len(self.warned),
            **{
                f"{name}_{word}": float(of(values)) if values else np.nan
                for name, values in spreads.items()
                for word, of in (("median", np.median), ("max", max))
            },
            "least_score": min(self.score, default=np.nan),
        }

    def problems(self) -> Iterator[tuple[str, list[str]]]:
        """What went wrong, and in which pictures."""
        for kind, names in (
            ("missed", self.missed),
            ("wrong side", self.wrong_side),
            ("extra", self.extra),
            ("warned", self.warned),
        ):
            if names:
                yield kind, sorted(set(names))


def _gap(one: Affine, other: Affine) -> float:
    return float(np.hypot(one.c - other.c, one.f - other.f))


def measure_hands(
    finder: HandFinder,
    truth: Sequence[AnnotatedHand],
    images: Path,
    *,
    unchanged: bool,
    on_progress: Callable[[str], None],
) -> dict[str, Tally]:
    """Find annotated hands in their radiographs, as these are and changed; tags are not used.

    Args:
        finder: What to measure.
        truth: Annotated hands, with the side that the anatomy of a PA view shows.
        images: Folder of their radiographs.
        unchanged: Whether to leave the radiographs as they are.
        on_progress: Called with the name of each radiograph before it is read.

    Returns:
        By kind of change.

    Raises:
        RadiographError: A radiograph cannot be read.
    """
    frames: dict[str, list[Affine]] = defaultdict(list)
    for hand in truth:
        frames[hand.image].append(fit_hand(hand.positions(), mirror=hand.side == "right"))
    tallies: dict[str, Tally] = defaultdict(Tally)
    for image, expected in frames.items():
        on_progress(image)
        radiograph = replace(radiographs.read(images / image), side=None)
        _count(tallies["as it is"], image, expected, finder, radiograph)
        if unchanged:
            continue
        small, to_small = shrink(radiograph.pixels)
        shrunk = [to_small.after(frame) for frame in expected]
        for name, pixels, move in changes(small, shrunk):
            moved = [move.after(frame) for frame in shrunk]
            _count(tallies[name], image, moved, finder, replace(radiograph, pixels=pixels))
    return tallies


def _count(
    tally: Tally, image: str, truth: Sequence[Affine], finder: HandFinder, radiograph: Radiograph
) -> None:
    try:
        found, warnings = finder.find(radiograph)
        sided, notes = decide_sides(found[:MOST_HANDS], radiograph)
    except NoHandError:
        found, warnings, sided, notes = (), (), (), ()
    tally.add(image, truth, sided)
    # With too many hands, a radiograph is refused.
    tally.warned += [image] * (len(warnings) + len(notes) + (len(found) > MOST_HANDS))


def changes(
    pixels: NDArray[np.float32], frames: Sequence[Affine]
) -> Iterator[tuple[str, NDArray[np.float32], Affine]]:
    """The changed pictures, each with its kind and the map from the unchanged one.

    Args:
        pixels: float32, shape (height, width), 0…1.
        frames: Of the hands in it.
    """
    for mirror in (False, True):
        for degrees in (0, 90, 180, 270):
            if degrees or mirror:
                name = f"turned {degrees}°" + (" and mirrored" if mirror else "")
                yield name, *turned(pixels, degrees, mirror=mirror)
    for degrees in (-30, -15, 15, 30):
        yield f"tilted {degrees}°", *turned(pixels, degrees)
    height, width = pixels.shape
    for word, value in (("white", 1.0), ("black", 0.0)):
        edge = width // 4
        framed = cv2.copyMakeBorder(pixels, 0, 0, edge, edge, cv2.BORDER_CONSTANT, value=value)
        yield f"{word} borders", framed, similarity(x=edge)
    yield "low contrast", (0.45 + 0.06 * pixels).astype(np.float32), similarity()
    noise = np.random.default_rng(0).normal(0, 0.05, pixels.shape)
    yield "noise", (pixels + noise).astype(np.float32), similarity()
    # Cut where the outermost points lie: half of the outer joints' bones are gone.
    points = np.concatenate([frame(TEMPLATE) for frame in frames])
    low = np.clip(points.min(axis=0), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(points.max(axis=0), low + 1, (width - 1, height - 1)).astype(int)
    piece = pixels[low[1] : high[1] + 1, low[0] : high[0] + 1]
    yield "cut to the joints", np.ascontiguousarray(piece), similarity(x=-low[0], y=-low[1])


@dataclass(frozen=True, slots=True)
class NegativeImage:
    """An image without a hand.

    Attributes:
        name: Of its file, or its number among the synthetic ones.
        group: `given`, or `drawn` for synthetic ones.
        hands: Hands found in it all the same.
        score: The highest of anything in it.
    """

    name: str
    group: str
    hands: int
    score: float


def measure_negative_images(
    bundle: Bundle, images: Sequence[Path], *, synthetic: int, threads: int
) -> Iterator[NegativeImage | RadiographError]:
    """Look for hands in images that show none, and in synthetic ones as well.

    Args:
        bundle: A bundle of kind `hands`.
        images: Files of images.
        synthetic: How many are generated as well; always the same ones.
        threads: CPU threads.

    Yields:
        What was found in each; or why a file cannot be read.
    """
    anything = replace(bundle, meta={**bundle.meta, "threshold": _ANY})
    strict = finding.HandFinder(bundle, threads=threads)
    lenient = finding.HandFinder(anything, threads=threads)

    def measure(name: str, group: str, pixels: NDArray[np.float32]) -> NegativeImage:
        score = max((one.score for one in lenient.candidates(pixels)[0]), default=0.0)
        return NegativeImage(name, group, len(strict.candidates(pixels)[0]), score)

    def measure_file(path: Path) -> NegativeImage | RadiographError:
        try:
            return measure(path.name, "given", radiographs.read(path).pixels)
        except RadiographError as error:
            return error

    yield from map(measure_file, images)
    rng = np.random.default_rng(_SEED)
    for number in range(synthetic):
        size = (int(rng.integers(128, 512)), int(rng.integers(128, 512)))
        yield measure(str(number), "drawn", clutter.spoil(clutter.without_hand(size, rng), rng))
