"""A cohort on disk: the same for the same seed, whole, and readable by what reads radiographs."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.core.joints import POINTS, SIDES
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.radiograph import read
from sharp_cli.synthetic.phantom import archive
from sharp_cli.synthetic.phantom.archive import TABLES, write_cohort
from sharp_cli.synthetic.phantom.cohort import cohort
from sharp_cli.synthetic.phantom.severity import Correlations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sharp_cli.synthetic.phantom.cohort import Patient

# One study of site 4 (both hands on an inverted film), then two of site 9 (a film a hand).
SEED = 47
STUDIES = ["PHANTOM-0001/1", "PHANTOM-0002/1", "PHANTOM-0002/2"]
IMAGES = [
    "PHANTOM-0001/1/both.dcm",
    *(f"PHANTOM-0002/{visit}/{side}.dcm" for visit in (1, 2) for side in SIDES),
]


def write(folder: Path, workers: int = 2, *, patients: int = 2) -> list[str]:
    told: list[str] = []
    write_cohort(
        folder, patients=patients, seed=SEED, workers=workers, on_progress=told.append, shrink=10
    )
    return told


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    assert write(folder) == STUDIES
    return folder


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_workers_change_nothing(drawn: Path, tmp_path: Path) -> None:
    assert write(tmp_path, 1) == STUDIES
    assert contents(tmp_path) == contents(drawn)
    assert set(contents(drawn)) == {*IMAGES, *TABLES}


def test_the_first_patient_is_the_same_alone(drawn: Path, tmp_path: Path) -> None:
    write(tmp_path, 1, patients=1)
    assert contents(tmp_path)[IMAGES[0]] == contents(drawn)[IMAGES[0]]
    joints = [row for row in table(drawn, "joints.csv") if row["image"] == IMAGES[0]]
    assert table(tmp_path, "joints.csv") == joints


def test_labels_are_the_plans(drawn: Path) -> None:
    written = {
        (row["study"], row["hand"], row["finding"], row["joint"]): int(row["grade"])
        for row in table(drawn, "labels.csv")
    }
    assert written == {
        (f"{patient.id}-{study.number}", *key): grade
        for patient in cohort(SEED, 2)
        for study in patient.studies
        for key, grade in study.grades.items()
    }
    assert {row["image"] for row in table(drawn, "labels.csv")} == set(IMAGES)


def test_every_hand_has_its_joints_in_the_picture(drawn: Path) -> None:
    hands = read_annotations(drawn / "joints.csv")
    sides = [(IMAGES[0], side) for side in SIDES]
    sides += [(image, side) for image in IMAGES[1:] for side in SIDES if side in image]
    assert [(hand.image, hand.side) for hand in hands] == sides
    for hand in hands:
        assert set(hand.points) == set(POINTS)
        height, width = read(drawn / hand.image).pixels.shape
        assert (width, height) == ((250, 200) if "both" in hand.image else (200, 250))
        places = hand.positions()
        assert (places > 0).all()
        assert (places < (width - 1, height - 1)).all()
    left, right = (hand.points["MCP3"][0] for hand in hands[:2])
    assert left < right


def test_a_persons_bones_are_as_long_at_every_visit(drawn: Path) -> None:
    hands = read_annotations(drawn / "joints.csv")[2:]
    spacing = read(drawn / IMAGES[1]).spacing
    assert spacing is not None
    for hand in hands:
        assert hand.phalanx == pytest.approx(hands[0].phalanx, rel=0.02)
        assert 36 <= hand.phalanx * spacing.height <= 46


@pytest.mark.parametrize("image", IMAGES)
def test_pictures_are_read_bones_bright_with_side_and_spacing(drawn: Path, image: str) -> None:
    seen = read(drawn / image)
    assert not seen.warnings
    assert seen.side == next((side for side in SIDES if side in image), None)
    assert seen.spacing is not None
    assert seen.spacing.height == pytest.approx(1.7 if "both" in image else 1.2, abs=0.06)
    knuckles = [
        (hand.points[f"MCP{n}"], hand.points[f"PIP{n}"])
        for hand in read_annotations(drawn / "joints.csv")
        if hand.image == image
        for n in range(2, 6)
    ]
    shafts = np.array(knuckles).mean(axis=1).round().astype(int)
    assert seen.pixels[shafts[:, 1], shafts[:, 0]].mean() > np.median(seen.pixels) + 0.1


def test_the_manifest_names_every_picture(drawn: Path) -> None:
    rows = table(drawn, "manifest.csv")
    assert [row["path"] for row in rows] == IMAGES
    assert [row["hand"] for row in rows] == ["", *SIDES, *SIDES]
    assert [row["study"] for row in rows][:2] == ["PHANTOM-0001-1", "PHANTOM-0002-1"]
    _, patient = cohort(SEED, 2)
    last = patient.studies[-1]
    assert rows[-1] == {
        "study": f"{patient.id}-2",
        "patient": patient.id,
        "hand": "right",
        "path": IMAGES[-1],
        "date": last.date.isoformat(),
        "age": str(int(last.age)),
        "sex": patient.sex,
        "site": str(patient.site),
        "duration": f"{last.duration:.1f}",
    }


def test_another_cohort_is_not_mixed_in(drawn: Path, tmp_path: Path) -> None:
    before = contents(drawn)
    with pytest.raises(UsageError, match=r"is not empty; choose a new folder$"):
        write(drawn)
    assert contents(drawn) == before
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match="is not empty"):
        write(tmp_path)


class Stopped(Exception):  # noqa: N818
    pass


def stop_after(studies: int) -> Callable[[str], None]:
    told: list[str] = []

    def tell(name: str) -> None:
        told.append(name)
        if len(told) == studies:
            raise Stopped

    return tell


def test_an_interrupted_run_leaves_whole_pictures_and_is_repeated(
    drawn: Path, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        write_cohort(
            tmp_path, patients=2, seed=SEED, workers=1, on_progress=stop_after(1), shrink=10
        )
    left, whole = contents(tmp_path), contents(drawn)
    pictures = {name: file for name, file in left.items() if name.endswith(".dcm")}
    assert pictures
    assert pictures.items() <= whole.items()
    assert set(left) == {".unfinished", *pictures}
    with pytest.raises(UsageError, match="interrupted there, --patients 2 --seed 47"):
        write(tmp_path, patients=3)
    write(tmp_path)
    assert contents(tmp_path) == whole


def test_what_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / ".unfinished").write_text(f"--patients 2 --seed {SEED}")
    (tmp_path / "PHANTOM-0001").touch()
    with pytest.raises(OutputError, match="PHANTOM-0001"):
        write(tmp_path, 1)
    assert set(contents(tmp_path)) <= {".unfinished", "PHANTOM-0001", *IMAGES}


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made a folder"):
        write(tmp_path / "file")


def test_correlations_are_those_of_the_cohort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def nobody(*given: object) -> Iterator[Patient]:
        asked.append(given)
        return iter(())

    monkeypatch.setattr(archive, "cohort", nobody)
    alike = Correlations(fingers=0.7)
    write_cohort(
        tmp_path, patients=3, seed=5, workers=1, on_progress=lambda _: None, correlations=alike
    )
    assert asked == [(5, 3, alike)]
    assert (tmp_path / "labels.csv").read_text().count("\n") == 1
