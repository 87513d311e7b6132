from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.inputs import MODELS
from sharp_cli.core.joints import JOINT_GROUPS, SIDES, TARGETS
from sharp_cli.datasets.labels import LabelledJoint, LabelledSet, Labels
from sharp_cli.training.classifier.label_check import Notice, check_folds, check_labels
from tests.datasets.annotations.pictures import SIZE, paint
from tests.dicom_files import dataset, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side

CMC1 = LabelledJoint(
    line=2,
    patient="p1",
    study="s1",
    image="a.png",
    side="left",
    finding="erosion",
    joint="CMC1",
    grade=0,
    damaged=False,
    place=None,
    patch=None,
)
"""One of the two joints of the smallest head."""

MULTANGULAR = replace(CMC1, joint="multangular")


def table(*joints: LabelledJoint) -> list[LabelledJoint]:
    """The joints, each on its own line from 2 on."""
    return [replace(joint, line=line) for line, joint in enumerate(joints, start=2)]


def study(
    sides: Sequence[Side] = SIDES, head: tuple[str, str] = JOINT_GROUPS[0]
) -> list[LabelledJoint]:
    """All joints of a head in one study."""
    return [
        replace(CMC1, side=side, finding=target.finding, joint=target.joint)
        for side in sides
        for target in TARGETS
        if (target.finding, target.group) == head
    ]


def both(joint: LabelledJoint) -> list[LabelledJoint]:
    """The joint of both hands."""
    return [replace(joint, side=side) for side in SIDES]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    paint(tmp_path, "a.png", "b.png")
    with (tmp_path / "b.png").open("ab") as file:
        file.write(b"another")
    return tmp_path


def checked(
    images: Path,
    joints: Sequence[LabelledJoint],
    *models: ModelName,
    unlabelled: Sequence[int] = (),
) -> tuple[list[LabelledJoint], list[Notice]]:
    used, _, notices = check_labels(
        images / "labels.csv", Labels(joints, [], unlabelled), images, models or ("siso",)
    )
    return used, notices


def mistakes(
    images: Path, joints: Sequence[LabelledJoint], unlabelled: Sequence[int] = ()
) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        checked(images, joints, unlabelled=unlabelled)
    first, *others = str(caught.value).split("\n  ")
    assert first.startswith(f"{images / 'labels.csv'}: ")
    return others


@pytest.mark.parametrize("head", JOINT_GROUPS)
def test_of_whole_studies_nothing_is_noticed(images: Path, head: tuple[str, str]) -> None:
    joints = table(*study(head=head))
    assert checked(images, joints, *MODELS) == (joints, [])


def test_all_that_forbids_a_training_is_told_at_once(images: Path) -> None:
    joints = table(
        CMC1,
        replace(CMC1, grade=1, damaged=True),
        replace(MULTANGULAR, image="b.png", patient="p2"),
        replace(MULTANGULAR, image="b.png", patient="p3"),
        replace(MULTANGULAR, place=(SIZE[0], 5.0)),
        replace(CMC1, patient="p4", image="", patch="b.png"),
    )
    assert mistakes(images, joints) == [
        "lines 2 and 3: the same joint with different labels; keep the right one",
        "lines 4 and 5 and 7: b.png belongs to several patients: p2, p3, p4",
        "line 6: 160, 5 is outside a.png (160 x 180)",
    ]


def test_a_radiograph_of_two_patients_is_found_whatever_it_is_called(images: Path) -> None:
    shutil.copy(images / "a.png", images / "copy.png")
    made = dataset(stored())
    for name, patient in (("one.dcm", "A"), ("other.dcm", "B")):
        made.PatientID = patient
        made.save_as(images / name, enforce_file_format=True)
    (images / "sub").mkdir()
    joints = table(
        replace(CMC1, image="a.png"),
        replace(CMC1, image="copy.png", patient="p2"),
        replace(CMC1, image="b.png", patient="p3"),
        replace(CMC1, image="sub/../b.png", patient="p4"),
        replace(CMC1, image="one.dcm", patient="p5"),
        replace(CMC1, image="other.dcm", patient="p6"),
    )
    same = "(and the same picture as {}) belongs to several patients:"
    assert mistakes(images, joints) == [
        f"lines 2 and 3: a.png {same.format('copy.png')} p1, p2",
        f"lines 4 and 5: b.png {same.format('sub/../b.png')} p3, p4",
        f"lines 6 and 7: one.dcm {same.format('other.dcm')} p5, p6",
    ]


@pytest.mark.parametrize(
    ("first", "second", "fatal"),
    [
        ((1, True), (2, True), True),
        ((None, False), (None, True), True),
        ((None, True), (2, True), False),
        ((2, True), (2, True), False),
    ],
)
def test_a_joint_that_is_listed_twice(
    images: Path,
    first: tuple[int | None, bool],
    second: tuple[int | None, bool],
    fatal: bool,  # noqa: FBT001
) -> None:
    joints = table(
        *(replace(CMC1, grade=grade, damaged=damaged) for grade, damaged in (first, second))
    )
    if fatal:
        assert len(mistakes(images, joints)) == 1
        return
    used, notices = checked(images, joints)
    assert used == joints[:1]
    assert [(notice.where, notice.consequence) for notice in notices] == [
        ("line 3", "the first is used")
    ]


@pytest.mark.parametrize(
    "place", [(-0.5, 0.0), (0.0, -0.5), (SIZE[0] - 0.5, 0.0), (0.0, SIZE[1] - 0.5)]
)
def test_places_reach_to_the_edges_of_the_image(images: Path, place: tuple[float, float]) -> None:
    joints = table(replace(CMC1, place=place))
    assert checked(images, joints) == (joints, [])
    x, y = ((value - 80) * 1.01 + 80 for value in place)
    beyond = table(replace(CMC1, place=(x, y)))
    assert "is outside a.png" in mistakes(images, beyond)[0]
    patched = [replace(joint, patch="b.png") for joint in beyond]
    assert checked(images, patched) == (patched, [])


def test_rows_whose_files_cannot_be_read_are_left_out(images: Path) -> None:
    (images / "bad.png").write_bytes(b"no picture")
    joints = table(
        CMC1,
        replace(MULTANGULAR, image="bad.png"),
        replace(CMC1, study="s2", image="none.png"),
        replace(MULTANGULAR, study="s2", image="none.png"),
        replace(CMC1, study="s3", patch="cut/none.png"),
        replace(CMC1, study="s4", image="none.png", patch="b.png"),
    )
    used, (bad, missing) = checked(images, joints)
    assert used == [joints[0], joints[5]]
    assert bad.where == "bad.png (1 rows from line 3)"
    assert missing == Notice(
        "none.png (2 rows from line 4), cut/none.png (1 rows from line 6)",
        "there is no such file; check the name",
        "these rows are excluded",
    )


def test_the_readable_one_of_a_joint_listed_twice_is_used(images: Path) -> None:
    joints = table(replace(CMC1, image="none.png"), CMC1)
    used, notices = checked(images, joints)
    assert used == joints[1:]
    assert [notice.consequence for notice in notices] == ["these rows are excluded"]


def test_where_nothing_is_left_the_reasons_are_told(images: Path) -> None:
    assert mistakes(images, table(replace(CMC1, image="none.png")), unlabelled=[3]) == [
        "all rows: no joint is left to train on",
        "none.png (1 rows from line 2): there is no such file; check the name",
        "line 3: neither grade nor label",
    ]


def test_of_many_rows_twenty_are_named(images: Path) -> None:
    _, (notice,) = checked(images, table(CMC1), unlabelled=range(3, 28))
    named = ", ".join(f"line {line}" for line in range(3, 23))
    done = "these joints are neither trained on nor measured"
    assert notice == Notice(f"{named} and 5 more", "neither grade nor label", done)


HALF = "the other hand, which {} uses too, is missing"
GAP = "joints of the same group, which {} uses too, are missing"


@pytest.mark.parametrize(
    ("model", "joints", "expected"),
    [
        ("siso", [CMC1], {}),
        ("mimo-time", [CMC1], {}),
        ("mimo-local", [*both(CMC1), MULTANGULAR], {HALF: "line 4"}),
        ("mimo-local", both(CMC1), {}),
        ("mimo-one-hand", [CMC1, MULTANGULAR], {}),
        ("mimo-one-hand", [CMC1, MULTANGULAR, both(CMC1)[1]], {GAP: "line 4"}),
        ("mimo-both-hands", [CMC1, MULTANGULAR], {HALF: "line 2, line 3"}),
        ("mimo-both-hands", both(CMC1), {GAP: "line 2, line 3"}),
        ("mimo-both-hands", [CMC1], {HALF: "line 2", GAP: "line 2"}),
        ("mimo-local", [CMC1, replace(both(CMC1)[1], study="s2")], {HALF: "line 2, line 3"}),
    ],
)
def test_inputs_that_are_not_there_are_noticed(
    images: Path, model: ModelName, joints: list[LabelledJoint], expected: dict[str, str]
) -> None:
    joints = table(*joints)
    used, notices = checked(images, joints, model)
    assert used == joints
    assert {notice.what: notice.where for notice in notices} == {
        what.format(model): where for what, where in expected.items()
    }
    masked = {
        HALF.format(model): "its inputs are masked",
        GAP.format(model): "their inputs are masked",
    }
    assert all(notice.consequence == masked[notice.what] for notice in notices)


def test_what_is_left_out_is_missing_beside_the_others(images: Path) -> None:
    left, right = both(CMC1)
    _, notices = checked(images, table(left, replace(right, image="none.png")), "mimo-local")
    assert [notice.where for notice in notices] == ["none.png (1 rows from line 3)", "line 2"]


def cohort(*folds: str) -> tuple[list[LabelledJoint], dict[str, int]]:
    """Joints of one head: in each fold a patient for each letter, intact or non-intact."""
    names = (f"p{number}" for number in count())
    joints: list[LabelledJoint] = []
    dealt: dict[str, int] = {}
    for fold, letters in enumerate(folds, start=1):
        for letter in letters:
            joints.append(replace(CMC1, patient=next(names), grade=None, damaged=letter == "n"))
            dealt[joints[-1].patient] = fold
    return joints, dealt


def of_head(notices: Iterable[Notice]) -> list[Notice]:
    """What is noticed of the head that has joints; that the others have none, is told once."""
    *found, absent = notices
    others = ", ".join(" ".join(head) for head in JOINT_GROUPS if head != CMC1.joint_group)
    assert absent == Notice(others, "no labelled joint", "not trained")
    return found


UNTRAINED = "this head is not trained in this fold, its joints get no prediction"


@pytest.mark.parametrize(
    ("folds", "expected"),
    [
        (("in", "in", "in", "in"), []),
        (
            # Fold 2 cannot be tested alone, and validates fold 1.
            ("in", "i", "in", "in"),
            [
                ("fold 1", "no non-intact joint in the validation part", "its threshold is 0.5"),
                (
                    "fold 2",
                    "no non-intact joint in the test part",
                    "it is measured together with the other folds",
                ),
            ],
        ),
        (
            # All non-intact joints are in folds 1 and 2, which test and validate in fold 1.
            ("in", "in", "i", "i"),
            [
                ("fold 1", "no non-intact joint in the training part", UNTRAINED),
                (
                    "fold 2, fold 3",
                    "no non-intact joint in the validation part",
                    "its threshold is 0.5",
                ),
                (
                    "fold 3, fold 4",
                    "no non-intact joint in the test part",
                    "it is measured together with the other folds",
                ),
            ],
        ),
        (
            ("n", "n", "n"),
            [("fold 1, fold 2, fold 3", "no intact joint in the training part", UNTRAINED)],
        ),
        (
            ("in", "", ""),
            [
                (
                    "fold 1, fold 3",
                    "no intact joint and no non-intact joint in the training part",
                    UNTRAINED,
                ),
                (
                    "fold 2",
                    "no intact joint and no non-intact joint in the validation part",
                    "its threshold is 0.5",
                ),
                (
                    "fold 2",
                    "no intact joint and no non-intact joint in the test part",
                    "it is measured together with the other folds",
                ),
            ],
        ),
    ],
)
def test_what_folds_lack_is_noticed(
    folds: tuple[str, ...], expected: list[tuple[str, str, str]]
) -> None:
    joints, dealt = cohort(*folds)
    notices = of_head(check_folds(joints, [], dealt, len(folds)))
    assert sorted(notices) == sorted(
        Notice(f"erosion CMC-M, {where}", what, done) for where, what, done in expected
    )


def test_of_heads_that_have_all_nothing_is_noticed() -> None:
    joints = [
        replace(joint, patient=f"p{fold}", damaged=damaged, grade=None)
        for head in JOINT_GROUPS
        for joint in study(head=head)
        for fold in range(1, 4)
        for damaged in (False, True)
    ]
    assert check_folds(joints, [], {f"p{fold}": fold for fold in range(1, 4)}, 3) == []


def test_in_training_a_non_intact_set_stands_for_non_intact_joints() -> None:
    joints, dealt = cohort("i", "i", "i", "i")
    sets = [
        LabelledSet(2, patient, "s2", "a.png", "left", "erosion", "PIP-IP", damaged=True)
        for patient in dealt
    ]
    head = replace(CMC1, joint="IP").joint_group
    ips = [replace(one, joint="IP") for one in joints]
    untrained, *_ = check_folds(ips, [], dealt, 4)
    assert untrained.consequence == UNTRAINED
    found = [
        one for one in check_folds(ips, sets, dealt, 4) if one.where.startswith(" ".join(head))
    ]
    assert {one.consequence for one in found} == {
        "its threshold is 0.5",
        "it is measured together with the other folds",
    }
