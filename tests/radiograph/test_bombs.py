"""Small files that would become large: what reading them costs."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels.decoders.rle import _rle_decode_segment
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import codestream, decoded, rle
from tests.dicom_files import dataset, stored
from tests.radiograph.files import problem, written
from tests.radiograph.memory import MOST, measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydicom.dataset import FileDataset

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")

SIDE = 10_000


def put(stream: bytes, syntax: str, **tags: Any) -> FileDataset:
    """A file that says that it holds the largest picture, and holds a stream."""
    made = dataset(stored(8), 8, Rows=SIDE, Columns=SIDE, **tags)
    made.PixelData = encapsulate([stream])
    made["PixelData"].VR = "OB"
    made["PixelData"].is_undefined_length = True
    made.file_meta.TransferSyntaxUID = UID(syntax)
    return made


def in_size(stream: bytes, place: int, kind: str = ">HH") -> bytes:
    """A stream whose header says that it holds the largest picture."""
    changed = bytearray(stream)
    struct.pack_into(kind, changed, place, SIDE, SIDE)
    return bytes(changed)


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "JPEG")
    content = buffer.getvalue()
    return in_size(content, content.index(b"\xff\xc0") + 5)


def png(width: int = SIDE, depth: int = 8, colour: int = 0) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, SIDE, depth, colour, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff(**tags: int) -> bytes:
    """A little-endian TIFF of one deflated strip or tile."""
    data = zlib.compress(bytes(1 << 20), 9)
    numbers = {
        256: SIDE,
        257: SIDE,
        258: 8,
        259: 8,
        262: 1,
        273: 8,
        277: 1,
        278: SIDE,
        279: len(data),
    }
    numbers |= {int(name[1:]): number for name, number in tags.items()}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, numbers[tag]) for tag in sorted(numbers))
    directory = struct.pack("<H", len(numbers)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


def deflated() -> bytes:
    made = dataset(stored())
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.add_new(0x00431010, "OB", bytes(96 << 20))
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def run_length() -> bytes:
    """RLE whose one segment is longer than its picture."""
    segment = b"\x81\0" * (4 << 20)
    return struct.pack("<16I", 1, 64, *[0] * 14) + segment


def compressed(syntax: str) -> bytes:
    made = dataset(stored(8), 8)
    made.compress(syntax, generate_instance_uid=False)
    return get_frame(made.PixelData, 0, number_of_frames=1)


def as_bytes(made: FileDataset) -> bytes:
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def small_run_length() -> bytes:
    made = put(run_length(), RLELossless)
    made.Rows, made.Columns = stored(8).shape
    return as_bytes(made)


def large(syntax: str, place: Callable[[bytes], int], kind: str) -> bytes:
    stream = compressed(syntax)
    return as_bytes(put(in_size(stream, place(stream), kind), syntax))


BOMBS: dict[str, Callable[[], bytes]] = {
    "deflated.dcm": deflated,
    "rle.dcm": small_run_length,
    "rle-large.dcm": lambda: as_bytes(put(run_length()[:4096], RLELossless)),
    "jpeg.dcm": lambda: as_bytes(put(jpeg(), JPEGBaseline8Bit)),
    "lossless.dcm": lambda: as_bytes(
        put(jpeg().replace(b"\xff\xc0", b"\xff\xc3"), JPEGLosslessSV1)
    ),
    "jpegls.dcm": lambda: large(JPEGLSLossless, lambda s: s.index(b"\xff\xf7") + 5, ">HH"),
    "j2k.dcm": lambda: large(JPEG2000Lossless, lambda s: s.index(b"\xff\x4f\xff\x51") + 8, ">II"),
    "a.jpg": jpeg,
    "a.png": png,
    "deep.png": lambda: png(depth=16, colour=6),
    "a.tif": tiff,
    "deep.tif": lambda: tiff(_258=16, _277=3, _262=2),
    "tile.tif": lambda: tiff(_256=64, _257=64, _322=1 << 15, _323=1 << 15, _324=8, _325=1000),
}


def test_they_are_refused_before_they_take_memory(tmp_path: Path) -> None:
    small = written(dataset(stored()), tmp_path)
    paths = [small]
    for name, make in BOMBS.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(make())
        assert paths[-1].stat().st_size < 10 << 20
    found = measured(paths)
    assert found.pop(small.name)[1] == ""
    assert {name: taken for name, (taken, _) in found.items() if taken > MOST} == {}
    assert [name for name, (_, said) in found.items() if not said] == []


def test_too_few_bytes_for_a_picture(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.tif", "jpeg.dcm", "rle-large.dcm"):
        path = tmp_path / name
        path.write_bytes(BOMBS[name]())
        assert "bytes cannot hold a picture of 10000 x 10000 pixels" in problem(path)
    decoded.check_packed(2000, 2000, 16, 100)  # blank and cheap
    with pytest.raises(RadiographError, match="of 128 bits is past the limit of 800 MB"):
        decoded.check_packed(SIDE, SIDE, 128, 1 << 30)


def test_a_large_tile_round_a_small_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(BOMBS["tile.tif"]())
    assert "tiles are far larger" in problem(path)


def test_runs_are_counted() -> None:
    header = struct.pack("<16I", 2, 64, 68, *[0] * 13)
    frame = header + b"\x81\0\x80\0" + b"\x01ab" + b"\x81\0"
    rle.check(frame, 130)
    with pytest.raises(RadiographError, match="more than its tags allow"):
        rle.check(frame, 1)
    rle.check(b"", 1)


@settings(max_examples=100, deadline=None)
@given(segment=st.binary(min_size=2, max_size=60), most=st.integers(0, 300))
def test_no_segment_becomes_longer_than_what_is_counted(segment: bytes, most: int) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + segment
    try:
        rle.check(frame, most)
    except RadiographError:
        return
    assert len(_rle_decode_segment(segment)) <= most + 128


@given(data=st.binary(max_size=80), start=st.sampled_from([b"", b"\xff\xd8", b"\0\0\0\x0cjP  "]))
def test_what_is_hardly_a_stream_is_looked_at_safely(data: bytes, start: bytes) -> None:
    found = codestream.header(start + data)
    assert start or found is None or data.startswith((b"\xff\xd8", b"\xff\x4f"))


def test_all_components_count(tmp_path: Path) -> None:
    rgb = np.dstack([stored(8)] * 3)
    ok, buffer = cv2.imencode(".jp2", rgb)
    assert ok
    stream = buffer.tobytes()
    height, width = stored(8).shape
    assert codestream.header(stream) == (width, height, 8, 3)
    # What another box holds is not the stream.
    fake = struct.pack(">I4s", 8 + 60, b"uuid") + stream[stream.index(b"\xff\x4f\xff\x51") :][:60]
    assert codestream.header(stream[:12] + fake + stream[12:]) == (width, height, 8, 3)
    made = put(stream, JPEG2000Lossless)
    made.Rows, made.Columns = height, width
    assert "differ about the picture" in problem(written(made, tmp_path))
