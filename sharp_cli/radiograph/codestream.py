"""What the header of compressed pixel data says of their picture, without decoding them."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_J2K_START: Final = b"\xff\x4f\xff\x51"
_J2K_DEPTH: Final = 42
_J2K_BITS: Final = 0x7F
"""Where Ssiz of the first component stands (ISO/IEC 15444-1, A.5.1), and its bits less the sign."""

_JP2_START: Final = b"\0\0\0\x0cjP  "
_JP2_STREAM: Final = b"jp2c"
"""The first box of a JP2 file, and the type of that with the stream (ISO/IEC 15444-1, I.4)."""

_JPEG_START: Final = b"\xff\xd8"
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""JPEG's SOF markers (ITU-T T.81, B.1) and that of JPEG-LS (ITU-T T.87, C.2)."""


class Stream(NamedTuple):
    """A picture by its own header.

    Attributes:
        width: In pixels.
        height: Likewise.
        precision: How many bits a value has.
        components: How many values a pixel has.
    """

    width: int
    height: int
    precision: int
    components: int


def header(data: bytes) -> Stream | None:
    """The header of a JPEG, JPEG-LS or JPEG 2000 picture; None if there is none.

    The decoders allocate memory for this size, whatever the DICOM tags say.
    """
    if data.startswith(_JPEG_START):
        return _jpeg(data)
    start = _jp2_stream(data) if data.startswith(_JP2_START) else 0
    if not data.startswith(_J2K_START, start) or len(data) < start + _J2K_DEPTH + 1:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    (components,) = struct.unpack_from(">H", data, start + _J2K_DEPTH - 2)
    precision = (data[start + _J2K_DEPTH] & _J2K_BITS) + 1
    return Stream(right - left, bottom - top, precision, components)


def _jp2_stream(data: bytes) -> int:
    """Where the stream of a JP2 file begins; its end if there is none."""
    place = 0
    while place + 16 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        header = 8
        if length == 1:  # a longer length follows
            (length,), header = struct.unpack_from(">Q", data, place + 8), 16
        if kind == _JP2_STREAM:
            return place + header
        if length < header:
            break
        place += length
    return len(data)


def _jpeg(data: bytes) -> Stream | None:
    place = len(_JPEG_START)
    while place + 10 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - every marker's start
        marker = data[place + 1]
        if marker in _FRAME_HEADERS:
            precision, height, width, components = struct.unpack_from(">BHHB", data, place + 4)
            return Stream(width, height, precision, components)
        # A fill byte stands alone; any other marker here is followed by its length.
        filled = marker == 0xFF  # noqa: PLR2004
        place += 1 if filled else 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None
