"""`sharp import`: what it writes, says and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sharp_cli.datasets.labels import read_labels
from tests.datasets.importers.trees import MAKE, W600_SCORES, change

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

LABELS = {
    "ram-h1200": 248,
    "ram-w600": 48,
    "ra2-dream": 248,
    "arise-2025": 160,
}
FILES = {
    "ram-h1200": "joints.csv, folds.csv, manifest.csv, labels.csv",
    "ram-w600": "folds.csv, labels.csv",
    "ra2-dream": "manifest.csv, labels.csv",
    "arise-2025": "joints.csv, readers.csv, folds.csv, manifest.csv, labels.csv",
}


@pytest.mark.parametrize("name", MAKE)
def test_a_whole_dataset_gives_no_warning(name: str, sharp: Sharp, tmp_path: Path) -> None:
    MAKE[name](tmp_path / "download")
    done = sharp("import", name, "download", "--out", "made")
    assert (done.code, done.out) == (0, b"")
    files = FILES[name]
    counts = f"patients: 4, studies: 4, labels: {LABELS[name]}"
    assert done.err == f"done: {files} are in made ({counts}); use them with --images download\n"
    assert {path.name for path in (tmp_path / "made").iterdir()} == {*files.split(", ")}
    assert len(read_labels(tmp_path / "made" / "labels.csv").joints) == LABELS[name]


def test_help_names_the_datasets(sharp: Sharp) -> None:
    text = sharp("import", "--help").out.decode()
    for name in MAKE:
        assert name in text
        assert "--out" in sharp("import", name, "--help").out.decode()


def test_warnings_are_one_a_kind_and_name_twenty_places(sharp: Sharp, tmp_path: Path) -> None:
    MAKE["ram-w600"](tmp_path / "download")

    def damage(wrists: list[dict[str, dict[str, int]]]) -> None:
        for wrist in wrists:
            wrist["joints"].update(Hamate=0, Pisiform=0, Triquetrum=0)

    change(tmp_path / "download" / W600_SCORES, damage)
    done = sharp("import", "ram-w600", "download", "--out", "made")
    assert done.code == 0
    warning, finished = done.err.splitlines()
    assert warning.startswith("warning: 0001_0001_L Hamate, 0001_0001_L Pisiform, ")
    assert warning.endswith(" and 4 more: no joint that is scored for erosion; excluded")
    assert finished.startswith("done: ")


def test_nothing_that_could_be_used_is_an_error(sharp: Sharp, tmp_path: Path) -> None:
    path = tmp_path / "download" / W600_SCORES
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([{"identifier": "0001_0001_L", "joints": {"Lunate": 1}}]))
    done = sharp("import", "ram-w600", "download", "--out", "made")
    assert done.code == 1
    assert "all of it: no score could be used" in done.err
    assert "0001_0001_L: has no folder of patches in train, val or test; excluded" in done.err
    assert not (tmp_path / "made").exists()


def test_labels_that_are_there_already_are_wrong_usage(sharp: Sharp, tmp_path: Path) -> None:
    MAKE["ram-w600"](tmp_path / "download")
    sharp("import", "ram-w600", "download", "--out", "made")
    done = sharp("import", "ram-w600", "download", "--out", "made")
    assert done.code == 2
    assert done.err == "error: made/labels.csv: is there already; choose a new folder\n"


def test_a_missing_download_is_wrong_usage(sharp: Sharp) -> None:
    done = sharp("import", "ram-w600", "nowhere", "--out", "made")
    assert done.code == 2
    assert "'nowhere' does not exist" in done.err


def test_a_folder_that_cannot_be_written_is_4(sharp: Sharp, tmp_path: Path) -> None:
    MAKE["ram-w600"](tmp_path / "download")
    (tmp_path / "made").write_text("a file")
    done = sharp("import", "ram-w600", "download", "--out", "made")
    assert done.code == 4
    assert "made" in done.err
