"""The overlay: the box and label of every joint on the radiograph, one panel per finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sharp_cli.core.about import NOTICE
from sharp_cli.core.joints import FINDINGS
from sharp_cli.fileio.png import marked
from sharp_cli.results.doubt import legend
from sharp_cli.results.inputs import reread
from sharp_cli.results.masking import masked
from sharp_cli.results.overlay_panel import GROUND, TEXT, Panel, Placing, box_height

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.results.document import Document, InputRow, JointRow
    from sharp_cli.results.run import Run

_BOX: Final = 150.0
"""Wanted side of a box in the overlay in pixels: labels are then read without zooming."""
_LONG_SIDE: Final = (1200.0, 3000.0)
"""Limits of a panel's longer side in pixels, which the wanted box gives way to."""
_COMPRESSION: Final = 3  # higher ones take half as long again, and save next to nothing
_LINES_OF_TEXT: Final = 85
"""So many are as high as the sheet is wide: they can be read where it has 1000 pixels."""
_THIN_LINES: Final = 500
"""So many are as wide as the sheet."""
_FONT: Final = (13.0, 0.2)
"""Limits of the font size: in pixels, and of a box, beside which a label must find room."""
_EMPTY: Final = 12.0
"""Grey levels, of 256, by which a line of pixels may differ in an empty border."""
_COARSE: Final = 256
"""Longer side of the picture in which borders are looked for: it has no noise."""
_KEPT: Final = 0.3
"""Of a box that is kept around it, whatever is there."""
_HEADINGS: Final[dict[Finding, str]] = {"erosion": "Erosion", "jsn": "Joint space narrowing"}


def draw_all(document: Document, run: Run) -> Iterator[tuple[InputRow, Image.Image]]:
    """Draw the overlay of every radiograph of a document, reading it again."""
    for study in document.split().values():
        for row in study.inputs:
            with run.guard(row.file):
                yield row, draw(study, row)


def draw(study: Document, row: InputRow, grey: NDArray[np.uint8] | None = None) -> Image.Image:
    """Draw the overlay of one radiograph of a study.

    Args:
        study: The study.
        row: The radiograph.
        grey: Its pixels, see `to_grey`; None to read it again.

    Raises:
        InputError: The radiograph is no longer there, or has another size.
    """
    if grey is None:
        grey = to_grey(reread(row).pixels)
    notice = None if study.validated_on_patients else NOTICE
    joints = [joint for joint in study.joints if joint.file == row.file]
    grey = masked(grey, study, row)
    return draw_panels(grey, joints, notice=notice, aspect=row.pixel_aspect)


def to_grey(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A radiograph's pixels, float32, shape (height, width), 0…1, as whole numbers 0…255."""
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def draw_panels(
    pixels: NDArray[np.uint8],
    joints: Sequence[JointRow],
    *,
    notice: str | None,
    aspect: float = 1.0,
) -> Image.Image:
    """Draw the two panels, in square pixels.

    Args:
        pixels: The radiograph, see `to_grey`.
        joints: Its joints.
        notice: A line to put under the panels.
        aspect: How many times as high as wide the radiograph's pixels are.

    Returns:
        An RGB picture: the panels side by side, or below one another for a wide radiograph.
    """
    left, top, right, bottom = _content(pixels, joints)
    picture = Image.fromarray(pixels[top:bottom, left:right])
    scale = _scale(max(picture.width, picture.height * aspect), joints)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * aspect * scale)))
    ground = picture.resize(size, Image.Resampling.LANCZOS).convert("RGB")
    upright = ground.height > ground.width
    smallest, fraction = _FONT
    across = (1 + upright) * ground.width
    wanted = min(across / _LINES_OF_TEXT, fraction * _box_side(joints) * scale)
    font = _font(max(wanted, smallest))
    thin = max(2, round(across / _THIN_LINES))
    place = Placing((left, top), (size[0] / picture.width, size[1] / picture.height))
    panels = []
    for finding in FINDINGS:
        rows = [row for row in joints if row.finding == finding]
        panel = ground.copy()
        Panel(panel, font, thin, place).draw(rows)
        panels.append(_above(_text(heading(finding, rows), font, panel.width), panel))
    height = max(panel.height for panel in panels)
    gap = max(4, round(font.size / 2))
    width, total = panels[0].width, sum(panel.height for panel in panels)
    sheet_size = (2 * width + gap, height) if upright else (width, total + gap)
    sheet = Image.new("RGB", sheet_size, GROUND)
    sheet.paste(panels[0], (0, 0))
    sheet.paste(panels[1], (width + gap, 0) if upright else (0, panels[0].height + gap))
    foot = ["Blue, thin: intact. Orange, thick, with its probability: non-intact."]
    if any(row.status == "uncertain" for row in joints):
        foot.append("Dashed: it is uncertain whether the joint is there.")
    foot += [f"{line}." for line in legend(joints)]
    if notice is not None:
        foot.append(notice)
    return _above(sheet, _text(" ".join(foot), font, sheet.width))


def to_png(picture: Image.Image) -> bytes:
    """The picture as a PNG file."""
    colours = np.asarray(picture.convert("RGB"))[..., ::-1]
    settings = [cv2.IMWRITE_PNG_COMPRESSION, _COMPRESSION]
    # To choose a filter for each row takes longer, and saves a twentieth of the size.
    settings += [cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    return marked(bytes(cv2.imencode(".png", colours, settings)[1]))


def _scale(longer: float, joints: Sequence[JointRow]) -> float:
    low, high = _LONG_SIDE
    return min(max(_BOX / _box_side(joints), low / longer), high / longer)


def _box_side(joints: Sequence[JointRow]) -> float:
    """The usual side of a box in the radiograph's pixels."""
    sides = [box_height(row.box) for row in joints if row.box is not None]
    return max(float(np.median(sides)), 1.0) if sides else _BOX


def _font(size: float) -> ImageFont.FreeTypeFont:
    # Only a Pillow built without FreeType gives another kind; those on PyPI have it.
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size))


def heading(finding: Finding, rows: Sequence[JointRow]) -> str:
    """How many of the joints with a label are non-intact, as in the tables."""
    labels = [row.label for row in rows if row.label is not None]
    text = _HEADINGS[finding]
    if labels:
        text += f": {labels.count('non-intact')} of {len(labels)} joints non-intact"
    missing = [f"{row.hand} {row.joint}" for row in rows if row.box is None]
    return f"{text}; not detected: {', '.join(missing)}" if missing else text


def _content(pixels: NDArray[np.uint8], joints: Sequence[JointRow]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a radiograph without empty collimated borders."""
    height, width = pixels.shape
    shrink = min(1.0, _COARSE / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    coarse = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    left, right = _filled(np.ptp(np.percentile(coarse, (2, 98), axis=0), axis=0), width)
    top, bottom = _filled(np.ptp(np.percentile(coarse, (2, 98), axis=1), axis=0), height)
    margin = _KEPT * _box_side(joints)
    corners = np.array([corner for row in joints for corner in row.box or ()])
    if not len(corners):
        return 0, 0, width, height
    (x0, y0), (x1, y1) = corners.min(axis=0) - margin, corners.max(axis=0) + margin
    return (
        int(np.clip(min(left, x0), 0, width - 1)),
        int(np.clip(min(top, y0), 0, height - 1)),
        int(np.clip(max(right, x1), 1, width)),
        int(np.clip(max(bottom, y1), 1, height)),
    )


def _filled(spread: NDArray[np.float64], length: int) -> tuple[float, float]:
    """Where the first and last lines of pixels that are not empty begin and end.

    Args:
        spread: How much the pixels of each line of the coarse picture differ.
        length: How many lines the picture itself has.
    """
    filled = np.flatnonzero(spread > _EMPTY)
    if not len(filled):
        return 0, length
    scale = length / len(spread)
    return float((filled[0] - 1) * scale), float((filled[-1] + 2) * scale)


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
    strip = Image.new("RGB", (width, step * len(lines) + margin), GROUND)
    canvas = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        canvas.text((margin, margin // 2 + number * step), line, TEXT, font)
    return strip


def _above(top: Image.Image, bottom: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (bottom.width, top.height + bottom.height), GROUND)
    sheet.paste(top, (0, 0))
    sheet.paste(bottom, (0, top.height))
    return sheet
