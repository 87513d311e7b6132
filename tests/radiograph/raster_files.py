"""TIFF and PNG files of kinds that Pillow does not write."""

from __future__ import annotations

import struct
import zlib
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORT, _LONG, _RATIONAL = 3, 4, 5
_CODES = {_SHORT: "H", _LONG: "I", _RATIONAL: "I"}


class Tiff(NamedTuple):
    """How to write a TIFF file."""

    order: Literal["<", ">"] = "<"
    planar: bool = False
    deflate: bool = False
    extra: int | None = None
    rows: int = 40
    tile: int | None = None
    orientation: int = 1
    resolution: tuple[int, int] | None = None
    photometric: int | None = None


def tiff(values: NDArray[Any], how: Tiff | None = None) -> bytes:
    """A TIFF file of values of shape (height, width) or (height, width, bands)."""
    how = how or Tiff()
    bands = 1 if values.ndim == 2 else values.shape[2]
    height, width = values.shape[:2]
    planes = [values[..., band] for band in range(bands)] if bands > 1 and how.planar else [values]
    parts = [part.astype(values.dtype.newbyteorder(how.order)).tobytes()
             for plane in planes for part in _parts(plane, how)]  # fmt: skip
    if how.deflate:
        parts = [zlib.compress(part) for part in parts]
    colours = 3 if bands > 2 else 1
    photometric = (2 if colours == 3 else 1) if how.photometric is None else how.photometric
    tags: dict[int, tuple[int, list[int]]] = {
        256: (_LONG, [width]), 257: (_LONG, [height]), 258: (_SHORT, [8 * values.itemsize] * bands),
        259: (_SHORT, [8 if how.deflate else 1]), 262: (_SHORT, [photometric]),
        274: (_SHORT, [how.orientation]), 277: (_SHORT, [bands]),
        284: (_SHORT, [2 if how.planar else 1]),
        339: (_SHORT, [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * bands),
    }  # fmt: skip
    places = (273, 279) if how.tile is None else (324, 325)
    if how.tile is None:
        tags[278] = (_LONG, [how.rows])
    else:
        tags |= {322: (_LONG, [how.tile]), 323: (_LONG, [how.tile])}
    if how.resolution is not None:
        across, down = how.resolution
        tags |= {282: (_RATIONAL, [across, 1]), 283: (_RATIONAL, [down, 1]), 296: (_SHORT, [2])}
    if how.extra is not None:
        tags[338] = (_SHORT, [how.extra] * (bands - colours))
    start = 8
    tags[places[0]] = (_LONG, [start + at for at in accumulate(map(len, parts[:-1]), initial=0)])
    tags[places[1]] = (_LONG, [len(part) for part in parts])
    return _file(how.order, b"".join(parts), tags)


def _parts(plane: NDArray[Any], how: Tiff) -> list[NDArray[Any]]:
    if how.tile is None:
        return [plane[top : top + how.rows] for top in range(0, len(plane), how.rows)]
    pad = [(0, -size % how.tile) for size in plane.shape[:2]] + [(0, 0)] * (plane.ndim - 2)
    padded, side = np.pad(plane, pad), how.tile
    return [
        padded[top : top + side, left : left + side]
        for top in range(0, padded.shape[0], side)
        for left in range(0, padded.shape[1], side)
    ]


def _file(order: str, data: bytes, tags: dict[int, tuple[int, list[int]]]) -> bytes:
    data += b"\0" * (len(data) % 2)
    table = 8 + len(data)
    beyond = table + 2 + 12 * len(tags) + 4
    entries, more = b"", b""
    for tag, (kind, numbers) in sorted(tags.items()):
        content = struct.pack(f"{order}{len(numbers)}{_CODES[kind]}", *numbers)
        count = len(numbers) // 2 if kind == _RATIONAL else len(numbers)
        if len(content) > 4:
            place = struct.pack(f"{order}I", beyond + len(more))
            more += content
            content = place
        entries += struct.pack(f"{order}HHI", tag, kind, count) + content.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}I", table)
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + more


def png(values: NDArray[Any], kind: int, **chunks: bytes) -> bytes:
    """A PNG file of 8 or 16 bits a value.

    Args:
        values: Shape (height, width) or (height, width, bands).
        kind: Its colour type (PNG, 11.2.2).
        chunks: Further ones by name, before the data.
    """
    height, width = values.shape[:2]
    lines = values.astype(values.dtype.newbyteorder(">"))
    data = zlib.compress(b"".join(b"\0" + line.tobytes() for line in lines))
    head = struct.pack(">IIBBBBB", width, height, 8 * values.itemsize, kind, 0, 0, 0)
    parts = {"IHDR": head} | chunks | {"IDAT": data, "IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name.encode()
        + content
        + struct.pack(">I", zlib.crc32(name.encode() + content))
        for name, content in parts.items()
    )
