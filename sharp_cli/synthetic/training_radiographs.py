"""Synthetic radiographs for the hand finder: real hands placed anew, and ones without a hand.

Everything is generated at the size the network sees. A hand is rotated, mirrored, bent towards
another hand's shape, shaded and cut by the picture's edge; letters, borders, lines and wedges are
laid over it. Letters have any orientation, so that only the anatomy shows the side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, fit_similarity, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.hand_finder import INPUT
from sharp_cli.synthetic import clutter
from sharp_cli.synthetic.bending import bend_points, thin_plate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.synthetic.source_radiographs import SourceRadiograph

    Picture = NDArray[np.float32]
    Points = NDArray[np.float64]

_LENGTH: Final = float(np.ptp(TEMPLATE[:, 1]))
_BENT: Final = tuple(POINTS.index(name) for name in (
    "IP", "PIP2", "PIP3", "PIP4", "PIP5", "MCP1", "MCP2", "MCP3", "MCP4", "MCP5", "CMC1",
    "radiocarpal", "ulna",
))  # fmt: skip
_GRID: Final = 17  # nodes a side of the coarse grid on which a bend is computed
_CUT: Final = 0.25  # fraction of a hand's points beyond the edge that the network still must find
_SMALLEST: Final = 40.0  # px, the shortest hand: smaller ones do not show their joints


@dataclass(frozen=True, slots=True)
class TrainingRadiograph:
    """A synthetic radiograph as the network sees it.

    Attributes:
        view: float32, shape (INPUT, INPUT).
        inside: bool, the same shape: where the radiograph is.
        hands: Points of each hand, shape (22, 2) each.
        mirrored: Whether each hand shows its thumb left when upright.
        cut: Whether so much of each hand is cut off that it need not be found.
    """

    view: Picture
    inside: NDArray[np.bool_]
    hands: tuple[Points, ...]
    mirrored: tuple[bool, ...]
    cut: tuple[bool, ...]


class RadiographMaker:
    """Makes radiographs at random.

    Args:
        stock: Where hands come from.
        shapes: Points of further hands (thumb right, upright), shape (N, 22, 2), NaN where unknown.
        rng: Decides everything.
    """

    def __init__(
        self,
        stock: Sequence[SourceRadiograph],
        shapes: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        self._stock = stock
        self._shapes = shapes
        self._rng = rng

    def make(self) -> TrainingRadiograph:
        """One radiograph: of one hand, of two, or of none."""
        kind = self._rng.random()
        if kind < 0.15:
            radiograph = self._empty()
        elif kind < 0.20:
            radiograph = self._scrambled()
        elif kind < 0.42:
            radiograph = self._panels()
        else:
            radiograph = self._single()
        return radiograph

    # -- with hands ------------------------------------------------------------------------

    def _rectangle(self, aspect: float) -> tuple[int, int, int, int]:
        """The radiograph's place in the square: x, y, width, height; the longer side fills it."""
        short = max(40, round(INPUT * min(aspect, 1 / aspect)))
        at = (INPUT - short) // 2
        return (at, 0, short, INPUT) if aspect < 1 else (0, at, INPUT, short)

    def _single(self) -> TrainingRadiograph:
        rng = self._rng
        source = self._stock[int(rng.integers(len(self._stock)))]
        x, y, width, height = self._rectangle(math.exp(rng.uniform(math.log(0.5), math.log(2.0))))
        view, hands, flips = self._place(source, (width, height))
        return self._finish(view, hands, flips, (x, y))

    def _panels(self) -> TrainingRadiograph:
        """Two hands side by side: of two sources, or one and its mirror image."""
        rng = self._rng
        singles = [source for source in self._stock if len(source.hands) == 1]
        first = singles[int(rng.integers(len(singles)))]
        second = first if rng.random() < 0.4 else singles[int(rng.integers(len(singles)))]
        wide = rng.random() < 0.5
        aspect = rng.uniform(0.9, 2.1)
        x, y, width, height = self._rectangle(aspect if wide else 1 / aspect)
        split = (width if wide else height) // 2 + int(rng.integers(-8, 9))
        size = (split, height) if wide else (width, split)
        rest = (width - split, height) if wide else (width, height - split)
        turn = rng.uniform(0, 360) if rng.random() < 0.3 else 90.0 * rng.integers(4)
        scale = rng.uniform(0.42, 0.8)
        flip = bool(rng.random() < 0.5)
        parts = []
        for source, place, mirror in ((first, size, flip), (second, rest, not flip)):
            alike = rng.random() < 0.85
            parts.append(self._place(
                source, place,
                degrees=turn + rng.normal(0, 8) if alike else rng.uniform(0, 360),
                length=scale * rng.uniform(0.93, 1.07),
                mirrored=mirror if alike else bool(rng.random() < 0.5),
            ))  # fmt: skip
        (left, hands, flips), (right, others, more) = parts
        shift = np.array([split, 0.0] if wide else [0.0, split])
        if rng.random() < 0.6:  # one exposure
            right = right * (left.mean() / max(float(right.mean()), 1e-3))
        view = np.concatenate([left, right], axis=1 if wide else 0)
        if rng.random() < 0.5:
            value, half = float(rng.random()), int(rng.integers(1, 4))
            start = max(0, split - half)
            band = np.s_[:, start : split + half] if wide else np.s_[start : split + half, :]
            view[band] = value
        return self._finish(view, [*hands, *(hand + shift for hand in others)], [*flips, *more],
                            (x, y))  # fmt: skip

    def _place(
        self,
        source: SourceRadiograph,
        size: tuple[int, int],
        *,
        degrees: float | None = None,
        length: float | None = None,
        mirrored: bool | None = None,
    ) -> tuple[Picture, list[Points], list[bool]]:
        """Place a source's hands on a radiograph of `size` (width, height).

        Args:
            source: Where the hands come from; the first one is placed, others come along.
            size: Of the radiograph.
            degrees: How far it is rotated from upright; None for any angle.
            length: Length of the hand's points in shorter sides of the radiograph; None for any.
            mirrored: Whether it shows its thumb left; None for any.
        """
        rng = self._rng
        width, height = size
        number = int(rng.integers(len(source.hands)))
        hand, flip = source.hands[number], source.mirrored[number]
        if degrees is None:
            near = rng.random() < 0.5
            degrees = 90.0 * rng.integers(4) + rng.normal(0, 10) if near else rng.uniform(0, 360)
        if mirrored is None:
            mirrored = bool(rng.random() < 0.5)
        both = len(source.hands) > 1
        if length is None:
            low, high = (0.22, 0.5) if both else (0.3, 0.95)
            length = math.exp(rng.uniform(math.log(low), math.log(high)))
        pixels = max(length * min(size), _SMALLEST)
        upright = fit_similarity(hand, TEMPLATE, mirror=flip)
        stretch = math.exp(rng.normal(0, 0.06))
        skew = rng.normal(0, 0.05)
        shape = Affine(stretch, skew, 0.0, 0.0, 1 / stretch, 0.0)
        room = np.maximum(np.array(size) - 0.8 * pixels, 0.15 * np.array(size))
        centre = np.array(size) / 2 + rng.uniform(-0.5, 0.5, 2) * room
        if both:  # most of the pair stays inside
            centre = np.array(size) / 2 + rng.normal(0, 0.08, 2) * size
        to_canvas = similarity(
            scale=pixels / _LENGTH, degrees=degrees, mirror=mirrored, x=centre[0], y=centre[1]
        ).after(shape.after(upright))
        if both:
            middle = to_canvas(np.mean([one.mean(axis=0) for one in source.hands], axis=0))
            to_canvas = similarity(x=centre[0] - middle[0], y=centre[1] - middle[1]).after(
                to_canvas
            )
        placed = [to_canvas(one) for one in source.hands]
        bend = self._bend(placed, size, pixels, mirrored=mirrored)
        level = int(np.clip(math.log2(1 / max(to_canvas.scale, 1e-3)), 0, len(source.levels) - 1))
        to_level = similarity(scale=0.5**level).after(to_canvas.inverse())
        grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
        where = to_level(grid + bend).astype(np.float32)
        picture = source.levels[level]
        style = rng.random()
        if style < 0.35:
            border, fill = cv2.BORDER_REPLICATE, 0.0
        else:
            border = cv2.BORDER_CONSTANT
            fill = float(rng.choice([picture.min(), np.median(picture), rng.random(), 0.0, 1.0],
                                    p=[0.3, 0.2, 0.2, 0.2, 0.1]))  # fmt: skip
        view = cv2.remap(
            picture, where, None, cv2.INTER_LINEAR, borderMode=border, borderValue=fill
        )
        moved = [bend_points(one, bend) for one in placed]
        turned = mirrored != flip
        return np.asarray(view, np.float32), moved, [one != turned for one in source.mirrored]

    def _bend(
        self, placed: Sequence[Points], size: tuple[int, int], pixels: float, *, mirrored: bool
    ) -> NDArray[np.float32]:
        """Displacements from the picture to the unbent one, shape (height, width, 2)."""
        rng = self._rng
        coarse = rng.normal(0, 0.012 * pixels, (4, 4, 2)).astype(np.float32)
        bend = np.asarray(cv2.resize(coarse, (_GRID, _GRID), interpolation=cv2.INTER_CUBIC))
        if len(placed) == 1 and len(self._shapes) and rng.random() < 0.75:
            own = placed[0][list(_BENT)]
            other = self._shapes[rng.integers(len(self._shapes))][list(_BENT)]
            known = np.isfinite(other[:, 0])
            own, other = own[known], other[known]
            alike = fit_similarity(other, own, mirror=mirrored)(other)
            aim = own + rng.uniform(0, 1) * (alike - own)
            # The centres of the cells that the picture falls into; resizing keeps them.
            x, y = ((np.arange(_GRID) + 0.5) * side / _GRID - 0.5 for side in size)
            nodes = np.stack(np.meshgrid(x, y), axis=-1)
            bend = bend + thin_plate(aim, own - aim, nodes.reshape(-1, 2)).reshape(nodes.shape)
        fine = cv2.resize(bend.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(fine, np.float32)

    # -- without a hand ---------------------------------------------------------------------------

    def _empty(self) -> TrainingRadiograph:
        rng = self._rng
        x, y, width, height = self._rectangle(math.exp(rng.uniform(math.log(0.5), math.log(2.0))))
        size = (width, height)
        crop = rng.random() < 0.2
        view = self._crop(size) if crop else clutter.without_hand(size, rng)
        return self._finish(view, [], [], (x, y))

    def _crop(self, size: tuple[int, int]) -> Picture:
        """A piece of a radiograph, smaller than a hand: fingers, a forearm, background."""
        rng = self._rng
        source = self._stock[int(rng.integers(len(self._stock)))]
        picture = source.levels[0]
        length = min(float(np.ptp(hand, axis=0).max()) for hand in source.hands)
        side = max(12, round(length * rng.uniform(0.12, 0.3)))
        corner = [int(rng.integers(0, max(1, n - side))) for n in picture.shape]
        piece = picture[corner[0] : corner[0] + side, corner[1] : corner[1] + side]
        return np.asarray(cv2.resize(piece, size, interpolation=cv2.INTER_CUBIC), np.float32)

    def _scrambled(self) -> TrainingRadiograph:
        """Tiles of a radiograph smaller than a hand, shuffled: bones, but no hand."""
        rng = self._rng
        view, hands, _ = self._place(
            self._stock[int(rng.integers(len(self._stock)))], (INPUT, INPUT),
            length=None if rng.random() < 0.2 else rng.uniform(0.5, 0.85),
        )  # fmt: skip
        length = max(float(np.ptp(hand, axis=0).max()) for hand in hands)
        side = 2 ** max(4, min(6, int(math.log2(max(length * 0.4, 16)))))
        tiles = [
            np.rot90(view[i : i + side, j : j + side], int(rng.integers(4)))
            for i in range(0, INPUT, side)
            for j in range(0, INPUT, side)
        ]
        order = rng.permutation(len(tiles))
        across = INPUT // side
        rows = [
            np.concatenate([tiles[k] for k in order[i : i + across]], axis=1)
            for i in range(0, len(tiles), across)
        ]
        return self._finish(np.concatenate(rows), [], [], (0, 0))

    def _finish(
        self, view: Picture, hands: list[Points], flips: list[bool], corner: tuple[int, int]
    ) -> TrainingRadiograph:
        view = clutter.spoil(np.ascontiguousarray(view, np.float32), self._rng)
        height, width = view.shape
        square = np.zeros((INPUT, INPUT), np.float32)
        inside = np.zeros((INPUT, INPUT), np.bool_)
        place = np.s_[corner[1] : corner[1] + height, corner[0] : corner[0] + width]
        square[place], inside[place] = view, True
        cut = [
            bool(np.mean(((hand < 0) | (hand > (width - 1, height - 1))).any(axis=1)) > _CUT)
            for hand in hands
        ]
        return TrainingRadiograph(
            square, inside, tuple(hand + corner for hand in hands), tuple(flips), tuple(cut)
        )
