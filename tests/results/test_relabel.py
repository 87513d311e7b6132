"""New labels from stored probabilities."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.datasets.joint_keys import JointKey
from sharp_cli.results.formats import from_json, to_json
from sharp_cli.results.html.truth import Truth
from sharp_cli.results.relabel import choose_thresholds, relabel, thresholds_of
from tests.labels import labelled_joint
from tests.results.test_sens import lost, scored

HALF = {f"{finding}/{group}": 0.5 for finding, group in JOINT_GROUPS}
STUDY = replace(
    scored("left", "right"),
    thresholds={"siso": HALF},
    joints=tuple(
        replace(row, probability=number / 100, label="non-intact" if number >= 50 else "intact")
        for number, row in enumerate(scored("left", "right").joints)
    ),
)


def test_what_is_asked_for() -> None:
    assert thresholds_of("0.4") == dict.fromkeys(JOINT_GROUPS, 0.4)
    found = thresholds_of("erosion=0.3, erosion/MCP=0.5,jsn/PIP=.6")
    assert found["erosion", "wrist"] == 0.3
    assert found["erosion", "MCP"] == 0.5
    assert [head for head in found if head[0] == "jsn"] == [("jsn", "PIP")]


@pytest.mark.parametrize("asked", ["", "x", "1.5", "erosion", "erosion=x", "jsn/CMC-M=0.5", "=2"])
def test_what_is_no_threshold_is_wrong_usage(asked: str) -> None:
    with pytest.raises(UsageError, match=r"as in erosion=0.3,jsn/PIP=0.6"):
        thresholds_of(asked)


def test_labels_follow_the_new_thresholds_and_the_rest_stays() -> None:
    new = relabel(STUDY, {("erosion", "MCP"): 0.07})
    for before, after in zip(STUDY.joints, new.joints, strict=True):
        if (after.finding, after.group) == ("erosion", "MCP"):
            assert after.label == ("non-intact" if (after.probability or 0) >= 0.07 else "intact")
        else:
            assert after == before
    assert new.thresholds == {"siso": HALF | {"erosion/MCP": 0.07}}
    assert from_json(to_json(new), "x") == new
    assert relabel(STUDY, {}) == STUDY


def test_one_threshold_for_all_becomes_that_of_each_head() -> None:
    asked = replace(STUDY, threshold=0.5, thresholds={})
    new = relabel(asked, {("jsn", "PIP"): 0.1})
    assert new.threshold is None
    assert new.thresholds == {"siso": HALF | {"jsn/PIP": 0.1}}


def test_a_changed_label_is_not_certain() -> None:
    certain = replace(
        STUDY, joints=tuple(replace(row, certainty="certain") for row in STUDY.joints)
    )
    new = relabel(certain, thresholds_of("0.2"))
    pairs = zip(new.joints, STUDY.joints, strict=True)
    found = {(row.label != old.label, row.certainty) for row, old in pairs}
    assert found == {(True, "uncertain"), (False, "certain")}
    unlike = replace(STUDY.joints[20], certainty="unlike")
    assert relabel(replace(STUDY, joints=(unlike,)), {}).joints[0].certainty == "unlike"


def test_what_was_not_detected_has_no_label() -> None:
    study = replace(STUDY, joints=(lost(STUDY.joints[0]), *STUDY.joints[1:]))
    assert relabel(study, thresholds_of("0")).joints[0] == study.joints[0]


def test_thresholds_have_the_sensitivity_on_labelled_joints() -> None:
    labels = {
        JointKey(row.file, row.hand, row.finding, row.joint): labelled_joint(
            finding=row.finding, joint=row.joint, side=row.hand, grade=int(row.joint != "MCP1")
        )
        for row in STUDY.joints
        if row.group == "MCP"
    }
    found = choose_thresholds([STUDY], Truth(labels), sensitivity=0.75)
    assert [*found] == [("erosion", "MCP"), ("jsn", "MCP")]
    probabilities = sorted(
        (row.probability or 0)
        for row in STUDY.joints
        if (row.finding, row.group) == ("erosion", "MCP") and row.joint != "MCP1"
    )
    one = found["erosion", "MCP"]
    assert one.threshold == probabilities[2]  # six of the eight
    assert (one.non_intact, one.sensitivity, one.intact) == (8, 0.75, 2)
    assert one.specificity == 0.5
    spared = choose_thresholds([STUDY], Truth(labels), specificity=1)["erosion", "MCP"]
    intact = [row.probability or 0 for row in STUDY.joints[:32] if row.joint == "MCP1"]
    assert spared.threshold == min(one for one in probabilities if one > max(intact))
    assert (spared.specificity, spared.sensitivity) == (1, 0.5)


def test_a_threshold_above_all_joints_has_the_specificity_of_intact_ones_alone() -> None:
    rows = [row for row in STUDY.joints if (row.finding, row.group) == ("erosion", "MCP")]
    labels = {
        JointKey(row.file, row.hand, row.finding, row.joint): labelled_joint(
            finding=row.finding, joint=row.joint, side=row.hand, grade=0
        )
        for row in rows
    }
    assert choose_thresholds([STUDY], Truth(labels), sensitivity=0.5) == {}
    (found,) = choose_thresholds([STUDY], Truth(labels), specificity=1).values()
    assert found.threshold == max(row.probability or 0 for row in rows) + 0.0001
    assert found.specificity == 1


def test_the_grade_follows_the_label() -> None:
    graded = replace(
        STUDY.joints[10], probability=0.4, label="intact", grade=0, expected_grade=0.6,
        grade_probabilities=(0.6, 0.25, 0.1, 0.05, 0.0, 0.0),
    )  # fmt: skip
    study = replace(STUDY, joints=(graded,))
    (row,) = relabel(study, thresholds_of("0.3")).joints
    assert (row.label, row.grade, row.expected_grade) == ("non-intact", 1, 0.6)
    (row,) = relabel(replace(study, joints=(row,)), thresholds_of("0.5")).joints
    assert (row.label, row.grade) == ("intact", 0)
