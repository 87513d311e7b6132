"""JPEG streams of any precision: gdcm writes all of more than 8 bits as ones of 16."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.uid import UID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

_CODE = 5
"""Bits of the code of every size of a difference: 17 codes of one length."""

_SIDE = 8
"""Of a block, in pixels."""


def lossless(values: NDArray[Any], precision: int) -> bytes:
    """A lossless stream (ITU-T T.81, H) that predicts each value from the one on its left."""
    rows = values.astype(int)
    left = np.concatenate([rows[:, :1], rows[:, :-1]], axis=1)
    left[1:, 0], left[0, 0] = rows[:-1, 0], 1 << (precision - 1)
    codes = _table(0x00, [0] * (_CODE - 1) + [17], range(17))
    frame = _frame(0xC3, values.shape, precision)
    scan = _segment(0xDA, bytes([1, 1, 0, 1, 0, 0]))
    return _file(codes, frame, scan, bits="".join(map(_number, (rows - left).ravel().tolist())))


def extended(blocks: NDArray[Any], precision: int) -> bytes:
    """A lossy stream (ITU-T T.81, F) of blocks of 8 x 8 pixels of one value each."""
    levels = ((blocks.astype(int) - (1 << (precision - 1))) * _SIDE).ravel()
    differences = np.diff(levels, prepend=0).tolist()
    height, width = blocks.shape
    return _file(
        _segment(0xDB, bytes([0, *[1] * 64])),
        _table(0x00, [0] * (_CODE - 1) + [17], range(17)) + _table(0x10, [1], [0]),
        _frame(0xC1, (height * _SIDE, width * _SIDE), precision),
        _segment(0xDA, bytes([1, 1, 0, 0, 63, 0])),
        bits="".join(_number(one) + "0" for one in differences),
    )


def put_into(made: FileDataset, stream: bytes, syntax: str) -> FileDataset:
    """A DICOM file with another stream as its pixels."""
    made.PixelData = encapsulate([stream])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = UID(syntax)
    return made


def _number(difference: int) -> str:
    """A difference as its size in the one code, and its bits."""
    size = abs(difference).bit_length()
    bits = difference if difference > 0 else difference + (1 << size) - 1
    return f"{size:0{_CODE}b}" + (f"{bits:0{size}b}" if size else "")


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def _table(number: int, counts: list[int], values: Iterable[int]) -> bytes:
    counted = counts + [0] * (16 - len(counts))
    return _segment(0xC4, bytes([number, *counted, *values]))


def _frame(marker: int, shape: tuple[int, ...], precision: int) -> bytes:
    return _segment(marker, struct.pack(">BHH", precision, *shape) + bytes([1, 1, 0x11, 0]))


def _file(*headers: bytes, bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")
    return b"\xff\xd8" + b"".join(headers) + data + b"\xff\xd9"
