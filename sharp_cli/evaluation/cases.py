"""Labelled joints matched with what raters say of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS
from sharp_cli.datasets.joint_keys import JointKey, index_joints
from sharp_cli.evaluation.raters import Call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.evaluation.raters import Rater

MissingAs = Literal["intact", "non-intact", "exclude"]
"""What a labelled joint that a rater does not call counts as."""

AVERAGE: Final = "average of readers"
"""The column of the means of the readers' metrics."""

TRUTH: Final = "labels"
"""What the labels are called among the raters."""

_ASSUMED: Final[Mapping[MissingAs, Call]] = {
    "intact": Call(0.0, damaged=False),
    "non-intact": Call(1.0, damaged=True),
}


def _joint_sets() -> dict[tuple[Finding, str], tuple[str, ...]]:
    sets: dict[tuple[Finding, str], tuple[str, ...]] = {}
    for finding in FINDINGS:
        groups = tuple(group for of, group in JOINT_GROUPS if of == finding)
        fingers = tuple(group for group in groups if group != "wrist")
        sets[finding, "+".join(fingers)] = fingers
        sets[finding, "wrist"] = ("wrist",)
        sets[finding, "all joints"] = groups
    return sets


JOINT_SETS: Final = _joint_sets()
"""The joint groups of the paper's sets, by finding and the set's name, in Table 4's order."""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """How the joints of one rater and the labelled ones match.

    Attributes:
        name: Of the rater.
        called: Labelled joints that it calls.
        not_called: Labelled joints of which it says nothing.
        not_labelled: Joints that it calls and that are not labelled.
        not_assessable: Joints that it says cannot be assessed; labelled ones are among
            `not_called`.
    """

    name: str
    called: int
    not_called: int
    not_labelled: int
    not_assessable: int


@dataclass(frozen=True, slots=True)
class Cases:
    """Labelled joints and what raters say of them.

    Attributes:
        joints: The labelled joints.
        raters: The raters.
        partners: How their joints match, by rater.
        damaged: The truth, shape (joints,).
        known: Which are called, shape (raters, joints); all, where a missing call counts as one.
        probabilities: Of damage, shape (raters, joints); 0 where not known.
        called: Which are called non-intact, shape (raters, joints); none where not known.
    """

    joints: Sequence[LabelledJoint]
    raters: Sequence[Rater]
    partners: Sequence[MatchCounts]
    damaged: NDArray[np.bool_]
    known: NDArray[np.bool_]
    probabilities: NDArray[np.float64]
    called: NDArray[np.bool_]

    def inside(self, finding: Finding, joints: str) -> NDArray[np.bool_]:
        """Which joints are of one of `JOINT_SETS`, shape (joints,)."""
        groups = {(finding, group) for group in JOINT_SETS[finding, joints]}
        return np.array([joint.joint_group in groups for joint in self.joints], bool)

    def read_by_all(self) -> tuple[int, dict[str, int]]:
        """How many joints all readers call, which their average is of, and how many each one."""
        readers = [number for number, rater in enumerate(self.raters) if rater.reader]
        known = self.known[readers]
        names = [self.raters[number].name for number in readers]
        return int(known.all(axis=0).sum()), dict(
            zip(names, known.sum(axis=1).tolist(), strict=True)
        )

    def patients(self) -> NDArray[np.intp]:
        """The number of each joint's patient, from 0, shape (joints,)."""
        return np.unique([joint.patient for joint in self.joints], return_inverse=True)[1]

    def part(self, on: NDArray[np.bool_]) -> Cases:
        """These cases of some of the joints, shape (joints,)."""
        return Cases(
            [joint for joint, chosen in zip(self.joints, on, strict=True) if chosen],
            self.raters,
            self.partners,
            damaged=self.damaged[on],
            known=self.known[:, on],
            probabilities=self.probabilities[:, on],
            called=self.called[:, on],
        )


def picture(joint: LabelledJoint) -> str:
    """What names the picture of a joint: the radiograph, or else its patch."""
    return joint.image or joint.file


def joint_key(joint: LabelledJoint) -> JointKey:
    """By which raters' calls are matched with a joint."""
    return JointKey(picture(joint), joint.side, joint.finding, joint.joint)


def match(
    path: Path, joints: Sequence[LabelledJoint], raters: Sequence[Rater], missing: MissingAs
) -> Cases:
    """Match labelled joints with those of raters, by picture, hand, finding and joint.

    Args:
        path: The file of labels, for messages.
        joints: What it holds.
        raters: See `raters.read_models`.
        missing: What a missing call counts as; `exclude` excludes the joint for the rater that
            lacks it, and from what compares that rater with others.

    Raises:
        DocumentError: A joint is labelled twice, or a rater and the labels have none in common.
        UsageError: Two raters have one name.
    """
    times = Counter([*(rater.name for rater in raters), AVERAGE, TRUTH])
    for name, count in times.items():
        if count > 1:
            message = f"{name}: the name of more than one column; rename a file or a reader"
            raise UsageError(message)
    keys = [joint_key(joint) for joint in joints]
    lines = (f"line {joint.line}" for joint in joints)
    index_joints(path, zip(lines, keys, joints, strict=True))
    partners = []
    for rater in raters:
        called = sum(key in rater.calls for key in keys)
        if not called:
            message = f"{path}: none of the joints of {rater.name} is labelled; compare the names "
            raise DocumentError(message + "of pictures, hands and joints")
        others = len(keys) - called, len(rater.calls) - called
        partners.append(MatchCounts(rater.name, called, *others, rater.not_assessable))
    assumed = _ASSUMED.get(missing)
    calls = [[rater.calls.get(key, assumed) for key in keys] for rater in raters]
    return Cases(
        joints,
        raters,
        partners,
        damaged=np.array([joint.damaged for joint in joints]),
        known=np.array([[call is not None for call in row] for row in calls]),
        probabilities=np.array(
            [[call.probability if call else 0.0 for call in row] for row in calls]
        ),
        called=np.array([[call is not None and call.damaged for call in row] for row in calls]),
    )
