"""Check the labels of sets of joints against each other and against those of single joints."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from sharp_cli.core.joints import SET_JOINTS
from sharp_cli.fileio.tables import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sharp_cli.datasets.labels import LabelledJoint, LabelledSet


def set_problems(joints: Sequence[LabelledJoint], sets: Sequence[LabelledSet]) -> Iterator[Problem]:
    """Labels of sets that contradict others, or say the same in part.

    An intact set of which a joint is non-intact is not among them: it is found where labels of
    joints contradict each other, since those of its joints are among these.

    Args:
        joints: The labelled joints, those of intact sets included.
        sets: The labelled sets.
    """
    hands: dict[tuple[object, ...], list[LabelledSet]] = defaultdict(list)
    for one in sets:
        hands[one.patient, one.study, one.side, one.finding].append(one)
    for same in hands.values():
        for one, other in combinations(same, 2):
            where = f"lines {one.line} and {other.line}"
            if one.name == other.name:
                if one.damaged != other.damaged:
                    what = "the same set of joints with different labels; keep the right one"
                    yield Problem(where, what)
            elif not {*SET_JOINTS[one.finding, one.name]}.isdisjoint(
                SET_JOINTS[other.finding, other.name]
            ):
                what = f"{one.name} and {other.name} have joints in common; keep one of them"
                yield Problem(where, what)
    lines = {one.identity: one.line for one in joints if not one.damaged}
    for one in sets:
        if one.damaged and all(joint.identity in lines for joint in one.joints):
            intact = sorted({lines[joint.identity] for joint in one.joints})
            where = f"line {one.line} and lines {' and '.join(map(str, intact))}"
            yield Problem(where, "a non-intact set whose joints are all intact; correct one")


def unneeded_sets(
    joints: Sequence[LabelledJoint], sets: Sequence[LabelledSet]
) -> list[LabelledSet]:
    """Sets of which a joint is labelled non-intact, so that the set's label says no more."""
    damaged = {one.identity for one in joints if one.damaged}
    return [one for one in sets if any(joint.identity in damaged for joint in one.joints)]
