"""A limit on the pieces of which a file is made: tags, items, chunks, segments.

Readers keep an object of each, many times as large as the piece, and each takes a read at least.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, cast

from sharp_cli.core.errors import RadiographError

if TYPE_CHECKING:
    from typing import BinaryIO

MAX_TAG_READS: Final = 1 << 16
"""Of a DICOM file, a choice: a radiograph has some hundred tags, of two or three reads each."""

MAX_CHUNK_READS: Final = 1 << 18
"""Of a picture, a choice: the largest one as PNG, in chunks of 4 KiB, takes half as many."""

MAX_TIFF_TAGS_BYTES: Final = 16 << 20
"""Of the tags of a TIFF file, a choice: places of strips, a colour profile, a thumbnail."""

_OVER: Final = 4
"""So many times a file may be read over: its tags first, then its pixels."""


def in_pieces(stream: BinaryIO, most: int, most_bytes: int | None = None) -> BinaryIO:
    """A file that can be read in so many pieces, and no more; then that raises RadiographError.

    Args:
        stream: The open file, at its beginning.
        most: How many reads.
        most_bytes: How much may be read in all; None for a few times the file.
    """
    if most_bytes is None:
        most_bytes = _OVER * stream.seek(0, os.SEEK_END) + MAX_TIFF_TAGS_BYTES
        stream.seek(0)
    return cast("BinaryIO", _InPieces(stream, most, most_bytes))


class _InPieces:
    def __init__(self, stream: BinaryIO, most: int, most_bytes: int) -> None:
        self._stream = stream
        self._left = most
        self._bytes = most_bytes
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        found = self._stream.read(size if 0 <= size <= self._bytes else self._bytes)
        self._bytes -= len(found)
        if self._left < 0 or (self._bytes <= 0 and found):
            message = "it is made of far more parts than a radiograph has; export it again"
            raise RadiographError(message)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
