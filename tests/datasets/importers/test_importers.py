"""What holds of every dataset."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import pytest

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.datasets.patient_folds import read_folds, roles
from sharp_cli.scoring.manifest import read_manifest
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import H1200_BOXES, MAKE, READ, W600_SCORES

H1200_TRAIN: Final = "SvdH_Scoring/SvdH_BE_Scoring/train/_annotation_be_scores.json"

BROKEN: Final[dict[str, tuple[str, str, str]]] = {
    "bad JSON of RAM-H1200": ("ram-h1200", H1200_TRAIN, "{"),
    "a list for RAM-H1200": ("ram-h1200", H1200_TRAIN, "[]"),
    "deep JSON": ("ram-h1200", H1200_TRAIN, "[" * 100_000),
    "bad JSON of boxes": ("ram-h1200", H1200_BOXES, "{"),
    "other columns of patients": ("ram-h1200", "Metadata.csv", "stem,patient\n"),
    "bad JSON of RAM-W600": ("ram-w600", W600_SCORES, "[1,"),
    "an object for RAM-W600": ("ram-w600", W600_SCORES, "{}"),
    "no joints of RA2-DREAM": ("ra2-dream", "training.csv", "Patient_ID,LF_mtp_E__1\nUAB1,0\n"),
    "no patients of RA2-DREAM": ("ra2-dream", "training.csv", "Patient,LH_mcp_E__ip\nUAB1,0\n"),
    "other columns of ARISE-2025": ("arise-2025", "scores.csv", "patient_id,score\n1,2\n"),
    "other columns of boxes": ("arise-2025", "bboxes.csv", "patient_id,x,y\n1,2,3\n"),
    "bad JSON of a split": ("arise-2025", "train_val_split.json", "train"),
}


@pytest.mark.parametrize("name", ["ram-h1200", "ram-w600", "arise-2025"])
def test_an_official_split_is_three_folds(name: str, tmp_path: Path) -> None:
    folder, out, _ = imported(name, tmp_path)
    patients = {one.patient for one in checked(folder, out)}
    folds = read_folds(out / "folds.csv", patients, 3)
    official = roles(folds, 1, 3)
    assert [len(people) for people in official] == [2, 1, 1]
    assert {int(person[-1]) for person in official.training} == {1, 2}
    assert {int(person[-1]) for person in official.test} == {4}


def test_manifests_lead_to_the_radiographs(tmp_path: Path) -> None:
    shown = {"ram-h1200": {"left", "right"}, "ra2-dream": {"left", "right"}, "arise-2025": set()}
    for name, sides in shown.items():
        _, out, _ = imported(name, tmp_path / name)
        groups = read_manifest(out / "manifest.csv")
        assert len(groups) == 4
        for group in groups:
            assert set(group.sides.values()) == sides
            assert len(group.files) == (len(sides) or 1)
            with (out / "manifest.csv").open() as file:
                paths = {row["path"] for row in csv.DictReader(file)}
            assert all((out / path).is_file() for path in paths)


def test_a_manifest_behind_a_link_leads_to_the_radiographs(tmp_path: Path) -> None:
    folder, real = tmp_path / "download", tmp_path / "deep" / "down"
    real.mkdir(parents=True)
    (tmp_path / "made").symlink_to(real)
    MAKE["ra2-dream"](folder)
    write_tables(READ["ra2-dream"](folder), folder, tmp_path / "made")
    for group in read_manifest(tmp_path / "made" / "manifest.csv"):
        assert all(Path(file).is_file() for file in group.files)


def test_labels_are_not_overwritten(tmp_path: Path) -> None:
    folder, out, _ = imported("ram-w600", tmp_path)
    with pytest.raises(UsageError, match=r"labels\.csv: is there already; choose a new folder"):
        write_tables(READ["ram-w600"](folder), folder, out)


@pytest.mark.parametrize("name", MAKE)
def test_an_empty_folder_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=str(tmp_path)):
        READ[name](tmp_path)


@pytest.mark.parametrize("name", BROKEN)
def test_files_of_another_form_are_errors_that_name_them(name: str, tmp_path: Path) -> None:
    dataset, file, content = BROKEN[name]
    MAKE[dataset](tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(DocumentError, match=f"^{tmp_path / file}: "):
        READ[dataset](tmp_path)
