"""The radiographs and patches of a study as JPEG, small enough for a page."""

from __future__ import annotations

import io
import math
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from sharp_cli.inference.crop import crop
from sharp_cli.results.assemble import points_of
from sharp_cli.results.masking import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.records import Patch, Radiograph
    from sharp_cli.results.document import Document, InputRow

# A study is to be at most 3 MB: base64 makes 1.9 MB of these, and of the 44 patches 0.9 MB at most.
_RADIOGRAPH_BYTES: Final = 1_400_000
_PATCH_BYTES: Final = 15_000
_RADIOGRAPH_PIXELS: Final = 4_000_000
"""Of all radiographs of a study: about 0.2 mm a pixel for both hands on one radiograph."""
_PATCH_SIDE: Final = 260
"""Shorter side of a patch, in pixels: as large as a page shows it at first."""
_QUALITIES: Final = (90, 80, 65, 45, 25, 10)


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one radiograph, as JPEG.

    Attributes:
        radiograph: The radiograph.
        patches: Its joints, upright, thumb to the right; two findings may share a picture.
        cut: The patches of each hand, as they were classified.
    """

    radiograph: bytes
    patches: Mapping[tuple[Side, Finding, str], bytes] = field(default_factory=dict)
    cut: Mapping[Side, Sequence[Patch]] = field(default_factory=dict)


def draw(
    study: Document, read: Callable[[InputRow], Radiograph], *, whole: bool = False
) -> list[Pictures]:
    """Draw the pictures of each radiograph of one study, in the order of its inputs.

    Args:
        study: The study.
        read: Reads a radiograph.
        whole: Let radiographs keep all their pixels, however large the files become.

    Raises:
        InputError: A radiograph cannot be read.
    """
    return [_draw(study, row, read(row), whole=whole) for row in study.inputs]


def _draw(study: Document, row: InputRow, radiograph: Radiograph, *, whole: bool) -> Pictures:
    count = len(study.inputs)
    shrink, limit = 1.0, sys.maxsize
    if not whole:
        shrink = math.sqrt(min(1.0, _RADIOGRAPH_PIXELS / count / radiograph.pixels.size))
        limit = _RADIOGRAPH_BYTES // count
    shown = _jpeg(masked(radiograph.pixels, study, row) * 255, shrink, limit, row.pixel_aspect)
    drawn: dict[tuple[Side, str, tuple[int, ...]], bytes] = {}
    patches = {}
    cut: dict[Side, Sequence[Patch]] = {}
    for hand in study.hands:
        if hand.file != row.file:
            continue
        cut[hand.hand] = crop(radiograph, hand.record, points_of(study, hand))
        for patch in cut[hand.hand]:
            key = (hand.hand, patch.joint, patch.pixels.shape)
            if key not in drawn:
                drawn[key] = _patch(patch)
            patches[hand.hand, patch.finding, patch.joint] = drawn[key]
    return Pictures(shown, patches, cut)


def _patch(patch: Patch) -> bytes:
    shrink = _PATCH_SIDE / min(patch.pixels.shape)
    return _jpeg(patch.pixels / 257.0, shrink, _PATCH_BYTES)


def _jpeg(grey: NDArray[np.floating], scale: float, limit: int, aspect: float = 1.0) -> bytes:
    """A JPEG file of the best quality that stays below the limit in bytes, or else of the lowest.

    Args:
        grey: Shape (height, width), 0…255.
        scale: Of the picture's sides.
        limit: In bytes.
        aspect: How many times as high as wide its pixels are; those of the file are square.
    """
    picture = Image.fromarray(np.rint(np.clip(grey, 0, 255)).astype(np.uint8))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale * aspect)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    content = b""
    for quality in _QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        content = file.getvalue()
        if len(content) <= limit:
            break
    return content
