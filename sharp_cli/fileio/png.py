"""PNG files that say that this tool wrote them."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from sharp_cli.core.about import PNG_MARK

_AFTER_HEADER: Final = 33
"""Where the first chunk after the header begins: 8 bytes of signature, 25 of the header chunk."""


def marked(png: bytes) -> bytes:
    """A PNG file with the mark by which it is not taken for a radiograph."""
    chunk = PNG_MARK
    length, check = struct.pack(">I", len(chunk) - 4), struct.pack(">I", zlib.crc32(chunk))
    return png[:_AFTER_HEADER] + length + chunk + check + png[_AFTER_HEADER:]
