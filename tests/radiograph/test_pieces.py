"""Files that are made of far too many parts: what reading them costs."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import ImplicitVRLittleEndian, JPEGLosslessSV1

from sharp_cli.radiograph import gdcm_process
from sharp_cli.radiograph.bits import read_bits
from tests.dicom_files import dataset, stored
from tests.radiograph.files import problem, written
from tests.radiograph.jpeg_streams import lossless, put_into
from tests.radiograph.memory import MOST, measured

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")

MANY = 800_000
ITEM = b"\xfe\xff\0\xe0\0\0\0\0"
"""An empty item of a sequence."""


def dicom(tag: int | None = None, content: bytes = b"", *, after: bytes = b"") -> bytes:
    """A radiograph with a further tag, before or after the others."""
    made = dataset(stored())
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    if tag is not None:
        made.add_new(tag, "UN", content)
    if after:
        del made.PixelData
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue() + after


def tiny_tags() -> bytes:
    numbers = range(MANY)
    tags = (
        struct.pack("<HHI", 0x0029 + 2 * (at >> 12), 0x1000 + (at & 0xFFF), 0) for at in numbers
    )
    return dicom(after=b"".join(tags))


def sequences(depth: int) -> bytes:
    """Sequences of one item, each in the other, of no given length."""
    begin = struct.pack("<HHI", 0x0040, 0xA730, 0xFFFFFFFF) + b"\xfe\xff\0\xe0\xff\xff\xff\xff"
    return dicom(after=begin * depth)


def picture(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(stored(8)).save(buffer, kind)
    return buffer.getvalue()


def segments() -> bytes:
    content = picture("JPEG")
    return content[:2] + b"\xff\xe5\0\x02" * MANY + content[2:]


def chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def chunks() -> bytes:
    content = picture("PNG")
    return content[:33] + chunk(b"shRp", b"") * MANY + content[33:]


def strips(count: int) -> bytes:
    """A TIFF file whose strips are said to be many."""
    numbers = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 277: 1, 278: 1}
    arrays = {273: (count, 8), 279: (count, 8)}
    entries = {tag: (1, number) for tag, number in numbers.items()} | arrays
    packed = (struct.pack("<HHII", tag, 4, *entries[tag]) for tag in sorted(entries))
    directory = struct.pack("<H", len(entries)) + b"".join(packed) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + 4 * count) + bytes(4 * count) + directory


REFUSED: dict[str, Callable[[], bytes]] = {
    "tags.dcm": tiny_tags,
    "items.dcm": lambda: dicom(after=struct.pack("<HHI", 0x0040, 0xA730, 0xFFFFFFFF) + ITEM * MANY),
    "deep.dcm": lambda: sequences(MANY),
    "segments.jpg": segments,
    "chunks.png": chunks,
    "strips.tif": lambda: strips(2_000_000),
    "more-strips.tif": lambda: strips(5_000_000),
}
PASSED_OVER: dict[str, Callable[[], bytes]] = {
    "view.dcm": lambda: dicom(0x00540220, ITEM * MANY),
    "window.dcm": lambda: dicom(0x00281050, b"1\\" * MANY),
    "private.dcm": lambda: dicom(0x00290010, bytes(8 << 20)),
}


def test_they_take_little_memory(tmp_path: Path) -> None:
    small = written(dataset(stored()), tmp_path)
    paths = [small]
    for name, make in (REFUSED | PASSED_OVER).items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(make())
    found = measured(paths)
    assert found.pop(small.name)[1] == ""
    assert {name: taken for name, (taken, _) in found.items() if taken > MOST} == {}
    assert [name for name in REFUSED if not found[name][1]] == []
    assert {name: found[name][1] for name in PASSED_OVER if found[name][1]} == {}


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    for name in ("tags.dcm", "segments.jpg", "more-strips.tif"):
        path = tmp_path / name
        path.write_bytes(REFUSED[name]())
        assert "is made of far more parts than a radiograph has" in problem(path)
    path.write_bytes(REFUSED["strips.tif"]())
    assert "far more strips or tiles" in problem(path)


def test_the_tags_of_a_tiff_file_below_the_limit_take_little(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(strips(120_000))
    ((taken, _),) = measured([path]).values()
    assert taken < MOST


def test_decoding_in_another_process_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    values = (np.arange(700 * 700).reshape(700, 700) % 4096).astype(np.uint16)
    made = put_into(dataset(values, 16), lossless(values, 12), JPEGLosslessSV1)
    bits = read_bits(made, 12)
    np.testing.assert_array_equal(gdcm_process.decode(made, bits), values)
    monkeypatch.setattr(gdcm_process, "_SPARE", 0)
    monkeypatch.setattr(gdcm_process, "_COPIES", 2)
    with pytest.raises(subprocess.SubprocessError):
        gdcm_process.decode(made, bits)
