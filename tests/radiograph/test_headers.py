"""What kind of file one is, and what its header says."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sharp_cli.core.about import MAKER, NAME
from sharp_cli.radiograph import headers
from sharp_cli.radiograph.headers import NO_HEADER, Header, read_header
from sharp_cli.radiograph.tags import OWN_SALT
from tests.dicom_files import dataset, stored

if TYPE_CHECKING:
    from typing_extensions import Buffer


def dicom(path: Path, **tags: Any) -> str:
    dataset(stored(), **tags).save_as(path, enforce_file_format=True)
    return str(path)


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "bmp"])
def test_pictures_are_known_by_their_content(tmp_path: Path, kind: str) -> None:
    Image.fromarray(np.zeros((80, 80), np.uint8)).save(tmp_path / f"x.{kind}")
    (tmp_path / f"x.{kind}").rename(tmp_path / "x.txt")
    assert read_header(str(tmp_path / "x.txt")) == NO_HEADER


@pytest.mark.parametrize(
    "content",
    [b"", b"BMI,age\n22,60\n" * 20, b"%PDF-1.7 " * 99, b"\x08\0 no tags", bytes(4096), b"GIF89a"],
)
def test_other_files_are_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    assert read_header(str(path)) is None


@pytest.mark.parametrize("name", ["x.dcm", "x.JPG", "x.tiff"])
@pytest.mark.parametrize("content", [b"", b"<!doctype html>", bytes(4096), b"\x08\0 no tags"])
def test_what_is_called_like_a_picture_is_left_to_its_reader(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert read_header(str(path)) == NO_HEADER


def test_a_dicom_header_gives_opaque_keys(tmp_path: Path) -> None:
    one = read_header(dicom(tmp_path / "1", StudyDate="20200101", Laterality="L"))
    same = read_header(dicom(tmp_path / "2", StudyDate="20200101", Laterality="R"))
    other = read_header(dicom(tmp_path / "3", StudyInstanceUID="9", StudyDate="20200102"))
    assert one is not None
    assert same is not None
    assert other is not None
    assert (one.side, same.side, other.side) == ("left", "right", None)
    assert one.study_key == same.study_key != other.study_key
    assert one.patient_key == same.patient_key == other.patient_key
    assert one.day_key == same.day_key != other.day_key
    assert len({one.study_key, one.patient_key, one.day_key}) == 3
    assert one.day is not None
    assert other.day == one.day + 1
    for value in ("SECRET", "1.2.3", "2020"):
        assert value not in str(one)


def test_keys_mean_nothing_to_another_process(tmp_path: Path) -> None:
    path = dicom(tmp_path / "x")
    mine = read_header(path)
    assert mine is not None
    script = (
        "import sys; from sharp_cli.radiograph.headers import read_header; "
        "print(read_header(sys.argv[1]).patient_key)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() not in ("None", mine.patient_key)


def test_a_day_needs_a_patient_and_a_date(tmp_path: Path) -> None:
    for number, tags in enumerate(({}, {"PatientID": "", "StudyDate": "20200101"})):
        found = read_header(dicom(tmp_path / str(number), **tags))
        assert found is not None
        assert found.day_key is None
        assert (found.day is None) == (not tags)


def test_one_without_preamble_is_known(tmp_path: Path) -> None:
    made = dataset(stored())
    made.preamble = None
    made.save_as(tmp_path / "x", enforce_file_format=False)
    found = read_header(str(tmp_path / "x"))
    assert found is not None
    assert found.study_key is not None


def test_reports_and_directories_are_no_pictures(tmp_path: Path) -> None:
    report = dataset(stored(), Modality="SR", Rows=None, Columns=None)
    del report.PixelData
    report.save_as(tmp_path / "x", enforce_file_format=True)
    assert read_header(str(tmp_path / "x")) is None
    directory = dataset(stored(), SOPClassUID="1.2.840.10008.1.3.10", Modality=None, Rows=None)
    directory.save_as(tmp_path / "x", enforce_file_format=True)
    assert read_header(str(tmp_path / "x")) is None


def test_what_sharp_gave_to_an_archive_is_no_radiograph(tmp_path: Path) -> None:
    tags = {"Manufacturer": MAKER, "ManufacturerModelName": NAME}
    assert read_header(dicom(tmp_path / "overlay", **tags)) is None
    assert read_header(dicom(tmp_path / "film", **(tags | {"Manufacturer": "Another"}))) is not None


def test_a_cut_off_radiograph_is_left_to_its_reader(tmp_path: Path) -> None:
    path = Path(dicom(tmp_path / "x", Rows=None, Columns=None))
    assert read_header(str(path)) is not None
    content = path.read_bytes()
    for length in (132, 200, 300, 400, 500):
        path.write_bytes(content[:length])
        assert read_header(str(path)) is not None
    assert read_header(str(tmp_path / "missing")) == NO_HEADER


def test_a_deflated_file_is_like_any_other(tmp_path: Path) -> None:
    made = dataset(stored())
    made.save_as(tmp_path / "plain", enforce_file_format=True)
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.save_as(tmp_path / "deflated", enforce_file_format=True)
    plain = read_header(str(tmp_path / "plain"))
    assert plain != NO_HEADER
    assert read_header(str(tmp_path / "deflated")) == plain


class _Watched(io.BytesIO):
    furthest = 0

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        self.furthest = max(self.furthest, self.tell())
        return content

    def readinto(self, buffer: Buffer) -> int:
        count = super().readinto(buffer)
        self.furthest = max(self.furthest, self.tell())
        return count


def test_no_pixels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    dataset(np.tile(stored(), (40, 40))).save_as(path, enforce_file_format=True)
    stream = _Watched(path.read_bytes())
    assert isinstance(headers._header(stream, None, OWN_SALT), Header)
    assert 0 < stream.furthest < 20_000 < len(stream.getvalue()) // 100


def test_who_issued_an_identifier_is_told_apart_from_it(tmp_path: Path) -> None:
    issuers = ("A", "B", None)
    one, other, none = (
        read_header(dicom(tmp_path / str(at), PatientID=f" P{' ' * at}", IssuerOfPatientID=issuer))
        for at, issuer in enumerate(issuers)
    )
    assert one is not None
    assert other is not None
    assert none is not None
    assert one.patient_key == other.patient_key == none.patient_key
    assert one.issuer_key != other.issuer_key
    assert none.issuer_key is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    for file in (str(tmp_path / "pipe.dcm"), "/dev/zero"):
        assert read_header(file) is NO_HEADER
