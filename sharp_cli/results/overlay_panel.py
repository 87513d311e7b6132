"""One panel of the overlay: boxes, labels and names of hands on a radiograph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import ImageDraw

from sharp_cli.core.joints import SIDES
from sharp_cli.results.doubt import marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from PIL import Image, ImageFont

    from sharp_cli.results.document import JointRow

    Rectangle = tuple[float, float, float, float]

# Blue and orange of the palette of Okabe and Ito (2008), distinct in every form of colour
# blindness; thickness and the written probability carry the same information.
_INTACT: Final = (86, 180, 233)
_NON_INTACT: Final = (255, 149, 0)
_UNDECIDED: Final = (160, 160, 160)
TEXT: Final = (255, 255, 255)
GROUND: Final = (0, 0, 0)


_POINTS_A_BOX: Final = 64
_CORE: Final = 0.5
"""Of a box's width and height around its middle is the joint, which no label may hide."""
_HIDES_JOINT: Final = 20.0
"""How much worse it is to hide a joint or a label than an outline."""
_AROUND: Final = np.array(
    [
        (ring, math.cos(angle * math.pi / 8), math.sin(angle * math.pi / 8))
        for ring in (0.22, 0.35, 0.5, 0.7, 0.9, 1.15, 1.5, 1.9, 2.4)
        for angle in range(16)
    ]
)
"""Where a label may stand: distance from the middle of its box, in boxes, and direction."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a radiograph's pixels are on a panel.

    Attributes:
        origin: Column and row of the pixel at the panel's upper left.
        scale: How wide and how high a pixel is.
    """

    origin: tuple[int, int]
    scale: tuple[float, float]

    def __call__(self, point: tuple[float, float]) -> tuple[float, float]:
        """The place of a point of the file's own pixels."""
        x, y = (
            (value - first + 0.5) * size - 0.5
            for value, first, size in zip(point, self.origin, self.scale, strict=True)
        )
        return x, y


@dataclass(slots=True)
class Panel:
    """A picture that joints are drawn on.

    Attributes:
        picture: The radiograph; it is drawn on.
        font: Of labels.
        thin: Width of a thin line in pixels.
        place: Where the radiograph's pixels are.
    """

    picture: Image.Image
    font: ImageFont.FreeTypeFont
    thin: int
    place: Placing

    def draw(self, rows: Sequence[JointRow]) -> None:
        """Draw boxes, then labels; those that matter most come last and are placed first."""
        canvas = ImageDraw.Draw(self.picture)
        thin = self.thin
        found = _in_order(rows)
        for row in found:
            outline = self._outline(row)
            width = round(thin * 2.5) if row.label == "non-intact" else thin
            canvas.line([*outline, *outline[:2]], GROUND, width + thin // 2 + 1, joint="curve")
            if row.status == "uncertain":
                for dash in _dashes(outline):
                    canvas.line(dash, _colour(row), width)
            else:
                canvas.line([*outline, *outline[:2]], _colour(row), width, joint="curve")
        labels = self.labels(rows)
        for row, at in labels:
            middle = self._middle(row)
            anchor = _nearest(at, middle)
            canvas.line([anchor, middle], GROUND, 2 * thin)
            canvas.line([anchor, middle], _colour(row), thin)
            canvas.circle(middle, 1.5 * thin, _colour(row), GROUND)
        for row, at in labels:
            self._write(canvas, at, _label(row), _colour(row))
        for name, at in self._hand_names(found):
            self._write(canvas, at, name, TEXT)

    def labels(self, rows: Sequence[JointRow]) -> list[tuple[JointRow, Rectangle]]:
        """Where the labels of joints stand: off each other, off the joints and off the outlines."""
        found = _in_order(rows)
        lines = np.array([point for row in found for point in _along(self._outline(row))])
        placed = [at for _, at in self._hand_names(found)]
        placed += [_core(self._outline(row)) for row in found]
        labels = []
        for row in reversed(found):
            at = self._place(row, placed, lines)
            placed.append(at)
            labels.append((row, at))
        return labels

    def _write(
        self,
        canvas: ImageDraw.ImageDraw,
        at: Rectangle,
        text: str,
        colour: tuple[int, int, int],
    ) -> None:
        canvas.text(at[:2], text, colour, self.font, stroke_width=self.thin, stroke_fill=GROUND)

    def _hand_names(self, rows: Sequence[JointRow]) -> Iterator[tuple[str, Rectangle]]:
        """Which hand it is, above its highest box."""
        for side in SIDES:
            points = [point for row in rows if row.hand == side for point in self._outline(row)]
            if not points:
                continue
            (left, top), (right, _) = np.min(points, axis=0), np.max(points, axis=0)
            size, text = self.font.size, f"{side} hand"
            width = self.font.getlength(text)
            x = float(min(max((left + right - width) / 2, 0), self.picture.width - width))
            y = float(max(top - 1.6 * size, 0))
            yield text, (x, y, x + width, y + 1.3 * size)

    def _outline(self, row: JointRow) -> list[tuple[float, float]]:
        return [self.place(corner) for corner in row.box or ()]

    def _middle(self, row: JointRow) -> tuple[float, float]:
        x, y = np.mean(self._outline(row), axis=0)
        return float(x), float(y)

    def _place(
        self, row: JointRow, placed: Sequence[Rectangle], lines: NDArray[np.float64]
    ) -> Rectangle:
        """The place for a label near its joint that hides least of what is there already."""
        left, top, right, bottom = self.font.getbbox(_label(row), stroke_width=self.thin)
        size = np.array((right - left, bottom - top))
        middles = self._middle(row) + _AROUND[:, 1:] * (
            _AROUND[:, :1] * box_height(self._outline(row)) + size / 2
        )
        places = np.hstack([middles - size / 2, middles + size / 2])
        whole = np.array([(0, 0, *self.picture.size)])
        hidden = _overlaps(places, np.array(placed)).sum(axis=1)
        outside = size.prod() - _overlaps(places, whole)[:, 0]
        reach = (lines > places[:, :2].min(axis=0)) & (lines < places[:, 2:].max(axis=0))
        near = lines[reach.all(axis=1)]
        inside = (near > places[:, None, :2]) & (near < places[:, None, 2:])
        crossed = inside.all(axis=2).sum(axis=1) / _POINTS_A_BOX
        cost = _HIDES_JOINT * (hidden + outside) / size.prod() + 2 * crossed + 0.4 * _AROUND[:, 0]
        x0, y0, x1, y1 = places[np.argmin(cost)].tolist()
        return (x0, y0, x1, y1)


def _in_order(rows: Sequence[JointRow]) -> list[JointRow]:
    """The joints that were found, damaged ones last."""
    found = (row for row in rows if row.box is not None)
    return sorted(found, key=lambda row: row.label == "non-intact")


def box_height(outline: Sequence[tuple[float, float]]) -> float:
    """The height of a box: the length of its edge from its second corner to its third."""
    return float(np.hypot(*np.subtract(outline[2], outline[1])))


def _core(outline: Sequence[tuple[float, float]]) -> Rectangle:
    """The joint in the middle of a box."""
    corners = np.array(outline)
    middle = corners.mean(axis=0)
    core = middle + _CORE * (corners - middle)
    (left, top), (right, bottom) = core.min(axis=0).tolist(), core.max(axis=0).tolist()
    return left, top, right, bottom


def _along(outline: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Points along the four edges of a box, one after another, shape (_POINTS_A_BOX, 2)."""
    start, end = np.array(outline), np.roll(outline, -1, axis=0)
    steps = np.linspace(0.0, 1.0, _POINTS_A_BOX // 4, endpoint=False)[:, None]
    edges = [first + steps * (last - first) for first, last in zip(start, end, strict=True)]
    return np.concatenate(edges)


def _dashes(outline: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """Every other piece of a box's outline."""
    points = [(x, y) for x, y in _along(outline).tolist()]
    for start in range(0, len(points), 2):
        yield points[start : start + 2]


def _colour(row: JointRow) -> tuple[int, int, int]:
    """Grey where the model has not learned to classify the joint."""
    if row.label is None:
        return _UNDECIDED
    return _NON_INTACT if row.label == "non-intact" else _INTACT


def _label(row: JointRow) -> str:
    named = f"{row.joint} {row.probability:.2f}" if row.label == "non-intact" else row.joint
    return marked(named, row)


def _overlaps(ones: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """The areas that rectangles share, shape (ones, others)."""
    low = np.maximum(ones[:, None, :2], others[None, :, :2])
    high = np.minimum(ones[:, None, 2:], others[None, :, 2:])
    return np.asarray(np.clip(high - low, 0.0, None).prod(axis=2))


def _nearest(place: Rectangle, point: tuple[float, float]) -> tuple[float, float]:
    return (
        min(max(point[0], place[0]), place[2]),
        min(max(point[1], place[1]), place[3]),
    )
