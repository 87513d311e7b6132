"""Deflated DICOM files (DICOM PS3.5 A.5), inflated as far as their own tags allow and no further.

pydicom inflates a whole file before it looks at a tag, and a thousandfold if that is what it holds.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, Final

from pydicom import dcmread
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph.decoded import MAX_PICTURE_BYTES
from sharp_cli.radiograph.tags import number

if TYPE_CHECKING:
    from typing import BinaryIO

    from typing_extensions import Buffer

MAX_TAGS_BYTES: Final = 8 << 20
"""Of all but the picture, a choice: the tags of a radiograph have a few kB, with an icon 1 MB."""

_SIZE: Final = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
_CHUNK: Final = 1 << 16


def opened(stream: BinaryIO) -> BinaryIO:
    """A DICOM file as it is to be read: itself, or what a deflated one is when it is inflated.

    Args:
        stream: The open file, at its beginning.

    Returns:
        A file in Explicit VR Little Endian, at its beginning, where it was deflated. Reading it may
        raise RadiographError (it is larger than its tags allow), EOFError and zlib.error.

    Raises:
        RadiographError: As above.
        Exception: Whatever pydicom raises for damaged data.
    """
    read_preamble(stream, force=True)
    syntax = _read_file_meta_info(stream).get("TransferSyntaxUID")  # just as dcmread does
    data = stream.tell()
    stream.seek(0)
    if syntax != DeflatedExplicitVRLittleEndian:
        return stream
    uid = DeflatedExplicitVRLittleEndian.encode()
    head = stream.read(data).replace(uid, ExplicitVRLittleEndian.encode().ljust(len(uid), b"\0"))
    inflating = _Inflating(head, stream, MAX_TAGS_BYTES)
    inflated = io.BufferedReader(inflating, _CHUNK)
    tags = dcmread(inflated, force=True, stop_before_pixels=True, specific_tags=[*_SIZE])
    rows, columns, samples, bits = (int(number(tags, name) or 1) for name in _SIZE)
    inflating.most += min(max(rows * columns * samples * bits // 8, 0), MAX_PICTURE_BYTES)
    inflated.seek(0)
    return inflated


class _Inflating(io.RawIOBase):
    """A deflated file that is inflated as it is read.

    Attributes:
        most: How many bytes may come after the head.
        name: None, for pydicom asks.
    """

    name = None

    def __init__(self, head: bytes, stream: BinaryIO, most: int) -> None:
        self.most = most
        self._inflated = bytearray(head)
        self._head = len(head)
        self._stream = stream
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation
        self._place = offset + (self._place if whence == io.SEEK_CUR else 0)
        return self._place

    def readinto(self, buffer: Buffer) -> int:
        wanted = memoryview(buffer)
        while len(self._inflated) < self._place + len(wanted) and not self._inflate.eof:
            self._inflate_more()
        found = self._inflated[self._place : self._place + len(wanted)]
        wanted[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _inflate_more(self) -> None:
        packed = self._inflate.unconsumed_tail or self._stream.read(_CHUNK)
        if not packed:
            raise EOFError
        self._inflated += self._inflate.decompress(packed, _CHUNK)
        if len(self._inflated) - self._head > self.most:
            message = "it is larger when decompressed than its tags allow; export it again"
            raise RadiographError(message)
