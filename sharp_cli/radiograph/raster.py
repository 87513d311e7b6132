"""Raster images: PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import grey
from sharp_cli.radiograph.decoded import DecodedFile, check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMATS: Final = ("PNG", "JPEG", "TIFF", "BMP")
_ORIENTATION: Final = 0x0112
_AS_STORED: Final = 1
# Pillow turns a TIFF file as its orientation tag asks (JPEG files it leaves); these turn it back.
_TURN_BACK: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def read(stream: BinaryIO) -> DecodedFile:
    """Decode a picture; colours become grey, and transparency is ignored.

    8-bit values are taken as they are shown; deeper ones, whose range in use is unknown, are
    stretched between robust percentiles.

    Raises:
        RadiographError: It has several pictures, a size past the limits, or no use as a picture.
        PIL.UnidentifiedImageError: It is in none of the four formats.
    """
    with Image.open(stream, formats=_FORMATS) as image:
        _check(image)
        orientation = image.getexif().get(_ORIENTATION, _AS_STORED)
        image.load()
        shown: Image.Image = image
        notes = []
        if orientation in _TURN_BACK:
            notes.append("the file's orientation tag is not applied: positions are of its pixels")
            if image.format == "TIFF":
                shown = image.transpose(_TURN_BACK[orientation])
        pixels, more = _grey(shown)
    return DecodedFile(pixels, warnings=(*notes, *more))


def size(stream: BinaryIO) -> tuple[int, int]:
    """Width and height as stored, without decoding the picture.

    Raises:
        RadiographError: See `read`.
        PIL.UnidentifiedImageError: See `read`.
    """
    with Image.open(stream, formats=_FORMATS) as image:
        _check(image)
        if isinstance(image, TiffImageFile):  # its `size` may be that of the picture turned
            return int(image.tag_v2[IMAGEWIDTH]), int(image.tag_v2[IMAGELENGTH])
        return image.size


def _check(image: Image.Image) -> None:
    check_size(*image.size)
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        message = f"it holds {frames} pictures; save the radiograph alone"
        raise RadiographError(message)


def _grey(image: Image.Image) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    if not image.mode.startswith(("I", "F")):
        return np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255), ()
    values = np.asarray(image)
    usable = np.isfinite(values)
    note = "some pixels hold no number and count as background"
    return grey.stretch(values, usable), () if usable.all() else (note,)
