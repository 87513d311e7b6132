"""How large RLE pixel data (DICOM PS3.5 annex G) become, without decoding them."""

from __future__ import annotations

import struct
from typing import Final

from sharp_cli.core.errors import RadiographError

_HEADER: Final = struct.Struct("<16I")
"""The number of segments and where each begins (PS3.5 G.5)."""

_PADDING: Final = 128
"""Bytes that encoders write too many: a run, at most."""


def check(frame: bytes, most: int) -> None:
    """Refuse pixel data that decoding would make too large.

    Args:
        frame: Of one picture.
        most: Bytes that a segment may have: one for each pixel.

    Raises:
        RadiographError: A segment becomes larger.
    """
    if len(frame) < _HEADER.size:
        return
    count, *offsets = _HEADER.unpack_from(frame)
    for start, end in zip(offsets[:count], [*offsets[1:count], len(frame)], strict=False):
        if _decoded(frame[start:end], most + _PADDING) > most + _PADDING:
            message = "its pixel data (RLE) hold more than its tags allow; export it again"
            raise RadiographError(message)


def _decoded(segment: bytes, most: int) -> int:
    """How many bytes a segment becomes (PS3.5 G.3.2); it is not counted on past the most."""
    place, size, end = 0, 0, len(segment)
    while place < end and size <= most:
        header = segment[place]
        if header < 128:  # noqa: PLR2004 - so many bytes as they are, and one
            size += header + 1
            place += header + 2
        else:  # one byte, repeated; 128 says nothing
            size += 257 - header if header > 128 else 0  # noqa: PLR2004
            place += 2 if header > 128 else 1  # noqa: PLR2004
    return size
