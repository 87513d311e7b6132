"""What is there twice is read once, and both files are named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from pydicom.uid import JPEGLSLossless

from sharp_cli.radiograph import headers
from sharp_cli.scoring.copies import without_copies
from sharp_cli.scoring.discover import RadiographFile, header_of
from tests.dicom_files import dataset, stored
from tests.fakes import paint

if TYPE_CHECKING:
    from pathlib import Path


def kept(*files: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """The names of those that are read, and those of the others with their warnings."""
    found, warnings = without_copies([RadiographFile(str(f), header_of(str(f))) for f in files])
    shown = [(row.file, row.message) for row in warnings]
    folder = f"{files[0].parent}/"
    return (
        [one.file.removeprefix(folder) for one in found],
        [(file.removeprefix(folder), text.replace(folder, "")) for file, text in shown],
    )


def test_of_the_same_bytes_the_first_is_read(tmp_path: Path) -> None:
    one, other = paint(tmp_path / "a.png"), paint(tmp_path / "b.png")
    copies = [tmp_path / "a (copy).png", tmp_path / "z.png"]
    for copy in copies:
        shutil.copy(one, copy)
    assert kept(one, copies[0], other, copies[1]) == (
        ["a.png", "b.png"],
        [("a (copy).png", "a copy of a.png; read once"), ("z.png", "a copy of a.png; read once")],
    )


def test_the_same_object_with_the_same_picture_is_read_once(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c", "d")]
    made = dataset(stored(), SOPInstanceUID="1.2.3.9")
    made.save_as(paths[0], enforce_file_format=True)
    made.compress(JPEGLSLossless, generate_instance_uid=False)
    made.save_as(paths[1], enforce_file_format=True)
    dataset(stored()[:, ::-1].copy(), SOPInstanceUID="1.2.3.9").save_as(paths[2])
    dataset(stored()).save_as(paths[3])
    names, warnings = kept(*paths)
    assert names == ["a", "c", "d"]
    assert [file for file, _ in warnings] == ["b", "c"]
    assert "the same object as a by its SOPInstanceUID" in warnings[0][1]
    assert "has the SOPInstanceUID of a, and another picture; both are read" in warnings[1][1]


def test_one_identifier_for_all_files_of_an_archive_is_none(tmp_path: Path) -> None:
    paths = [tmp_path / str(at) for at in range(13)]
    for at, path in enumerate(paths):
        dataset(stored(), SOPInstanceUID="1.2.3.9", PatientComments="x" * at).save_as(path)
    assert kept(*paths) == ([path.name for path in paths], [])


def test_only_what_may_be_a_copy_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [paint(tmp_path / f"{at}.png") for at in range(3)]
    for at, file in enumerate(files):
        file.write_bytes(file.read_bytes() + b"x" * 1000 * at)
    for number in (1, 2):
        dataset(stored()).save_as(tmp_path / f"{number}.dcm")
        files.append(tmp_path / f"{number}.dcm")
    found = [RadiographFile(str(f), header_of(str(f))) for f in files]
    monkeypatch.setattr("sharp_cli.radiograph.file_sha256", pytest.fail)
    monkeypatch.setattr("sharp_cli.radiograph.read", pytest.fail)
    assert without_copies(found) == (found, [])


def test_what_cannot_be_read_is_no_copy(tmp_path: Path) -> None:
    gone = [RadiographFile(str(tmp_path / name), headers.NO_HEADER) for name in "ab"]
    assert without_copies(gone) == (gone, [])
