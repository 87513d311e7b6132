"""Raster images: PNG, JPEG, TIFF and BMP files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import grey, tiff
from sharp_cli.radiograph.colour import to_grey, to_opacity
from sharp_cli.radiograph.decoded import (
    ASPECT_TOLERANCE,
    CHEAP_PIXELS,
    DecodedFile,
    check_packed,
    check_size,
    plausible_aspect,
)
from sharp_cli.radiograph.pieces import MAX_CHUNK_READS, in_pieces

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
_NOT_TURNED: Final = "the file's orientation tag is not applied: positions are of its pixels"
_DEEP_PNG: Final = (b"\x10\x02", b"\x10\x04", b"\x10\x06")
"""16 bits, and colour, grey with opacity, or colour with opacity (PNG, 11.2.2): of these Pillow
keeps the upper byte."""

_MOST_BITS: Final = 64
"""Of a pixel, in what Pillow opens: 16 bits of each colour and of opacity."""

_TILE: Final = 4
"""How many times as large as its picture a tile may be, a choice: it may stand over."""

_EXIF: Final = ("exif", "Raw profile type exif")
_MAX_EXIF: Final = 1 << 16
"""What a JPEG file can hold of it (CIPA DC-008, 4.7.2). Each of its tags may take up all of it."""

_DEPTH_OF_PNG: Final = slice(24, 26)
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_RESOLUTIONS: Final = ("jfif_density", "aspect", "dpi", "resolution")
"""Where Pillow puts pixels a unit of length, or the shape of a pixel, which says as much here."""


def read(stream: BinaryIO, notes: list[str]) -> DecodedFile:
    """Decode a picture; colours become grey.

    8-bit values are taken as they are shown; deeper ones, whose range in use is unknown, are
    stretched between robust percentiles.

    Args:
        stream: The open file, at its beginning.
        notes: Gets what had to be assumed.

    Raises:
        RadiographError: It has several pictures, a size past the limits, or no use as a picture; or
            it is of a kind of TIFF that is not read.
        PIL.UnidentifiedImageError: It is in none of the four formats.
    """
    stream = in_pieces(stream, MAX_CHUNK_READS)
    kind = _tiff_kind(stream)
    if kind is not None and kind.deep:
        return _deep_tiff(stream, kind, notes)
    head = stream.read(_DEPTH_OF_PNG.stop)
    stream.seek(0)
    with _open(stream, kind) as image:
        _check(image, stream)
        aspect = _aspect(_resolution(image), notes)
        orientation = _orientation(image, kind)
        if orientation in _TURN_BACK:
            notes.append(_NOT_TURNED)
        if head.startswith(_PNG) and head[_DEPTH_OF_PNG] in _DEEP_PNG:
            stream.seek(0)
            return _deep(*_decode_png(stream), aspect, notes)
        image.load()
        shown: Image.Image = image
        if kind is not None and orientation in _TURN_BACK:
            shown = image.transpose(_TURN_BACK[orientation])
        return _shallow(shown, aspect, notes)


def size(stream: BinaryIO) -> tuple[int, int]:
    """Width and height as stored, without decoding the picture.

    Raises:
        RadiographError: See `read`.
        PIL.UnidentifiedImageError: See `read`.
    """
    stream = in_pieces(stream, MAX_CHUNK_READS)
    kind = _tiff_kind(stream)
    if kind is not None and kind.deep:
        _check_tiff(kind, stream)
        return kind.width, kind.height
    with _open(stream, kind) as image:
        _check(image, stream)
        # A TIFF file's `image.size` may be that of the picture turned.
        return image.size if kind is None else (kind.width, kind.height)


def _tiff_kind(stream: BinaryIO) -> tiff.Kind | None:
    """What kind of TIFF a file is, whose tiles are no larger than need be; None if it is none."""
    kind = tiff.read_kind(stream)
    if kind is not None and kind.tile > max(CHEAP_PIXELS, _TILE * kind.width * kind.height):
        message = "its tiles are far larger than its picture; export it again"
        raise RadiographError(message)
    return kind


def _open(stream: BinaryIO, kind: tiff.Kind | None) -> Image.Image:
    try:
        return Image.open(stream, formats=_FORMATS)
    except UnidentifiedImageError:
        if kind is None:
            raise
        raise tiff.refuse(kind) from None


def _check(image: Image.Image, stream: BinaryIO) -> None:
    check_size(*image.size)
    check_packed(*image.size, _MOST_BITS, _length(stream))
    frames = getattr(image, "n_frames", 1)
    if frames > 1:
        message = f"it holds {frames} pictures; save the radiograph alone"
        raise RadiographError(message)


def _check_tiff(kind: tiff.Kind, stream: BinaryIO) -> None:
    check_size(kind.width, kind.height)
    check_packed(kind.width, kind.height, kind.bands * kind.bits, _length(stream))
    if not kind.last:
        message = "it holds several pictures; save the radiograph alone"
        raise RadiographError(message)


def _length(stream: BinaryIO) -> int:
    """How many bytes a file has; its position stays."""
    place = stream.tell()
    length = stream.seek(0, os.SEEK_END)
    stream.seek(place)
    return length


def _orientation(image: Image.Image, kind: tiff.Kind | None) -> int:
    """How a viewer is to turn a picture, 1 not."""
    if kind is not None:
        return kind.orientation
    carried = [image.info.get(name, b"") for name in _EXIF]
    if any(len(one) > _MAX_EXIF for one in carried):
        return _AS_STORED
    return int(image.getexif().get(_ORIENTATION, _AS_STORED))


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Pixels a unit of length, across and down; zeros where the file does not say."""
    found = next((image.info[name] for name in _RESOLUTIONS if name in image.info), (0, 0))
    across, down = found if isinstance(found, tuple) else (found, found)
    return float(across), float(down)


def _aspect(resolution: tuple[float, float], notes: list[str]) -> float:
    """How many times as high as wide pixels are."""
    across, down = resolution
    if not (across > 0 and down > 0) or abs(across / down - 1) <= ASPECT_TOLERANCE:
        return 1.0
    return plausible_aspect(across / down, "resolution", notes)


def _deep_tiff(stream: BinaryIO, kind: tiff.Kind, notes: list[str]) -> DecodedFile:
    _check_tiff(kind, stream)
    if kind.orientation in _TURN_BACK:
        notes.append(_NOT_TURNED)
    return _deep(*tiff.read(stream, kind), _aspect(kind.resolution, notes), notes)


def _decode_png(stream: BinaryIO) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The colours of a deep PNG file, red first, and its opacity."""
    pixels = cv2.imdecode(np.frombuffer(stream.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise OSError  # as Pillow does
    return pixels[..., [2, 1, 0]], pixels[..., 3] if pixels.shape[2] > 3 else None  # noqa: PLR2004


def _deep(
    values: NDArray[Any], alpha: NDArray[Any] | None, aspect: float, notes: list[str]
) -> DecodedFile:
    """Numbers whose range in use is unknown: grey, or colours."""
    shown = values if values.ndim == 2 else to_grey(values)  # noqa: PLR2004 - rows, columns
    usable = np.isfinite(shown)
    if not usable.all():
        notes.append("some pixels hold no number and count as background")
    opacity = None if alpha is None else to_opacity(alpha, notes)
    if opacity is not None:
        usable &= opacity > 0
    return DecodedFile(grey.stretch(shown, usable), aspect=aspect, opacity=opacity)


def _shallow(image: Image.Image, aspect: float, notes: list[str]) -> DecodedFile:
    """What Pillow holds with all bits: 8-bit values as they are shown, and single numbers."""
    key = image.info.get("transparency")
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        opaque = (values != key).astype(np.float32) if isinstance(key, int) else None
        return _deep(values, opaque, aspect, notes)
    alpha = None
    if image.mode in ("LA", "RGBA", "PA"):
        alpha = image.getchannel("A")
    elif key is not None:
        alpha = image.convert("RGBA").getchannel("A")
    return DecodedFile(
        np.asarray(image.convert("L"), dtype=np.float32) / np.float32(255),
        aspect=aspect,
        opacity=None if alpha is None else to_opacity(np.asarray(alpha), notes),
    )
