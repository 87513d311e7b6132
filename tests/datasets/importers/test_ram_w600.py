"""RAM-W600: from a synthetic download to tables, and what is said of damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.datasets.patient_folds import read_folds
from tests.datasets.importers.damage import Damage, check, edit, moved, removed
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import BONES, MAKE, READ, W600, W600_SCORES, grade, patch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def wrist(**change_to: object) -> Callable[[Path], object]:
    """Change RAM-W600's first wrist."""
    return edit(W600_SCORES, lambda wrists: wrists[0].update(change_to))


DAMAGES: Final[dict[str, Damage]] = {
    "bone without its patch": Damage(
        removed(f"{W600}/train/0001_0001_L/Lunate.bmp"),
        "0001_0001_L Lunate",
        "there is no patch; excluded",
        1,
    ),
    "patch without its bone": Damage(
        lambda folder: patch(folder / W600 / "val" / "0003_0001_L" / "Hamate.bmp"),
        f"{W600}/val/0003_0001_L/Hamate.bmp",
        "a patch without a score",
        0,
    ),
    "unknown bone": Damage(
        edit(W600_SCORES, lambda wrists: wrists[0]["joints"].update(Hamate=1)),
        "0001_0001_L Hamate",
        "no joint that is scored for erosion; excluded",
        0,
    ),
    "duplicate identifiers": Damage(
        edit(W600_SCORES, lambda wrists: wrists.append(wrists[0])),
        "0001_0001_L",
        "stands twice; the first is taken",
        0,
    ),
    "identifier without side": Damage(
        wrist(identifier="0001_0001"),
        "0001_0001",
        "does not end in a side, as 0172_0003_L; excluded",
        6,
    ),
    "identifier that leaves the folder": Damage(
        wrist(identifier="../0001_0001_L"),
        "../0001_0001_L",
        "does not end in a side, as 0172_0003_L; excluded",
        6,
    ),
    "identifier a number": Damage(
        wrist(identifier=1),
        "JointBE_SvdH_GT.json no. 1",
        "has no identifier and joints; excluded",
        6,
    ),
    "wrist without patches": Damage(
        wrist(identifier="0009_0001_L"),
        "0009_0001_L",
        "has no folder of patches in train, val or test; excluded",
        6,
    ),
    "patches of a wrist without scores": Damage(
        edit(W600_SCORES, lambda wrists: wrists.pop(0)),
        f"{W600}/train/0001_0001_L",
        "patches without scores",
        6,
    ),
    "unknown folder of patches": Damage(
        lambda folder: patch(folder / W600 / "extra" / "0009_0001_L" / "Lunate.bmp"),
        "extra",
        "is no part of the split, train, val or test; excluded",
        0,
    ),
    "part without patients": Damage(
        lambda folder: [
            moved(f"{W600}/val/{name}", f"{W600}/test/{name}")(folder)
            for name in ("0003_0001_L", "0003_0001_R")
        ],
        "val",
        "this part of the split has no patient; no folds.csv",
        0,
    ),
}


def test_ram_w600(tmp_path: Path) -> None:
    folder, out, files = imported("ram-w600", tmp_path)
    assert files == ["folds.csv", "labels.csv"]
    labels = checked(folder, out)
    assert len(labels) == 8 * 6
    assert {one.finding for one in labels} == {"erosion"}
    first = labels[:6]
    assert [one.joint for one in first] == list(BONES.values())
    assert [one.grade for one in first] == [grade(n, 6) for n in range(6)]
    assert {(one.patient, one.study, one.side) for one in first} == {("0001", "0001_0001", "left")}
    assert first[1].patch == f"{W600}/train/0001_0001_L/Trapzium.bmp"


def test_a_patient_in_two_parts_stays_together(tmp_path: Path) -> None:
    MAKE["ram-w600"](tmp_path)
    home = tmp_path / W600
    (home / "train" / "0002_0001_R").rename(home / "test" / "0002_0001_R")
    cohort = READ["ram-w600"](tmp_path)
    write_tables(cohort, tmp_path, tmp_path / "made")
    patients = {score.patient for score in cohort.scores}
    assert read_folds(tmp_path / "made" / "folds.csv", patients, 3)["0002"] == 3
    assert [*cohort.remarks] == [
        ("patient 0002", "is in train and test; all of it is counted as train")
    ]


def test_scores_twice_are_no_dataset(tmp_path: Path) -> None:
    MAKE["ram-w600"](tmp_path / "a")
    MAKE["ram-w600"](tmp_path / "b")
    with pytest.raises(DocumentError, match=r"JointBE_SvdH_GT\.json is in it more than once"):
        READ["ram-w600"](tmp_path)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_said_and_the_rest_is_taken(name: str, tmp_path: Path) -> None:
    check(DAMAGES[name], "ram-w600", 48, tmp_path)
