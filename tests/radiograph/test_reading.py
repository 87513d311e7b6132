"""Files of any content are read or refused, and nothing is printed."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import reading
from sharp_cli.radiograph.headers import read_header
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph import raster_files
from tests.radiograph.files import HAND, problem, written
from tests.radiograph.raster_files import Tiff

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


IN_BULK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = dicom_files.dataset(stored())
    made.add_new("PatientAge", "LO", "SECRET AGE")
    path = written(made, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\x10\x00\x10\x10LO", b"\x10\x00\x10\x10AS")[:-50])
    problem(path)
    assert capfd.readouterr() == ("", "")


def test_the_size_comes_from_the_header(tmp_path: Path) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)
    assert radiograph.size(path) == HAND.shape[::-1]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RadiographError, match=r"a\.dcm: "):
        radiograph.size(path)
    Image.fromarray(np.zeros((90, 80), np.uint8)).save(tmp_path / "flat.png")
    assert radiograph.size(tmp_path / "flat.png") == (80, 90)
    with pytest.raises(RadiographError, match="no such file"):
        radiograph.size(tmp_path / "none.png")


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "no such file" in problem(tmp_path / "missing.dcm")
    assert "folder" in problem(tmp_path)
    assert "name" in problem(tmp_path / ("x" * 5000))
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in problem(tmp_path / "pipe")
    (tmp_path / "empty.png").touch()
    assert "empty" in problem(tmp_path / "empty.png")


@pytest.mark.parametrize("content", [b"a letter\n" * 300, b"\0" * 5000, b"x", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_picture(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    problem(path)


@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError, "permission"), (MemoryError, "memory"), (OSError, "read")],
)
def test_errors_of_the_system(
    error: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    assert words in problem(path)


def test_a_file_past_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1000)
    assert "limit" in problem(path)


def test_no_contrast(tmp_path: Path) -> None:
    flat = np.full((80, 80), 100, dtype=np.uint8)
    Image.fromarray(flat).save(tmp_path / "a.png")
    assert "no contrast" in problem(tmp_path / "a.png")
    assert "no contrast" in problem(written(dicom_files.dataset(flat, 8), tmp_path))


def seeds() -> list[bytes]:
    """Small valid files, one a format and syntax."""
    files = []
    for syntax in ("native", RLELossless, JPEGLSLossless, JPEG2000Lossless, "jpeg"):
        made = dicom_files.dataset(stored(8), 8, WindowCenter=100, WindowWidth=200)
        made.VOILUTSequence = Sequence([dicom_files.table(0, [*range(256)], 8)])
        if syntax == "jpeg":
            made = dicom_files.as_jpeg(made, JPEGBaseline8Bit)
        elif syntax != "native":
            made.compress(syntax, generate_instance_uid=False)
        buffer = io.BytesIO()
        made.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    for kind in ("PNG", "JPEG", "TIFF", "BMP"):
        buffer = io.BytesIO()
        Image.fromarray(stored(8)).save(buffer, kind)
        files.append(buffer.getvalue())
    deep = np.dstack([stored(16)] * 4)
    files += [raster_files.tiff(deep, Tiff(extra=2, deflate=True)), raster_files.png(deep, 6)]
    files.append(raster_files.tiff(deep[..., :3], Tiff(planar=True)))
    return files


SEEDS = seeds()


def read_or_refuse(content: bytes, folder: Path) -> None:
    path = folder / "a.dcm"
    path.write_bytes(content)
    try:
        found = radiograph.read(path)
    except RadiographError:
        return
    assert found.pixels.dtype == np.float32
    assert np.isfinite(found.pixels).all()
    assert found.pixels.min() >= 0
    assert found.pixels.max() <= 1


@IN_BULK
@given(
    start=st.sampled_from([b"", b"\0" * 128 + b"DICM", *(seed[:200] for seed in SEEDS)]),
    content=st.binary(max_size=2000),
)
def test_any_bytes(start: bytes, content: bytes, tmp_path: Path) -> None:
    read_or_refuse(start + content, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
@IN_BULK
@given(data=st.data())
def test_any_damage(seed: bytes, data: st.DataObject, tmp_path: Path) -> None:
    # Half of the damage goes into the headers, which are short and matter most.
    places = st.one_of(st.integers(0, len(seed) - 1), st.integers(0, min(1200, len(seed) - 1)))
    content = bytearray(seed)
    for place in data.draw(st.lists(places, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    read_or_refuse(
        bytes(content[: data.draw(st.sampled_from([len(seed), *range(0, len(seed), 97)]))]),
        tmp_path,
    )


def test_pillow_still_writes_after_the_import() -> None:
    """Libraries that bring their own zlib must not get into each other's way."""
    script = (
        "import io, sharp_cli.radiograph, numpy; from PIL import Image; "
        "Image.fromarray(numpy.eye(400, dtype='uint8')).save(io.BytesIO(), 'PNG')"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_radiograph_knows_what_file_it_is_and_what_object(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored(), SOPInstanceUID="1.2.3.4")
    path = written(made, tmp_path)
    read = radiograph.read(path)
    assert read.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read.sha256 == radiograph.file_sha256(path)
    assert read.object_sha256 == hashlib.sha256(b"1.2.3.4").hexdigest()
    assert read_header(str(path)).object_sha256 == read.object_sha256  # type: ignore[union-attr]
    picture = radiograph.picture_sha256(path)
    assert picture == hashlib.sha256(made.PixelData).hexdigest()
    made.PatientID = "OTHER"
    assert radiograph.picture_sha256(written(made, tmp_path)) == picture
    Image.fromarray(np.arange(9000, dtype=np.uint16).reshape(90, 100)).save(tmp_path / "a.png")
    flat = radiograph.read(tmp_path / "a.png")
    assert flat.sha256 == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    assert flat.object_sha256 is None
    assert radiograph.picture_sha256(tmp_path / "a.png") == flat.sha256
