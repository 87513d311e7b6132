from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import GRADES, SET_JOINTS, SIDES, TARGETS
from sharp_cli.datasets.labels import (
    NAME_PATIENTS,
    OPTIONAL,
    REQUIRED,
    LabelledJoint,
    LabelledSet,
    labelled_by_set,
    read_labels,
)
from sharp_cli.synthetic.phantom.archive import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Target

HEADER = "patient,study,image,hand,finding,joint,grade"

NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).filter(
    lambda text: text.casefold() not in ("nan", "na")
)
PLACES = st.floats(-1e6, 1e6)


@st.composite
def labelled(draw: st.DrawFn, line: int) -> LabelledJoint:
    target: Target = draw(st.sampled_from(TARGETS))
    grade = draw(st.none() | st.sampled_from(GRADES[target.finding]))
    patch = draw(st.none() | NAMES)
    return LabelledJoint(
        line=line,
        patient=draw(NAMES),
        study=draw(NAMES),
        image=draw(NAMES if patch is None else st.just("") | NAMES),
        side=draw(st.sampled_from(SIDES)),
        finding=target.finding,
        joint=target.joint,
        grade=grade,
        damaged=draw(st.booleans()) if grade is None else grade > 0,
        place=draw(st.none() | st.tuples(PLACES, PLACES)),
        patch=patch,
    )


@st.composite
def labelled_set(draw: st.DrawFn, line: int) -> LabelledSet:
    finding, name = draw(st.sampled_from([*SET_JOINTS]))
    return LabelledSet(
        line=line,
        patient=draw(NAMES),
        study=draw(NAMES),
        image=draw(NAMES),
        side=draw(st.sampled_from(SIDES)),
        finding=finding,
        name=name,
        damaged=draw(st.booleans()),
    )


MIXED = st.lists(st.booleans(), max_size=5).flatmap(
    lambda kinds: st.tuples(
        *((labelled_set if kind else labelled)(line) for line, kind in enumerate(kinds, start=2))
    )
)
"""Joints and sets of joints, row by row."""

TABLE = st.integers(0, 5).flatmap(
    lambda count: st.tuples(*(labelled(line) for line in range(2, count + 2)))
)


def cells(joint: LabelledJoint | LabelledSet) -> dict[str, object]:
    """A row of a table that holds the joint: its label only where there is no grade."""
    if isinstance(joint, LabelledSet):
        return {
            "patient": joint.patient,
            "study": joint.study,
            "image": joint.image,
            "hand": joint.side,
            "finding": joint.finding,
            "joint": joint.name,
            "label": "non-intact" if joint.damaged else "intact",
        }
    x, y = joint.place or ("", "")
    word = "non-intact" if joint.damaged else "intact"
    return {
        "patient": joint.patient,
        "study": joint.study,
        "image": joint.image,
        "hand": joint.side,
        "finding": joint.finding,
        "joint": joint.joint,
        "grade": "" if joint.grade is None else joint.grade,
        "label": word if joint.grade is None else "",
        "x": x,
        "y": y,
        "patch": joint.patch or "",
    }


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "labels.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


IN_BULK = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write_rows(
    folder: Path, rows: tuple[LabelledJoint | LabelledSet, ...], order: list[str]
) -> Path:
    text = io.StringIO()
    table = csv.DictWriter(text, order, lineterminator="\n")
    table.writeheader()
    table.writerows(map(cells, rows))
    path = folder / "labels.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


@IN_BULK
@given(joints=TABLE, order=st.permutations([*REQUIRED, *OPTIONAL]))
def test_what_was_written_is_read(
    tmp_path: Path, joints: tuple[LabelledJoint, ...], order: list[str]
) -> None:
    labels = read_labels(write_rows(tmp_path, joints, order))
    assert tuple(labels.joints) == joints
    assert not labels.unlabelled


@IN_BULK
@given(rows=MIXED, order=st.permutations([*REQUIRED, *OPTIONAL]))
def test_an_intact_set_labels_its_joints_and_a_non_intact_one_none(
    tmp_path: Path, rows: tuple[LabelledJoint | LabelledSet, ...], order: list[str]
) -> None:
    labels = read_labels(write_rows(tmp_path, rows, order))
    joints = [row for row in rows if isinstance(row, LabelledJoint)]
    sets = [row for row in rows if isinstance(row, LabelledSet)]
    assert labels.sets == sets
    assert labels.joints[: len(joints)] == joints
    intact = [one for one in labels.joints if not one.damaged]
    assert not labelled_by_set(intact, [one for one in sets if not one.damaged])
    for one in labels.joints[len(joints) :]:
        (row,) = (some for some in sets if some.line == one.line)
        assert not row.damaged
        assert one.joint in SET_JOINTS[row.finding, row.name]
        assert (one.file, one.grade, one.damaged) == (row.image, None, False)
    identities = [one.identity for one in labels.joints[len(joints) :]]
    assert len({*identities} - {one.identity for one in joints if not one.damaged}) == len(
        identities
    )


def test_a_word_on_the_wrist_is_on_six_joints(tmp_path: Path) -> None:
    header = "patient,study,image,hand,finding,joint,label"
    rows = [
        "p1,s1,a.png,left,erosion,wrist,non-intact",
        "p1,s1,a.png,left,jsn,wrist,intact",
        "p1,s1,a.png,left,jsn,CMC3,intact",
        "p1,s1,a.png,right,erosion,wrist,",
    ]
    labels = read_labels(write(tmp_path, *rows, header=header))
    eroded, narrowed = labels.sets
    six = {"CMC1", "multangular", "navicular", "lunate", "ulna", "radius"}
    assert {one.joint for one in eroded.joints} == six
    assert {one.joint for one in labelled_by_set(labels.joints, labels.sets)} == six
    assert [(one.line, one.joint) for one in labels.joints] == [
        (4, "CMC3"),
        (3, "CMC4"),
        (3, "CMC5"),
        (3, "multangular-navicular"),
        (3, "capitate-navicular-lunate"),
        (3, "radiocarpal"),
    ]
    assert narrowed.joints[0].joint_group == ("jsn", "CMC")
    assert labels.unlabelled == [5]


def test_columns_of_a_synthetic_cohort_are_enough(tmp_path: Path) -> None:
    row = "p1,s1,a.dcm,left,erosion,radius,5"
    path = write(tmp_path, row, header=",".join(TABLES["labels.csv"]))
    (joint,) = read_labels(path).joints
    assert (joint.damaged, joint.grade, joint.place, joint.patch) == (True, 5, None, None)
    assert (joint.joint_group, joint.file) == (("erosion", "wrist"), "a.dcm")


def test_a_patch_stands_for_the_image(tmp_path: Path) -> None:
    header = "patient,study,hand,finding,joint,label,patch"
    path = write(tmp_path, "p1,s1,right,jsn,CMC3,intact,cut/1.png", header=header)
    (joint,) = read_labels(path).joints
    assert (joint.image, joint.file, joint.damaged, joint.grade) == ("", "cut/1.png", False, None)


@pytest.mark.parametrize("cell", ["x", " X"])
def test_joints_that_are_not_assessable_are_kept_out_and_named(tmp_path: Path, cell: str) -> None:
    row = "p1,s1,a.dcm,left,erosion,"
    labels = read_labels(write(tmp_path, f"{row}ulna,{cell}", row + "IP,2", row + "PIP2,"))
    assert [joint.joint for joint in labels.joints] == ["IP"]
    assert [(one.line, one.joint) for one in labels.not_assessable] == [(2, "ulna")]
    assert labels.unlabelled == [4]


def test_what_is_not_assessable_is_not_intact_by_its_set(tmp_path: Path) -> None:
    rows = ("p1,s1,a.png,left,erosion,ulna,x,", "p1,s1,a.png,left,erosion,wrist,,intact")
    labels = read_labels(write(tmp_path, *rows, header=f"{HEADER},label"))
    assert "ulna" not in {joint.joint for joint in labels.joints}
    assert len(labels.joints) == len(SET_JOINTS["erosion", "wrist"]) - 1


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "NA"])
def test_joints_without_a_score_are_kept_out_and_counted(tmp_path: Path, cell: str) -> None:
    row = "p1,s1,a.dcm,left,erosion,IP,"
    labels = read_labels(write(tmp_path, row + cell, row + "2.0", row + cell))
    assert labels.unlabelled == [2, 4]
    assert [(joint.line, joint.grade) for joint in labels.joints] == [(3, 2)]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",s1,a.png,left,erosion,IP,1,,,,", "no patient"),
        ("p1,,a.png,left,erosion,IP,1,,,,", "no study"),
        ("p1,s1,,left,erosion,IP,1,,,,", "no image and no patch"),
        ("p1,s1,a.png,both,erosion,IP,1,,,,", "hand 'both' is neither left nor right"),
        ("p1,s1,a.png,left,space,IP,1,,,,", "finding 'space' is neither erosion nor jsn"),
        ("p1,s1,a.png,left,erosion,DIP2,1,,,,", "'DIP2' is no joint that is scored for erosion"),
        ("p1,s1,a.png,left,jsn,IP,1,,,,", "'IP' is no joint that is scored for jsn"),
        ("p1,s1,a.png,left,erosion,IP,6,,,,", "grade '6' is none of erosion's, 0 to 5 or x"),
        ("p1,s1,a.png,left,jsn,MCP1,5,,,,", "grade '5' is none of jsn's, 0 to 4 or x"),
        ("p1,s1,a.png,left,erosion,IP,1.5,,,,", "grade '1.5' is none of erosion's, 0 to 5 or x"),
        (
            "p1,s1,a.png,left,erosion,IP,x,intact,,,",
            "grade x (not assessable) and label intact contradict each other",
        ),
        ("p1,s1,a.png,left,erosion,IP,bad,,,,", "grade 'bad' is none of erosion's, 0 to 5 or x"),
        ("p1,s1,a.png,left,erosion,IP,,broken,,,", "label 'broken' is neither intact nor"),
        ("p1,s1,a.png,left,erosion,IP,0,non-intact,,,", "grade 0 and label non-intact contradict"),
        ("p1,s1,a.png,left,erosion,IP,1,intact,,,", "grade 1 and label intact contradict"),
        (
            "p1,s1,a.png,left,erosion,wrist,1,,,,",
            "wrist is a set of joints, which has a label, but",
        ),
        ("p1,s1,a.png,left,jsn,PIP,,intact,5,6,", "PIP is a set of joints, which has a label, but"),
        ("p1,s1,,left,jsn,MCP,,intact,,,b.png", "MCP is a set of joints, which has a label, but"),
        ("p1,s1,a.png,left,erosion,MCP,,one,,,", "label 'one' is neither intact nor non-intact"),
        ("p1,s1,a.png,left,jsn,CMC-M,,intact,,,", "'CMC-M' is no joint that is scored for jsn"),
        ("p1,s1,,left,erosion,wrist,,intact,,,", "no image and no patch"),
        ("p1,s1,a.png,left,erosion,IP,1,,5,,", "x and y are not a pair of numbers"),
        ("p1,s1,a.png,left,erosion,IP,1,,,5,", "x and y are not a pair of numbers"),
        ("p1,s1,a.png,left,erosion,IP,1,,5,here,", "x and y are not a pair of numbers"),
    ],
)
def test_each_mistake_is_reported(tmp_path: Path, row: str, what: str) -> None:
    header = f"{HEADER},label,x,y,patch"
    good = "p1,s1,a.png,left,erosion,IP,1,non-intact,5,6,"
    with pytest.raises(DocumentError, match="a mistake:") as caught:
        read_labels(write(tmp_path, good, row, good, header=header))
    assert f"line 3: {what}" in str(caught.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "p1,s1,a.png,left,erosion,IP,1",
        ",,a.png,left,erosion,IP,1",
        "p1,s1,a.png,both,erosion,IP,9",
        "p1,s1,a.png,left,erosion,XX,",
        "p1,s1,a.png,both,erosion,IP,1",
    )
    with pytest.raises(DocumentError) as caught:
        read_labels(path)
    assert str(caught.value).split("\n  ") == [
        f"{path}: 6 mistakes; correct them:",
        f"line 3: no patient: {NAME_PATIENTS}",
        "line 3: no study",
        "line 4, line 6: hand 'both' is neither left nor right",
        "line 4: grade '9' is none of erosion's, 0 to 5 or x",
        "line 5: 'XX' is no joint that is scored for erosion",
    ]


def test_missing_column_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no column study"):
        read_labels(write(tmp_path, header="patient,image,hand,finding,joint,grade"))
    with pytest.raises(DocumentError, match="cannot be read"):
        read_labels(tmp_path / "none.csv")
