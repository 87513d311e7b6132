"""How large a DICOM file's pixels are, and whether that is the hand's size or its shadow's.

The shadow on the detector is larger than the hand, as the hand lies above it; DICOM PS3.3 10.7.1.3
says which tag gives which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sharp_cli.core.records import Spacing
from sharp_cli.radiograph.decoded import ASPECT_TOLERANCE, plausible_aspect
from sharp_cli.radiograph.tags import number, numbers, text

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_AT_DETECTOR: Final = ("ImagerPixelSpacing", "NominalScannedPixelSpacing")
"""On the detector, or on the film that was digitised."""

_EITHER: Final = "PixelSpacing"
_FACTOR: Final = "EstimatedRadiographicMagnificationFactor"
_MAX_SPACING: Final = 5.0
"""In mm; a finger's joint space is 1 to 2 mm wide."""

_MAX_FACTOR: Final = 2.0
"""A hand lies on the detector, or a hand's breadth above it."""

_SAME: Final = 1e-3
"""Spacings that differ by no more than this share are one, rounded."""

_SHAPE: Final = "PixelAspectRatio"
_DECIMALS: Final = 6


def spacing(tags: Dataset, notes: list[str]) -> Spacing | None:
    """The size of a pixel by the tag that says most of the hand.

    Args:
        tags: Those of the file.
        notes: Gets what is wrong with them.
    """
    given = {
        keyword: pair
        for keyword in (*_AT_DETECTOR, _EITHER)
        if keyword in tags and (pair := _pair(tags, keyword, notes))
    }
    either = given.pop(_EITHER, None)
    source, flat = next(iter(given.items()), ("", None))
    calibrated = bool(text(tags, "PixelSpacingCalibrationType"))
    if either and (calibrated or (flat and not _same(either, flat, _SAME))):
        return Spacing(*either, _EITHER, "hand")
    if flat is None:
        return either and Spacing(*either, _EITHER, "unknown")
    factor = _factor(tags, notes)
    if factor is None:
        return Spacing(*flat, source, "detector")
    height, width = (round(size / factor, _DECIMALS) for size in flat)
    return Spacing(height, width, f"{source} / {_FACTOR}", "hand")


def aspect(tags: Dataset, size: Spacing | None, notes: list[str]) -> float:
    """How many times as high as wide a pixel is.

    Args:
        tags: Those of the file.
        size: What `spacing` gave.
        notes: Gets what is wrong with the tags.
    """
    match numbers(tags, _SHAPE):
        case []:
            shape = None
        case [float(height), float(width)] if height > 0 and width > 0:
            shape = height / width
        case _:
            notes.append(f"the file's {_SHAPE} makes no sense and is not used")
            shape = None
    if size is None:
        return plausible_aspect(shape or 1.0, _SHAPE, notes)
    ratio = size.height / size.width
    if shape is not None and not _same((shape,), (ratio,), ASPECT_TOLERANCE):
        notes.append(f"the file's {_SHAPE} contradicts its {size.source} and is not used")
    return plausible_aspect(ratio, size.source, notes)


def _pair(tags: Dataset, keyword: str, notes: list[str]) -> tuple[float, float] | None:
    match numbers(tags, keyword):
        case [float(height), float(width)] if (
            0 < height <= _MAX_SPACING and 0 < width <= _MAX_SPACING
        ):
            return height, width
        case _:
            notes.append(f"the file's {keyword} makes no sense and is not used")
            return None


def _factor(tags: Dataset, notes: list[str]) -> float | None:
    if _FACTOR not in tags:
        return None
    factor = number(tags, _FACTOR)
    if factor is None or not 1 <= factor <= _MAX_FACTOR:
        notes.append(f"the file's {_FACTOR} makes no sense and is not used")
        return None
    return factor


def _same(one: tuple[float, ...], other: tuple[float, ...], tolerance: float) -> bool:
    return all(abs(a / b - 1) <= tolerance for a, b in zip(one, other, strict=True))
