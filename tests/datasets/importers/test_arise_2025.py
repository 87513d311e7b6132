"""ARISE-2025: from a synthetic download to tables, and what is said of damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.evaluation.cases import picture
from sharp_cli.evaluation.raters import read_readers
from tests.datasets.annotations.pictures import points
from tests.datasets.importers.damage import Damage, check, edit, removed, replaced
from tests.datasets.importers.imported import checked, imported
from tests.datasets.importers.trees import ARISE_JOINTS, MAKE, READ, change

if TYPE_CHECKING:
    from pathlib import Path

DAMAGES: Final[dict[str, Damage]] = {
    "expert without score": Damage(
        replaced("scores.csv", "erosion,3.0,2", "erosion,NaN,2"),
        "scores.csv line 3",
        "not scored",
        0,
    ),
    "expert's score out of range": Damage(
        replaced("scores.csv", "JSN,3.0,2", "JSN,5.0,2"),
        "scores.csv line 6",
        "score 5.0 is no grade of jsn, 0 to 4; excluded",
        0,
    ),
    "expert twice": Damage(
        replaced("scores.csv", "erosion,3.0,2", "erosion,3.0,1"),
        "scores.csv line 3",
        "the same expert's joint stands twice; the first is taken",
        0,
    ),
    "nameless expert": Damage(
        replaced("scores.csv", "erosion,3.0,2", "erosion,3.0,"),
        "scores.csv line 3",
        "no expert_id; excluded",
        0,
    ),
    "unknown disease": Damage(
        replaced("scores.csv", "erosion,3.0,2", "osteophytes,3.0,2"),
        "scores.csv line 3",
        "disease 'osteophytes' is neither JSN nor erosion; excluded",
        0,
    ),
    "unknown hand": Damage(
        replaced("scores.csv", ",left,PIP,2,erosion,3.0", ",both,PIP,2,erosion,3.0"),
        "scores.csv line 3",
        "hand 'both' is neither left nor right; excluded",
        0,
    ),
    "unknown joint": Damage(
        replaced("bboxes.csv", "scaphoid", "hamate"),
        "bboxes.csv line 12",
        "joint 'hamate' of finger '' is not known; excluded",
        0,
    ),
    "joint not scored for the finding": Damage(
        replaced("scores.csv", "scaphoid,,erosion,0.0", "scaphoid,,JSN,0.0"),
        "scores.csv line 59",
        "navicular is not scored for jsn; excluded",
        0,
    ),
    "unknown patient": Damage(
        replaced("scores.csv", ",1,left,PIP,2,erosion,3.0", ",,left,PIP,2,erosion,3.0"),
        "scores.csv line 3",
        "'' cannot name a patient; excluded",
        0,
    ),
    "no boxes": Damage(removed("bboxes.csv"), "bboxes.csv", "is not there: no joint positions", 0),
    "box outside": Damage(
        replaced("bboxes.csv", ",9,9", ",9,9\n0,1,left,MCP,2,500,20,9,9"),
        "bboxes.csv line 3",
        "the position is outside jpeg/1.jpeg (160 x 180); excluded",
        0,
    ),
    "box without numbers": Damage(
        replaced("bboxes.csv", ",9,9", ",9,9\n0,1,left,MCP,2,nan,20,9,9"),
        "bboxes.csv line 3",
        "the position has no numbers; excluded",
        0,
    ),
    "radiograph that is none": Damage(
        lambda folder: (folder / "jpeg/4.jpeg").write_bytes(b"not a picture"),
        "jpeg/4.jpeg",
        "it is no picture in a format that is read here; give a DICOM, PNG, JPEG, TIFF or BMP file",
        0,
    ),
    "no split": Damage(
        removed("train_val_split.json"),
        "train_val_split.json",
        "is not there: no official split",
        0,
    ),
    "unknown part": Damage(
        edit("train_val_split.json", lambda split: split.update(hidden=[9])),
        "train_val_split.json hidden",
        "is no list of train, val or test; excluded",
        0,
    ),
    "patient in no part": Damage(
        edit("train_val_split.json", lambda split: split["train"].remove(2)),
        "patient 2",
        "is in no part of the split; no folds.csv",
        0,
    ),
    "patient in two parts": Damage(
        edit("train_val_split.json", lambda split: split["test"].append(2)),
        "patient 2",
        "is in train and test; all of it is counted as train",
        0,
    ),
}


def test_arise_2025(tmp_path: Path) -> None:
    folder, out, files = imported("arise-2025", tmp_path)
    assert files == ["joints.csv", "readers.csv", "folds.csv", "manifest.csv", "labels.csv"]
    labels = checked(folder, out)
    assert len(labels) == 4 * 2 * (11 + 9)
    assert {one.grade for one in labels} == {1}
    assert {one.image for one in labels} == {f"jpeg/{n}.jpeg" for n in range(1, 5)}
    readers = read_readers([out / "readers.csv"], {picture(one) for one in labels})
    assert {one.name: len(one.calls) for one in readers} == {f"expert {n}": 160 for n in (1, 2, 3)}
    damaged = {one.name: {call.damaged for call in one.calls.values()} for one in readers}
    assert damaged == {"expert 1": {False}, "expert 2": {True}, "expert 3": {True}}
    hands = read_checked(out / "joints.csv", folder)
    assert len(hands) == 8
    known = set(ARISE_JOINTS.values()) - {""}
    for hand in hands:
        assert hand.points == {joint: points(hand.side)[joint] for joint in known}


def test_of_two_experts_the_higher_grade_is_the_label(tmp_path: Path) -> None:
    MAKE["arise-2025"](tmp_path)
    table = tmp_path / "scores.csv"
    table.write_text(
        "".join(
            line for line in table.read_text().splitlines(keepends=True) if ",1.0,3" not in line
        )
    )
    scores = READ["arise-2025"](tmp_path).scores
    assert {score.grade for score in scores} == {3}


def test_a_split_without_test_part_gives_no_folds(tmp_path: Path) -> None:
    MAKE["arise-2025"](tmp_path)
    change(tmp_path / "train_val_split.json", lambda split: split["val"].extend(split.pop("test")))
    cohort = READ["arise-2025"](tmp_path)
    assert "folds.csv" not in write_tables(cohort, tmp_path, tmp_path / "made")
    assert [*cohort.remarks] == [("test", "this part of the split has no patient; no folds.csv")]


def test_hands_without_scale_give_no_positions(tmp_path: Path) -> None:
    MAKE["arise-2025"](tmp_path)
    table = tmp_path / "bboxes.csv"
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if ",1,left,MCP" not in line))
    cohort = READ["arise-2025"](tmp_path)
    assert len(cohort.hands) == 7
    ((where, what),) = cohort.remarks
    assert where == "jpeg/1.jpeg"
    assert "the left hand of jpeg/1.jpeg lacks what gives its scale" in what


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_said_and_the_rest_is_taken(name: str, tmp_path: Path) -> None:
    check(DAMAGES[name], "arise-2025", 160, tmp_path)
