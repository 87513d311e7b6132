"""False alarms: joints that are called non-intact on hands that are known to be intact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.joint_keys import match_image
from sharp_cli.evaluation.metrics.bootstrap import estimate
from sharp_cli.evaluation.metrics.detection import ALL_JOINTS, grouped
from sharp_cli.evaluation.metrics.ranking import fraction
from sharp_cli.evaluation.tables import Table, format_number
from sharp_cli.fileio.tables import Problem, raise_problems, read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.results.document import JointRow

BOTH_FINDINGS: Final = "all"

_COLUMNS: Final = ("image", "leave_out")


class Exclusion(NamedTuple):
    """What is known of an image of intact hands.

    Attributes:
        patient: Whose it is; the image itself where nobody is named.
        joints: Joints that do not count, such as injured ones.
    """

    patient: str
    joints: frozenset[str]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """How many joints of a set are called non-intact.

    Attributes:
        finding: `erosion`, `jsn`, or `BOTH_FINDINGS`.
        joints: Joint group, or `ALL_JOINTS`.
        non_intact: How many are called non-intact.
        of: How many are classified.
        percent: How many of a hundred are called non-intact.
        low: Lower end of its 95 % interval, by a bootstrap of patients.
        high: Upper end.
    """

    finding: str
    joints: str
    non_intact: int
    of: int
    percent: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FalseAlarmEvaluation:
    """All that is measured."""

    false_alarms: Sequence[FalseAlarms]


class Call(NamedTuple):
    """The label that a joint of an intact hand was given."""

    patient: str
    finding: Finding
    group: str
    non_intact: bool


def read_exclusions(path: Path) -> dict[str, Exclusion]:
    """Read which joints do not count, by image: `image,leave_out` and, if there, `patient`.

    `leave_out` names joints with spaces between them.

    Raises:
        DocumentError: Listing every bad row.
    """
    optional = ("patient",) if "patient" in read_header(path) else ()
    exclusions: dict[str, Exclusion] = {}
    problems: list[Problem] = []
    for line, row in read_table(path, (*_COLUMNS, *optional)):
        image, joints = row["image"], row["leave_out"].split()
        wrong = [f"unknown joint {joint!r}" for joint in joints if joint not in POINTS]
        if not image or image in exclusions:
            wrong.append(f"{image} stands twice" if image else "no image")
        problems += [Problem(f"line {line}", what) for what in wrong]
        exclusions[image] = Exclusion(row.get("patient") or image, frozenset(joints))
    raise_problems(path, problems)
    return exclusions


def classified_joints(
    joints: Iterable[JointRow], exclusions: Mapping[str, Exclusion]
) -> Iterator[Call]:
    """The joints that count: all that are classified and not excluded."""
    for row in joints:
        if row.label is None:
            continue
        known = exclusions.get(match_image(row.file, exclusions))
        if known is None or row.joint not in known.joints:
            patient = row.file if known is None else known.patient
            yield Call(patient, row.finding, row.group, row.label == "non-intact")


def evaluate_false_alarms(path: Path, calls: Sequence[Call]) -> FalseAlarmEvaluation:
    """Measure false alarms by finding and joint group, by finding, and of all joints.

    Args:
        path: The file of the calls, for messages.
        calls: See `classified_joints`.

    Raises:
        DocumentError: There are no calls.
    """
    if not calls:
        message = f"{path}: no joint in it is classified and counts; give what sharp score wrote"
        raise DocumentError(message)
    measured = [
        _measure(finding, joints, own) for (finding, joints), own in grouped(calls).items() if own
    ]
    return FalseAlarmEvaluation([*measured, _measure(BOTH_FINDINGS, ALL_JOINTS, calls)])


def _measure(finding: str, joints: str, calls: Sequence[Call]) -> FalseAlarms:
    called = np.array([call.non_intact for call in calls])

    def metrics(drawn: NDArray[np.intp]) -> dict[str, float]:
        return {"percent": 100 * fraction(called[drawn])}

    percent = estimate(metrics, [call.patient for call in calls])["percent"]
    return FalseAlarms(finding, joints, int(called.sum()), len(calls), *percent)


def table(evaluation: FalseAlarmEvaluation) -> Table:
    """The false alarms for reading."""
    return Table(
        "Joints of intact hands that are called non-intact, in percent, with 95 % intervals by a "
        "bootstrap of patients.",
        ("finding", "joints", "non_intact", "of", "percent", "low", "high"),
        [
            (
                *(one.finding, one.joints, str(one.non_intact), str(one.of)),
                *(
                    format_number(value, ".1f", undefined="")
                    for value in (one.percent, one.low, one.high)
                ),
            )
            for one in evaluation.false_alarms
        ],
    )
