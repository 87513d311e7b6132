"""What the header of compressed pixel data says of their picture, without decoding them."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_J2K_START: Final = b"\xff\x4f\xff\x51"
_J2K_DEPTH: Final = 42
_J2K_BITS: Final = 0x7F
"""Where Ssiz of the first component stands (ISO/IEC 15444-1, A.5.1), and its bits less the sign."""
_JPEG_START: Final = b"\xff\xd8"
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""JPEG's SOF markers (ITU-T T.81, B.1) and that of JPEG-LS (ITU-T T.87, C.2)."""


class Stream(NamedTuple):
    """A picture by its own header: its size in pixels, and how many bits a value has."""

    width: int
    height: int
    precision: int


def header(data: bytes) -> Stream | None:
    """The header of a JPEG, JPEG-LS or JPEG 2000 picture; None if there is none.

    The decoders allocate memory for this size, whatever the DICOM tags say.
    """
    if data.startswith(_JPEG_START):
        return _jpeg(data)
    start = data.find(_J2K_START)
    if start < 0 or len(data) < start + _J2K_DEPTH + 1:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    return Stream(right - left, bottom - top, (data[start + _J2K_DEPTH] & _J2K_BITS) + 1)


def _jpeg(data: bytes) -> Stream | None:
    place = len(_JPEG_START)
    while place + 9 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - every marker's start
        marker = data[place + 1]
        if marker in _FRAME_HEADERS:
            precision, height, width = struct.unpack_from(">BHH", data, place + 4)
            return Stream(width, height, precision)
        # A fill byte stands alone; any other marker here is followed by its length.
        filled = marker == 0xFF  # noqa: PLR2004
        place += 1 if filled else 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None
