"""Which files are found in folders."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sharp_cli.inference import patches
from sharp_cli.results import overlay
from sharp_cli.scoring.discover import Found, discover
from tests.dicom_files import dataset, stored
from tests.fakes import paint


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(found: Found) -> list[str]:
    return [radiograph.file for radiograph in found.radiographs]


def test_folders_are_searched_at_any_depth_in_the_order_of_names() -> None:
    for name in ("a/z.png", "a/b/c/d.png", "a/b/a.png", "a.png", "a/B.png"):
        paint(Path(name))
    dataset(stored()).save_as("a/b/IM0001", enforce_file_format=True)
    found = discover(["a/", "a.png"])
    assert files(found) == ["a/B.png", "a/b/IM0001", "a/b/a.png", "a/b/c/d.png", "a/z.png", "a.png"]
    assert found.radiographs[1].header.study_key is not None
    assert not found.named


def test_what_is_no_picture_is_passed_over_and_counted() -> None:
    paint(Path("a/x.png"))
    paint(Path("a/.hidden.png"))
    paint(Path("a/.thumbnails/x.png"))
    for name in ("notes.txt", "empty", "DICOMDIR"):
        Path("a", name).touch()
    dataset(stored()).save_as("a/DICOMDIR", enforce_file_format=True)
    os.mkfifo("a/pipe")
    found = discover(["a"])
    assert files(found) == ["a/x.png"]
    assert found.others == 5
    assert not found.failures


def test_a_named_file_is_taken_whatever_it_is() -> None:
    Path("x.txt").touch()
    found = discover(["x.txt", "missing.png"])
    assert files(found) == ["x.txt", "missing.png"]
    assert found.named


def test_patterns_are_for_shells_that_do_not_expand_them() -> None:
    for name in ("a/1.png", "a/b/2.png", "c/3.png", "x[1].png"):
        paint(Path(name))
    assert files(discover(["a/*.png"])) == ["a/1.png"]
    assert files(discover(["*/*.png"])) == ["a/1.png", "c/3.png"]
    assert files(discover(["*/*/[23].png", "c/[!1].png"])) == ["a/b/2.png", "c/3.png"]
    assert files(discover(["?"])) == ["a/1.png", "a/b/2.png", "c/3.png"]
    assert files(discover(["x[1].png", "no*.png"])) == ["x[1].png", "no*.png"]


def test_links_are_followed_once() -> None:
    paint(Path("a/b/x.png"))
    Path("a/b/up").symlink_to("..")
    Path("a/self").symlink_to("self")
    Path("a/y.png").symlink_to("b/x.png")
    Path("a/lost.png").symlink_to("nowhere")
    paint(Path("elsewhere/z.png"))
    Path("a/out").symlink_to("../elsewhere")
    found = discover(["a"])
    assert files(found) == ["a/b/x.png", "a/lost.png", "a/out/z.png", "a/self"]
    (warning,) = found.warnings
    assert (warning.file, warning.message) == ("a/y.png", "the same file as a/b/x.png; read once")


def test_a_folder_that_cannot_be_read_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    paint(Path("a/x.png"))
    paint(Path("b/x.png"))
    original: Any = os.scandir

    def scandir(path: str) -> Any:
        if path == "a":
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = discover(["a", "b"])
    assert files(found) == ["b/x.png"]
    (failure,) = found.failures
    assert (failure.file, failure.error) == ("a", "InputError")
    assert "Permission denied" in failure.reason


def test_a_named_folder_without_radiographs_is_a_failure() -> None:
    paint(Path("a/x.png"))
    Path("a/empty").mkdir()
    assert not discover(["a"]).failures
    found = discover(["a/empty", "a", "a/../a"])
    assert files(found) == ["a/x.png"]
    (failure,) = found.failures
    assert failure.reason.startswith("a/empty: holds no radiographs")


def test_results_are_not_taken_for_radiographs() -> None:
    paint(Path("a/x.png"))
    paint(Path("a/results/x/overlay.png"))
    Path("a/results/run.json").write_text('{"schema": "sharp-run/1"}')
    paint(Path("a/theirs/x.png"))
    Path("a/theirs/run.json").write_text('{"seed": 1}')
    assert files(discover(["a"])) == ["a/theirs/x.png", "a/x.png"]


def test_what_sharp_wrote_is_no_radiograph() -> None:
    paint(Path("a/x.png"))
    paint(Path("a/overlay-x.png"))
    picture = Image.new("RGB", (99, 99))
    Path("a/mine.png").write_bytes(overlay.to_png(picture))
    Path("a/patch.png").write_bytes(patches.to_png(np.zeros((99, 99), np.uint16)))
    found = discover(["a"])
    assert files(found) == ["a/overlay-x.png", "a/x.png"]
    written = "written by sharp, as overlays and patches are"
    assert [(row.file, row.message) for row in found.warnings] == [
        ("a/mine.png", f"{written}, and skipped"),
        ("a/overlay-x.png", "named like an overlay of sharp; check that it is a radiograph"),
        ("a/patch.png", f"{written}, and skipped"),
    ]
    found = discover(["a/mine.png"])
    assert files(found) == ["a/mine.png"]
    assert [row.message for row in found.warnings] == [written]


def test_a_thousand_other_files_take_no_time() -> None:
    for number in range(1000):
        path = Path(f"a/{number % 10}/{number}.txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * (number % 3))
    begun = time.perf_counter()
    found = discover(["a"])
    assert (files(found), found.others) == ([], 1000)
    assert len(found.failures) == 1
    assert time.perf_counter() - begun < 2
