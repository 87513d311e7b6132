"""The Simple Erosion Narrowing Score of hands and studies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.results.document import Document, HandRow, InputRow, JointRow
from sharp_cli.results.sens import Sens, sens

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from sharp_cli.core.joints import Side, StudyJoint

BOX = ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0), (1.0, 4.0))
DAMAGED: tuple[StudyJoint, ...] = (
    ("left", "erosion", "PIP3"),
    ("left", "erosion", "MCP2"),
    ("left", "erosion", "ulna"),
    ("left", "jsn", "MCP2"),
    ("left", "jsn", "radiocarpal"),
    ("right", "erosion", "IP"),
    ("right", "jsn", "PIP5"),
    ("right", "jsn", "MCP1"),
    ("right", "jsn", "CMC4"),
    ("right", "jsn", "multangular-navicular"),
)


def scored(*sides: Side, damaged: Collection[StudyJoint] = DAMAGED, name: str = "s") -> Document:
    joints = tuple(
        JointRow(
            name, "a.png", side, target.finding, target.group, target.joint, 2.0, 3.0, BOX, 0.9,
            0.5,
            "non-intact" if (side, target.finding, target.joint) in damaged else "intact",
            None, "siso", "ok",
        )
        for side in sides
        for target in TARGETS
    )  # fmt: skip
    frame = ((0.5, 0.0, 1.0), (0.0, 0.5, 1.0))
    return Document(
        {},
        "siso",
        validated_on_patients=False,
        inputs=(InputRow(name, "a.png", 10, 20, None, "0" * 64, None, None, None),),
        hands=tuple(HandRow(name, "a.png", side, "dicom", 1.0, frame, "ok", ()) for side in sides),
        joints=joints,
    )


def lost(row: JointRow) -> JointRow:
    """The joint as one that was not detected."""
    place = (row.study, row.file, row.hand, row.finding, row.group, row.joint)
    return JointRow(*place, *(None,) * 8, "not-detected")


def uncertain(row: JointRow) -> JointRow:
    """The joint as one whose place is uncertain."""
    return replace(row, status="uncertain")


def unlearned(row: JointRow) -> JointRow:
    """The joint as one that the model has not learned."""
    return replace(row, probability=None, label=None, model=None)


def test_every_joint_with_damage_adds_1_for_each_finding() -> None:
    assert sens(scored("left", "right")) == (
        Sens("s", "left", 3, 2, 5, 31, 0, 0),
        Sens("s", "right", 1, 4, 5, 31, 0, 0),
        Sens("s", None, 4, 6, 10, 62, 0, 0),
    )


def test_the_score_of_the_hands_goes_from_0_to_62() -> None:
    every = [(side, target.finding, target.joint) for side in SIDES for target in TARGETS]
    assert sens(scored(*SIDES, damaged=every))[-1] == Sens("s", None, 32, 30, 62, 62, 0, 0)
    assert sens(scored(*SIDES, damaged=()))[-1] == Sens("s", None, 0, 0, 0, 62, 0, 0)


def test_a_hand_alone_is_all_of_its_study() -> None:
    assert sens(scored("right")) == (
        Sens("s", "right", 1, 4, 5, 31, 0, 0),
        Sens("s", None, 1, 4, 5, 31, 0, 0),
    )


def test_what_is_missing_adds_nothing_and_is_counted() -> None:
    document = scored("left", "right")
    changed: dict[StudyJoint, Callable[[JointRow], JointRow]] = {
        ("left", "erosion", "MCP2"): lost,
        ("left", "jsn", "MCP2"): lost,
        ("left", "erosion", "lunate"): lost,
        ("right", "jsn", "CMC4"): unlearned,
        ("right", "erosion", "IP"): uncertain,
    }
    rows = tuple(
        changed[key](row) if key in changed else row
        for row in document.joints
        for key in [(row.hand, row.finding, row.joint)]
    )
    assert sens(replace(document, joints=rows)) == (
        Sens("s", "left", 2, 1, 3, 28, 0, 3),
        Sens("s", "right", 1, 3, 4, 30, 1, 0),
        Sens("s", None, 3, 4, 7, 58, 1, 3),
    )


def test_a_finding_without_any_classified_joint_has_no_score() -> None:
    document = scored("left", "right")
    rows = tuple(
        unlearned(row) if (row.hand, row.finding) == ("left", "jsn") else row
        for row in document.joints
    )
    assert sens(replace(document, joints=rows)) == (
        Sens("s", "left", 3, None, None, 16, 0, 0),
        Sens("s", "right", 1, 4, 5, 31, 0, 0),
        Sens("s", None, 4, 4, 8, 47, 0, 0),
    )


def test_there_is_none_before_classification() -> None:
    document = scored("left")
    joints = tuple(map(unlearned, document.joints))
    assert sens(replace(document, model=None, joints=joints)) == ()


def test_each_study_has_its_own() -> None:
    one, other = scored("left", name="one"), scored("right", name="other")
    both = replace(one, hands=one.hands + other.hands, joints=one.joints + other.joints)
    assert sens(both) == (*sens(one), *sens(other))
