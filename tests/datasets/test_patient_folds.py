from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.core.joints import JOINT_GROUPS, SIDES, TARGETS
from sharp_cli.datasets.labels import LabelledJoint, LabelledSet
from sharp_cli.datasets.patient_folds import assign_to_folds, read_folds, roles, write_folds
from sharp_cli.synthetic.phantom.cohort import cohort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

IN_BULK = settings(
    deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@st.composite
def joints(draw: st.DrawFn) -> list[LabelledJoint]:
    target = draw(st.sampled_from(TARGETS))
    damaged = draw(st.booleans())
    patient, side, count = draw(NAMES), draw(st.sampled_from(SIDES)), draw(st.integers(1, 4))
    return [
        LabelledJoint(
            line=2,
            patient=patient,
            study=str(study),
            image="a.png",
            side=side,
            finding=target.finding,
            joint=target.joint,
            grade=None,
            damaged=damaged,
            place=None,
            patch=None,
        )
        for study in range(count)
    ]


COHORTS = st.lists(joints(), min_size=1, max_size=30).map(
    lambda parts: [joint for part in parts for joint in part]
)


def phantoms(patients: int) -> list[LabelledJoint]:
    """The labels of a synthetic cohort, without its pictures."""
    return [
        LabelledJoint(
            line=2,
            patient=patient.id,
            study=str(study.number),
            image="a.png",
            side=side,
            finding=finding,
            joint=joint,
            grade=grade,
            damaged=grade > 0,
            place=None,
            patch=None,
        )
        for patient in cohort(1, patients)
        for study in patient.studies
        for (side, finding, joint), grade in study.grades.items()
    ]


def unevenness(joints: Sequence[LabelledJoint], folds: dict[str, int], count: int) -> float:
    """Mean squared deviation of folds' fractions of each joint group's joints of either label."""
    found = Counter((joint.joint_group, joint.damaged, folds[joint.patient]) for joint in joints)
    squares = []
    for head in JOINT_GROUPS:
        for damaged in (False, True):
            counts = [found[head, damaged, fold] for fold in range(1, count + 1)]
            squares += [(one * count / sum(counts) - 1) ** 2 for one in counts]
    return sum(squares) / len(squares)


@IN_BULK
@given(found=COHORTS, count=st.integers(3, 8), seed=st.integers(0, 9), mixed=st.randoms())
def test_every_patient_is_in_one_fold_and_folds_are_of_one_size(
    found: list[LabelledJoint], count: int, seed: int, mixed: Random
) -> None:
    patients = {joint.patient for joint in found}
    if len(patients) < count:
        with pytest.raises(UsageError, match=f"{len(patients)} patients are too few for {count}"):
            assign_to_folds(found, [], count, seed=seed)
        return
    folds = assign_to_folds(found, [], count, seed=seed)
    assert folds.keys() == patients
    sizes = Counter(folds.values())
    assert sizes.keys() == {*range(1, count + 1)}
    assert max(sizes.values()) - min(sizes.values()) <= 1
    mixed.shuffle(found)
    assert assign_to_folds(found, [], count, seed=seed) == folds


def test_folds_of_a_synthetic_cohort_are_alike() -> None:
    found = phantoms(40)
    folds = assign_to_folds(found, [], 8, seed=0)
    assert {*Counter(folds.values()).values()} == {5}
    # scikit-learn's StratifiedGroupKFold gives 0.045, assignment by chance about 0.19.
    assert unevenness(found, folds, 8) < 0.025
    assert assign_to_folds(found, [], 8, seed=1) != folds


def wrists(patients: int, erosive: int) -> list[LabelledSet]:
    """A labelled wrist of each patient, the first ones erosive."""
    return [
        LabelledSet(
            line=2,
            patient=f"w{number:02}",
            study="1",
            image="a.png",
            side="left",
            finding="erosion",
            name="wrist",
            damaged=number < erosive,
        )
        for number in range(patients)
    ]


def test_patients_of_whom_sets_of_joints_are_labelled_are_assigned_alike() -> None:
    found = wrists(20, erosive=15)
    folds = assign_to_folds([], found, 5, seed=0)
    assert folds.keys() == {one.patient for one in found}
    erosive = Counter(folds[one.patient] for one in found if one.damaged)
    assert erosive == dict.fromkeys(range(1, 6), 3)
    both = assign_to_folds(phantoms(10), found, 5, seed=0)
    assert len(both) == 30
    assert {*Counter(both.values()).values()} == {6}


def test_fewer_than_three_folds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2 folds are too few"):
        assign_to_folds(phantoms(4), [], 2, seed=0)
    with pytest.raises(UsageError, match="2 folds are too few"):
        read_folds(tmp_path / "folds.csv", ["p1", "p2"], 2)


@given(st.integers(3, 9), st.data())
def test_roles_share_the_patients_out(count: int, data: st.DataObject) -> None:
    folds = {str(number): number % count + 1 for number in range(2 * count)}
    number = data.draw(st.integers(1, count))
    parts = roles(folds, number, count)
    assert sorted(name for part in parts for name in part) == sorted(folds)
    assert {folds[name] for name in parts.test} == {number}
    assert {folds[name] for name in parts.validation} == {number + 1 if number < count else 1}
    assert len(parts.training) == 2 * (count - 2)


@IN_BULK
@given(patients=st.lists(NAMES, min_size=3, max_size=9, unique=True), count=st.integers(3, 5))
def test_folds_that_were_written_are_read(tmp_path: Path, patients: list[str], count: int) -> None:
    count = min(count, len(patients))
    folds = {patient: place % count + 1 for place, patient in enumerate(patients)}
    path = tmp_path / "folds.csv"
    write_folds(path, folds | {"a stranger": 1})
    assert read_folds(path, patients, count) == folds


def test_all_that_is_wrong_with_folds_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "folds.csv"
    rows = ["p1,1", "p2,1", "p1,1", "p2,2", ",2", "p3,0", "p4,4", "p5,one", "p9,3"]
    path.write_text("\n".join(["patient,fold", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read_folds(path, ["p1", "p2", "p3", "p6"], 3)
    assert str(caught.value).split("\n  ") == [
        f"{path}: 9 mistakes; correct them:",
        "line 5: patient p2 is in fold 1 already",
        "line 6: no patient",
        "line 7: fold '0' is none of 1 to 3",
        "line 8: fold '4' is none of 1 to 3",
        "line 9: fold 'one' is none of 1 to 3",
        "patient p3, patient p6: is in no fold",
        "fold 2, fold 3: has no labelled patient",
    ]
