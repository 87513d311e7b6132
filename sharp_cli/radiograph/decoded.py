"""The result of decoding a file, and the limits on the size of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import RadiographError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Spacing, View

MAX_PIXELS: Final = 100_000_000
"""A 35 x 43 cm detector at 0.04 mm has 94 million pixels; no hand radiograph needs more."""

MAX_PICTURE_BYTES: Final = 8 * MAX_PIXELS
"""Of a picture once it is decompressed: the largest one in 16-bit colour with opacity."""

_MAX_PIXELS_PER_BYTE: Final = 1032
"""Deflate makes no more bytes of one (zlib, technical details), and no radiograph shrinks so."""

CHEAP_PIXELS: Final = 1 << 22
"""So many take so little memory that a nearly blank picture may have them."""

MIN_SIDE: Final = 64
"""With fewer pixels a side, a phalanx is a few pixels long and no joint can be judged."""

ASPECT_TOLERANCE: Final = 0.01
"""Pixels this near to squares are squares, whose sides were rounded."""

_MAX_ASPECT: Final = 4.0
"""No device is known whose pixels are longer than this."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """What a decoder gives of a file.

    Attributes:
        pixels: float32, shape (height, width), 0…1, as the file wants them shown.
        trusted: Whether the file's tags decide that bones are bright, and not the picture.
        spacing: The size of a pixel, or None.
        aspect: How many times as high as wide a pixel is.
        side: The side that the tags give, or None.
        view: From which side of the hand it was taken, as far as the tags say.
        object_sha256: As `records.Radiograph` has it.
        opacity: float32, the same shape, 0…1: how much of the picture is to be seen, and not the
            background; None where all of it is.
    """

    pixels: NDArray[np.float32]
    trusted: bool = False
    spacing: Spacing | None = None
    aspect: float = 1.0
    side: Side | None = None
    view: View = "PA"
    object_sha256: str | None = None
    opacity: NDArray[np.float32] | None = None


def check_size(width: int, height: int) -> None:
    """Refuse a picture by the size that its header gives, before it is decoded.

    Raises:
        RadiographError: The picture is too large or too small.
    """
    if width * height > MAX_PIXELS:
        message = (
            f"its picture of {width} x {height} pixels is past the limit of "
            f"{MAX_PIXELS // 1_000_000} megapixels; export it at a lower resolution"
        )
        raise RadiographError(message)
    if min(width, height) < MIN_SIDE:
        message = (
            f"its picture of {width} x {height} pixels is too small (at least {MIN_SIDE} a side "
            "are needed); export it at full resolution"
        )
        raise RadiographError(message)


def check_packed(width: int, height: int, bits: int, packed: int) -> None:
    """Refuse a picture that decompression would make too large, before memory is taken for it.

    Args:
        width: In pixels, as its header gives it.
        height: Likewise.
        bits: Of a pixel.
        packed: Bytes of the compressed picture.

    Raises:
        RadiographError: There are too few bytes for so many pixels, or too many bits in these.
    """
    if width * height > max(CHEAP_PIXELS, _MAX_PIXELS_PER_BYTE * packed):
        message = (
            f"its {packed} bytes cannot hold a picture of {width} x {height} pixels; copy or "
            "export it again"
        )
        raise RadiographError(message)
    if width * height * bits > 8 * MAX_PICTURE_BYTES:
        message = (
            f"its picture of {width} x {height} pixels of {bits} bits is past the limit of "
            f"{MAX_PICTURE_BYTES // 1_000_000} MB; export it with fewer bits"
        )
        raise RadiographError(message)


def plausible_aspect(aspect: float, source: str, notes: list[str]) -> float:
    """The shape that tags give pixels, or that of a square, with a note, where none has it.

    Args:
        aspect: How many times as high as wide they are.
        source: The tags.
        notes: Gets the note.
    """
    if 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT:
        return aspect
    notes.append(f"the file's {source} makes no sense (pixels {aspect:.3g} times as high as wide)")
    return 1.0
