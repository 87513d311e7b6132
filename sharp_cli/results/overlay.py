"""The overlay: each joint's box and label on the radiograph, one panel a finding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sharp_cli.core.joints import FINDINGS, SIDES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.results.document import JointRow

    Rectangle = tuple[float, float, float, float]

# Blue and orange of the palette of Okabe and Ito (2008), told apart in every colour blindness;
# thickness and the written probability say the same once more.
_INTACT: Final = (86, 180, 233)
_NON_INTACT: Final = (255, 149, 0)
_UNDECIDED: Final = (160, 160, 160)
_TEXT: Final = (255, 255, 255)
_GROUND: Final = (0, 0, 0)

_BOX: Final = 150.0
"""Wanted side of a box in the overlay in pixels: labels are then read without zooming."""
_LONG_SIDE: Final = (1200.0, 3000.0)
"""Limits of a panel's longer side in pixels, which the wanted box gives way to."""
_POINTS_A_BOX: Final = 64
_AROUND: Final = np.array(
    [
        (ring, math.cos(angle * math.pi / 6), math.sin(angle * math.pi / 6))
        for ring in (0.22, 0.35, 0.5, 0.7, 0.9, 1.15)
        for angle in range(12)
    ]
)
"""Where a label may stand: distance from the middle of its box, in boxes, and direction."""
_COMPRESSION: Final = 3  # higher ones take half as long again, and save next to nothing
_FONT_SHARE: Final = 0.15
_FONT_SIZES: Final = (13.0, 30.0)
_HEADINGS: Final[dict[Finding, str]] = {"erosion": "Erosion", "jsn": "Joint space narrowing"}


def grey(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A radiograph's pixels, float32, shape (height, width), 0…1, as whole numbers 0…255."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def draw(
    pixels: NDArray[np.uint8], joints: Sequence[JointRow], *, notice: str | None
) -> Image.Image:
    """Draw the two panels.

    Args:
        pixels: The radiograph, see `grey`.
        joints: Its joints.
        notice: A line to put under the panels.

    Returns:
        An RGB picture: the panels side by side, or below one another for a wide radiograph.
    """
    film = Image.fromarray(pixels)
    scale = _scale(film, joints)
    size = (max(1, round(film.width * scale)), max(1, round(film.height * scale)))
    ground = film.resize(size, Image.Resampling.LANCZOS).convert("RGB")
    side = _box_side(joints) * scale
    low, high = _FONT_SIZES
    font = _font(min(max(side * _FONT_SHARE, low), high))
    panels = []
    for finding in FINDINGS:
        rows = [row for row in joints if row.finding == finding]
        panel = ground.copy()
        _Panel(panel, font, (size[0] / film.width, size[1] / film.height)).draw(rows)
        panels.append(_above(_text(_heading(finding, rows), font, panel.width), panel))
    height = max(panel.height for panel in panels)
    upright = ground.height > ground.width
    gap = max(4, round(font.size / 2))
    width, total = panels[0].width, sum(panel.height for panel in panels)
    sheet_size = (2 * width + gap, height) if upright else (width, total + gap)
    sheet = Image.new("RGB", sheet_size, _GROUND)
    sheet.paste(panels[0], (0, 0))
    sheet.paste(panels[1], (width + gap, 0) if upright else (0, panels[0].height + gap))
    legend = "Blue, thin: intact. Orange, thick, with its probability: non-intact."
    if any(row.status == "uncertain" for row in joints):
        legend += " Dashed: it is uncertain whether the joint is there."
    foot = legend if notice is None else f"{legend} {notice}"
    return _above(sheet, _text(foot, font, sheet.width))


def to_png(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    colours = np.asarray(picture.convert("RGB"))[..., ::-1]
    settings = [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION]
    # To choose a filter for each row takes longer, and saves a twentieth of the size.
    settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return bytes(cv2.imencode(".png", colours, settings)[1])


@dataclass(slots=True)
class _Panel:
    """A picture that joints are drawn on."""

    picture: Image.Image
    font: ImageFont.FreeTypeFont
    scale: tuple[float, float]

    def draw(self, rows: Sequence[JointRow]) -> None:
        """Draw boxes, then labels; those that matter most come last and are placed first."""
        canvas = ImageDraw.Draw(self.picture)
        found = sorted(
            (row for row in rows if row.box is not None), key=lambda row: row.label == "non-intact"
        )
        thin = max(1, round(self.font.size / 14))
        for row in found:
            outline = self._outline(row)
            width = thin * 3 if row.label == "non-intact" else thin
            canvas.line([*outline, *outline[:2]], _GROUND, width + 2, joint="curve")
            if row.status == "uncertain":
                for dash in _dashes(outline):
                    canvas.line(dash, _colour(row), width)
            else:
                canvas.line([*outline, *outline[:2]], _colour(row), width, joint="curve")
        # Labels keep off each other, off the outlines and off the middles of the boxes.
        lines = np.array([point for row in found for point in _along(self._outline(row))])
        placed = [self._name_hand(canvas, found, side) for side in SIDES]
        placed += [
            (x - 3 * thin, y - 3 * thin, x + 3 * thin, y + 3 * thin)
            for x, y in map(self._middle, found)
        ]
        labels = []
        for row in reversed(found):
            at = self._place(canvas, row, placed, lines)
            placed.append(at)
            labels.append((row, at))
        for row, at in labels:
            middle = self._middle(row)
            anchor = _nearest(at, middle)
            canvas.line([anchor, middle], _GROUND, thin + 2)
            canvas.line([anchor, middle], _colour(row), thin)
            radius = 2.0 * thin
            canvas.circle(middle, radius, _colour(row), _GROUND)
        for row, at in labels:
            canvas.text(
                at[:2], _label(row), _colour(row), self.font, stroke_width=2, stroke_fill=_GROUND
            )

    def _name_hand(
        self, canvas: ImageDraw.ImageDraw, rows: Sequence[JointRow], side: Side
    ) -> Rectangle:
        """Write which hand it is above its highest box; where the text is, empty without a hand."""
        points = [point for row in rows if row.hand == side for point in self._outline(row)]
        if not points:
            return (0.0, 0.0, 0.0, 0.0)
        (left, top), (right, _) = np.min(points, axis=0), np.max(points, axis=0)
        size, text = self.font.size, f"{side} hand"
        width = self.font.getlength(text)
        x = min(max((left + right - width) / 2, 0), self.picture.width - width)
        y = max(top - 1.6 * size, 0)
        canvas.text((x, y), text, _TEXT, self.font, stroke_width=2, stroke_fill=_GROUND)
        return (float(x), float(y), float(x + width), float(y + 1.3 * size))

    def _outline(self, row: JointRow) -> list[tuple[float, float]]:
        x, y = self.scale
        return [((left + 0.5) * x - 0.5, (top + 0.5) * y - 0.5) for left, top in row.box or ()]

    def _middle(self, row: JointRow) -> tuple[float, float]:
        x, y = np.mean(self._outline(row), axis=0)
        return float(x), float(y)

    def _place(
        self,
        canvas: ImageDraw.ImageDraw,
        row: JointRow,
        placed: Sequence[Rectangle],
        lines: NDArray[np.float64],
    ) -> Rectangle:
        """The place for a label near its joint that hides least of what is there already."""
        left, top, right, bottom = canvas.textbbox((0, 0), _label(row), self.font, stroke_width=2)
        size = np.array((right - left, bottom - top))
        middles = self._middle(row) + _AROUND[:, 1:] * (
            _AROUND[:, :1] * _side(self._outline(row)) + size / 2
        )
        places = np.hstack([middles - size / 2, middles + size / 2])
        whole = np.array([(0, 0, *self.picture.size)])
        hidden = _overlaps(places, np.array(placed)).sum(axis=1)
        outside = size.prod() - _overlaps(places, whole)[:, 0]
        reach = (lines > places[:, :2].min(axis=0)) & (lines < places[:, 2:].max(axis=0))
        near = lines[reach.all(axis=1)]
        inside = (near > places[:, None, :2]) & (near < places[:, None, 2:])
        crossed = inside.all(axis=2).sum(axis=1) / _POINTS_A_BOX
        cost = (hidden + 4 * outside) / size.prod() + 2 * crossed + 0.2 * _AROUND[:, 0]
        x0, y0, x1, y1 = places[np.argmin(cost)].tolist()
        return (x0, y0, x1, y1)


def _scale(picture: Image.Image, joints: Sequence[JointRow]) -> float:
    low, high = _LONG_SIDE
    longer = max(picture.size)
    return min(max(_BOX / _box_side(joints), low / longer), high / longer)


def _box_side(joints: Sequence[JointRow]) -> float:
    """The usual side of a box in the radiograph's pixels."""
    sides = [_side(row.box) for row in joints if row.box is not None]
    return max(float(np.median(sides)), 1.0) if sides else _BOX


def _side(outline: Sequence[tuple[float, float]]) -> float:
    """The height of a box: the length of its edge from its second corner to its third."""
    return float(np.hypot(*np.subtract(outline[2], outline[1])))


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


def _font(size: float) -> ImageFont.FreeTypeFont:
    # Only a Pillow built without FreeType gives another kind; those on PyPI have it.
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


def _colour(row: JointRow) -> tuple[int, int, int]:
    """Grey where the model has not learned to classify the joint."""
    if row.label is None:
        return _UNDECIDED
    return _NON_INTACT if row.label == "non-intact" else _INTACT


def _label(row: JointRow) -> str:
    return f"{row.joint} {row.probability:.2f}" if row.label == "non-intact" else row.joint


def _heading(finding: Finding, rows: Sequence[JointRow]) -> str:
    damaged = sum(row.label == "non-intact" for row in rows)
    text = f"{_HEADINGS[finding]}: {damaged} of {len(rows)} joints non-intact"
    missing = [f"{row.hand} {row.joint}" for row in rows if row.box is None]
    return f"{text}; not detected: {', '.join(missing)}" if missing else text


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


def _text(text: str, font: ImageFont.FreeTypeFont, width: int) -> Image.Image:
    """A strip of `width` with the text, in as many lines as it takes."""
    margin = round(font.size / 2)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width - 2 * margin:
            lines[-1] = longer
        else:
            lines.append(word)
    step = round(font.size * 1.3)
    strip = Image.new("RGB", (width, step * len(lines) + margin), _GROUND)
    canvas = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        canvas.text((margin, margin // 2 + number * step), line, _TEXT, font)
    return strip


def _above(top: Image.Image, bottom: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (bottom.width, top.height + bottom.height), _GROUND)
    sheet.paste(top, (0, 0))
    sheet.paste(bottom, (0, top.height))
    return sheet
