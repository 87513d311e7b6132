"""The size of a picture by the header of its compressed pixel data, without decoding them."""

from __future__ import annotations

import struct
from typing import Final

_J2K_START: Final = b"\xff\x4f\xff\x51"
_JPEG_START: Final = b"\xff\xd8"
_FRAME_HEADERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""JPEG's SOF markers (ITU-T T.81, B.1) and that of JPEG-LS (ITU-T T.87, C.2)."""


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG, JPEG-LS or JPEG 2000 picture; None if no header gives them.

    The decoders allocate memory for this size, whatever the DICOM tags say.
    """
    if data.startswith(_JPEG_START):
        return _jpeg(data)
    start = data.find(_J2K_START)
    if start < 0 or len(data) < start + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    return right - left, bottom - top


def _jpeg(data: bytes) -> tuple[int, int] | None:
    place = len(_JPEG_START)
    while place + 9 <= len(data) and data[place] == 0xFF:  # noqa: PLR2004 - every marker's start
        marker = data[place + 1]
        if marker in _FRAME_HEADERS:
            height, width = struct.unpack_from(">2H", data, place + 5)
            return width, height
        # A fill byte stands alone; any other marker here is followed by its length.
        filled = marker == 0xFF  # noqa: PLR2004
        place += 1 if filled else 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None
