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
from sharp_cli.radiograph.pieces import MAX_TAG_READS, in_pieces
from sharp_cli.radiograph.tags import number

if TYPE_CHECKING:
    from typing import BinaryIO

    from typing_extensions import Buffer

MAX_TAGS_BYTES: Final = 8 << 20
"""Of all but the picture, a choice: the tags of a radiograph have a few kB, with an icon 1 MB."""

_MAX_META_BYTES: Final = 1 << 20
"""Of what stands before the tags; a few hundred bytes are usual."""

_SIZE: Final = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
_CHUNK: Final = 1 << 16


def opened(stream: BinaryIO) -> BinaryIO:
    """A DICOM file as it is to be read: itself, or what a deflated one is when it is inflated.

    Args:
        stream: The open file, at its beginning.

    Returns:
        The file, at its beginning; in Explicit VR Little Endian where it was deflated. Reading it
        may raise RadiographError (it has too many tags, or is larger than they allow), and if it
        was deflated EOFError and zlib.error.

    Raises:
        RadiographError: As above.
        Exception: Whatever pydicom raises for damaged data.
    """
    meta = in_pieces(stream, MAX_TAG_READS, _MAX_META_BYTES)
    read_preamble(meta, force=True)
    syntax = _read_file_meta_info(meta).get("TransferSyntaxUID")  # just as dcmread does
    data = stream.tell()
    stream.seek(0)
    if syntax != DeflatedExplicitVRLittleEndian:
        return in_pieces(stream, MAX_TAG_READS)
    uid = DeflatedExplicitVRLittleEndian.encode()
    head = stream.read(data).replace(uid, ExplicitVRLittleEndian.encode().ljust(len(uid), b"\0"))
    inflating = _Inflating(head, stream, MAX_TAGS_BYTES)
    inflated = io.BufferedReader(inflating, _CHUNK)
    once = in_pieces(inflated, MAX_TAG_READS, len(head) + inflating.most)
    tags = dcmread(once, force=True, stop_before_pixels=True, specific_tags=[*_SIZE])
    rows, columns, samples, bits = (int(number(tags, name) or 1) for name in _SIZE)
    inflating.most += min(max(rows * columns * samples * bits // 8, 0), MAX_PICTURE_BYTES)
    inflated.seek(0)
    return in_pieces(inflated, MAX_TAG_READS, len(head) + inflating.most)


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
