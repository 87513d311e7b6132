"""Finding the hands on a radiograph, each with its upright, thumb-right frame.

A small network gets the whole picture, shrunk to 256 px, as it is and mirrored; and where that
leaves doubt, in all eight views that quarter turns and a mirror give. In each cell of a coarse grid
it gives the probability that a hand's centre lies there, one for hands that show the thumb right
when upright and one for those that show it left, and where that hand's 22 points would be. The
outputs are averaged; each peak is a hand, and the similarity from the mean hand
(`sharp_cli.core.template`) to its points is the frame.

The origin of a hand's frame is that of the template: the centre of its points' bounding box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli.core.errors import ModelError, NoHandError
from sharp_cli.core.geometry import Affine, fit_similarity, sample
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS
from sharp_cli.core.records import Hand
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.openvino_runtime import load_onnx

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Radiograph

INPUT: Final = 256
"""Side of the square that the network sees, in pixels."""

STRIDE: Final = 8
"""Pixels from one cell of the network's output to the next."""

CHANNELS: Final = 2
"""Channels of the input: the picture by rank and by local contrast, see `normalise`."""

OFFSET_UNIT: Final = 64.0
"""Pixels that one unit of a regressed offset stands for."""

OUTPUTS: Final = 2 + 2 * len(POINTS)
"""Channels of the output: a hand with the thumb right, one with the thumb left (logits), then the
offsets (x, y) of each of `joints.POINTS` from the cell, in units of `OFFSET_UNIT`."""

_LOCAL: Final = 10.0  # px of the input: about the width of a finger of a hand that fills it
_NOISE: Final = 0.03  # of the picture's range: local contrast below this is left small
_FILLS: Final = (1.0, 0.7)  # a hand that its picture cuts off all round is seen from further away
_FIRST_VIEWS: Final = (0, 4)  # of `views`: the picture as it is, and mirrored
_SURE: Final = 0.75  # score above which nothing but hands is, see the model card
_NOTHING: Final = 0.2  # score below which nothing is a hand
_APART: Final = 0.5  # of a hand's length: two centres nearer than this are one hand
_UNSURE: Final = 0.65  # agreement below which the side is called unsure
_MISFIT: Final = 200.0  # px at the common scale: points less like a hand's than this are none


class Letterboxed(NamedTuple):
    """A picture shrunk into the network's square.

    Attributes:
        view: float32, shape (INPUT, INPUT).
        inside: bool, the same shape: where the picture is.
        to_image: From the square's coordinates to the picture's.
    """

    view: NDArray[np.float32]
    inside: NDArray[np.bool_]
    to_image: Affine


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hand that the network finds, in the coordinates of its input.

    Attributes:
        points: (x, y) of `joints.POINTS`, shape (22, 2).
        mirrored: Whether its thumb is on the left when upright.
        score: How sure it is such a hand, 0…1.
        agreement: Fraction of all hands found here, of either kind, that are such hands, 0…1.
    """

    points: NDArray[np.float64]
    mirrored: bool
    score: float
    agreement: float

    @property
    def frame(self) -> Affine:
        """From canonical coordinates to those of the input."""
        return fit_hand(self.points, mirror=self.mirrored)

    @property
    def misfit(self) -> float:
        """Root mean square distance of its points from the mean hand's, at the common scale."""
        return _misfit(self.points, mirror=self.mirrored)


def _misfit(points: NDArray[np.float64], *, mirror: bool) -> float:
    to_canonical = fit_similarity(points, TEMPLATE, mirror=mirror)
    return float(np.sqrt(((to_canonical(points) - TEMPLATE) ** 2).sum(axis=1).mean()))


def letterbox(pixels: NDArray[np.float32], fill: float = 1.0, aspect: float = 1.0) -> Letterboxed:
    """Shrink a picture into the middle of the network's square.

    Args:
        pixels: float32, shape (height, width).
        fill: Fraction of the square's side that the picture's longer side takes.
        aspect: How many times as high as wide its pixels are.
    """
    height, width = pixels.shape
    across = max(height * aspect, width) / (INPUT * fill)
    down = across / aspect
    x, y = (width - 1) / 2 - across * (INPUT - 1) / 2, (height - 1) / 2 - down * (INPUT - 1) / 2
    to_image = Affine(across, 0.0, x, 0.0, down, y)
    columns = np.abs(np.arange(INPUT) - (INPUT - 1) / 2) * across < width / 2
    rows = np.abs(np.arange(INPUT) - (INPUT - 1) / 2) * down < height / 2
    inside = np.outer(rows, columns)
    return Letterboxed(sample(pixels, to_image, (INPUT, INPUT)), inside, to_image)


def normalise(view: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Make a picture independent of its exposure: by rank, and by local contrast.

    A pixel's rank among all pixels does not change with windows, gamma or a few extreme values;
    its distance from the local mean in local standard deviations does not change with wide white
    or black borders or with shading.

    Args:
        view: float32, shape (INPUT, INPUT).
        inside: bool, the same shape: where the picture is; the rest becomes 0.

    Returns:
        float32, shape (CHANNELS, INPUT, INPUT), each about -1…1.
    """
    low, high = np.percentile(view[inside], (0.5, 99.5))
    span = max(float(high - low), 1e-3)
    scaled = np.clip((view - low) / span, 0.0, 1.0).astype(np.float32)
    levels = (scaled * 1023).astype(np.int32)
    counts = np.bincount(levels[inside], minlength=1024)
    rank = ((2 * np.cumsum(counts) - counts) / counts.sum() - 1).astype(np.float32)
    mask = inside.astype(np.float32)
    # Local sums of the mask, the values and their squares, at a quarter of the size: they are
    # smooth, and it is ten times faster.
    sums = cv2.resize(cv2.merge([mask, scaled * mask, scaled**2 * mask]), None, fx=0.25, fy=0.25,
                      interpolation=cv2.INTER_AREA)  # fmt: skip
    sums = cv2.resize(cv2.GaussianBlur(sums, (0, 0), _LOCAL / 4), (INPUT, INPUT))
    covered, mean, square = cv2.split(sums)
    mean, square = mean / (covered + 1e-6), square / (covered + 1e-6)
    variance = np.maximum(square - mean**2, 0.0)
    local = (scaled - mean) / np.sqrt(variance + _NOISE**2)
    channels = np.stack([rank[levels], np.clip(local / 2, -1.5, 1.5)])
    return (channels * mask).astype(np.float32)


def views(picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The eight views of a picture of shape (C, H, H): four quarter turns, then those mirrored."""
    both = (picture, picture[:, :, ::-1])
    return [np.rot90(one, turn, (1, 2)) for one in both for turn in range(4)]


def merge(
    outputs: Mapping[int, NDArray[np.float32]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bring the outputs for some of the `views` back to the picture and average them.

    Args:
        outputs: float32, shape (OUTPUTS, H, H), by the number of the view.

    Returns:
        Probability of a hand's centre, shape (2, H, H), thumb right, thumb left; and the points'
        positions in pixels of the input, shape (22, 2, H, H).
    """
    cells = next(iter(outputs.values())).shape[-1]
    centres = np.arange(cells) * STRIDE + (STRIDE - 1) / 2
    grid = np.stack(np.meshgrid(centres, centres))
    heats, offsets = [], []
    for index, output in outputs.items():
        mirrored, turn = divmod(index, 4)
        back = np.rot90(output, -turn, (1, 2)).astype(np.float64)
        heat = 1 / (1 + np.exp(-back[:2]))
        offset = back[2:].reshape(len(POINTS), 2, cells, cells) * OFFSET_UNIT
        for _ in range(turn):  # a quarter turn counter-clockwise took (x, y) to (y, -x)
            offset = np.stack([-offset[:, 1], offset[:, 0]], axis=1)
        if mirrored:
            heat = heat[::-1, :, ::-1]
            offset = offset[..., ::-1] * np.array([-1.0, 1.0])[:, None, None]
        heats.append(heat)
        offsets.append(offset)
    # The surer an output is of a hand in a cell, the more its points count there.
    weights = np.stack([heat.sum(axis=0) for heat in heats])
    weights /= weights.sum(axis=0)
    positions = np.einsum("vhw,vpchw->pchw", weights, np.stack(offsets)) + grid
    return np.mean(heats, axis=0), positions


def decode(
    heat: NDArray[np.float64], positions: NDArray[np.float64], threshold: float
) -> list[Candidate]:
    """The hands in what `merge` returns, the surest first."""
    total = heat.sum(axis=0)
    peaks = (total == cv2.dilate(total, np.ones((3, 3)))) & (total >= threshold)
    found: list[Candidate] = []
    for row, column in sorted(np.argwhere(peaks).tolist(), key=lambda at: -total[at[0], at[1]]):
        near = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        weight = total[near] / total[near].sum()
        points = np.einsum("hw,pchw->pc", weight, positions[(..., *near)])
        # The points of a hand fit the mean hand about forty times better than its mirror image.
        mirrored = _misfit(points, mirror=True) < _misfit(points, mirror=False)
        agreement = float(heat[(int(mirrored), *near)].sum() / total[near].sum())
        score = min(1.0, agreement * float(total[row, column]))
        candidate = Candidate(points, mirrored, score, agreement)
        if (
            score >= threshold
            and candidate.misfit <= _MISFIT
            and all(_distance(candidate, other) > _APART for other in found)
        ):
            found.append(candidate)
    return found


def _distance(one: Candidate, other: Candidate) -> float:
    """Distance of two hands' centres in lengths of the larger one."""
    first, second = one.frame, other.frame
    length = float(np.ptp(TEMPLATE[:, 1])) * max(first.scale, second.scale)
    return math.dist((first.c, first.f), (second.c, second.f)) / length


class HandFinder:
    """Finds hands with the network of a bundle.

    Args:
        bundle: A bundle of kind `hands`.
        threads: How many processor threads it may use.

    Raises:
        ModelError: The bundle does not hold such a network.
    """

    def __init__(self, bundle: Bundle, *, threads: int) -> None:
        try:
            self._threshold = float(bundle.meta["threshold"])
        except (KeyError, TypeError, ValueError) as error:
            message = f"{bundle.path}: no threshold in its bundle.json; get the bundle again"
            raise ModelError(message) from error
        self._network = load_onnx(bundle.path / "hands.onnx", threads=threads)

    def candidates(
        self, pixels: NDArray[np.float32], aspect: float = 1.0
    ) -> tuple[list[Candidate], Affine]:
        """All hands in a picture, the surest first, and the map from their input to the picture.

        Args:
            pixels: float32, shape (height, width).
            aspect: How many times as high as wide its pixels are.
        """
        for fill in _FILLS:
            boxed = letterbox(pixels, fill, aspect)
            all_views = views(normalise(boxed.view, boxed.inside))
            outputs = self._run_views(all_views, _FIRST_VIEWS)
            found = decode(*merge(outputs), _NOTHING)
            if found and all(one.score >= max(_SURE, self._threshold) for one in found):
                break
            outputs |= self._run_views(all_views, set(range(len(all_views))) - set(outputs))
            found = decode(*merge(outputs), self._threshold)
            if found:
                break
        return found, boxed.to_image

    def _run_views(
        self, all_views: Sequence[NDArray[np.float32]], indices: Iterable[int]
    ) -> dict[int, NDArray[np.float32]]:
        return {
            index: self._network(np.ascontiguousarray(all_views[index])[None])[0]
            for index in indices
        }

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        """Find the hands of a radiograph.

        Returns:
            The hands by the surest first, with the side that the anatomy shows in a PA view, and
            warnings.

        Raises:
            NoHandError: There is none.
        """
        candidates, to_image = self.candidates(radiograph.pixels, radiograph.aspect)
        if not candidates:
            raise NoHandError.of(radiograph.file)
        hands = tuple(_hand(one, to_image, radiograph.file) for one in candidates)
        warnings = tuple(
            f"a hand that looks like a {hand.side} one may be of the other side: its anatomy is "
            "not clear; check the overlay"
            for hand, one in zip(hands, candidates, strict=True)
            if one.agreement < _UNSURE
        )
        return hands, warnings


def _hand(candidate: Candidate, to_image: Affine, file: str) -> Hand:
    """The hand of a candidate; in a PA view a left hand shows its thumb on the right."""
    side: Side = "right" if candidate.mirrored else "left"
    return Hand(file, side, "anatomy", to_image.after(candidate.frame), candidate.score)
