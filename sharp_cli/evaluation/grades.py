"""How far raters agree on the grades of joints: the labels, models and readers, two by two."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import FINDINGS, GRADES, JOINT_GROUPS
from sharp_cli.evaluation.cases import TRUTH, joint_key
from sharp_cli.evaluation.metrics.bootstrap import interval, resample_patients
from sharp_cli.evaluation.metrics.ordinal import GRADE_METRICS, confusions, grade_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.evaluation.cases import Cases

ALL_JOINTS: Final = "all joints"

_NONE: Final = -1

_SETS: Final = tuple(
    (finding, joints)
    for finding in FINDINGS
    for joints in (*(group for of, group in JOINT_GROUPS if of == finding), ALL_JOINTS)
)


@dataclass(frozen=True, slots=True)
class GradeAgreement:
    """How far two raters agree on grades, with a 95 % interval by a bootstrap of patients.

    Attributes:
        by: The column that a part of the patients is of; empty where it is all.
        part: What the column says of them.
        finding: `erosion` or `jsn`.
        joints: Joint group, or `ALL_JOINTS`.
        first: A rater.
        second: Another one, or the labels.
        graded: How many joints both grade.
        metric: One of `metrics.ordinal.GRADE_METRICS`.
        value: NaN where it is not defined.
        low: End of the interval; NaN where there is none.
        high: Likewise.
    """

    by: str
    part: str
    finding: Finding
    joints: str
    first: str
    second: str
    graded: int
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Graded:
    """Labelled joints, and the grades that raters, the labels among them, give them.

    Attributes:
        joints: The joints.
        names: Of the raters that give grades.
        readers: Which of them are human readers.
        grades: Shape (raters, joints); -1 where there is none.
        scores: What adds up to totals: the expected grade where a model gives one, else the grade;
            shape (raters, joints), NaN where there is none.
    """

    joints: Sequence[LabelledJoint]
    names: Sequence[str]
    readers: frozenset[str]
    grades: NDArray[np.intp]
    scores: NDArray[np.float64]

    def part(self, on: NDArray[np.bool_]) -> Graded:
        """These grades of some of the joints, shape (joints,)."""
        return Graded(
            [joint for joint, chosen in zip(self.joints, on, strict=True) if chosen],
            self.names,
            self.readers,
            self.grades[:, on],
            self.scores[:, on],
        )


def grades_of(cases: Cases) -> Graded:
    """The grades that labels and raters give.

    Raises:
        DocumentError: There are not two of them to compare.
    """
    given = [
        [rater.calls.get(joint_key(joint)) for joint in cases.joints] for rater in cases.raters
    ]
    grades = [
        [_NONE if call is None or call.grade is None else call.grade for call in row]
        for row in given
    ]
    labels = [_NONE if joint.grade is None else joint.grade for joint in cases.joints]
    table = np.array([*grades, labels], np.intp)
    scores = np.where(table == _NONE, np.nan, table)
    for row, calls in zip(scores, given, strict=False):
        expected = [
            np.nan if one is None or one.expected is None else one.expected for one in calls
        ]
        row[:] = np.where(np.isnan(expected), row, expected)
    names = np.array([*(rater.name for rater in cases.raters), TRUTH])
    on = (table != _NONE).any(axis=1)
    if on.sum() < 2:  # noqa: PLR2004 - it takes two to agree
        message = (
            f"only {', '.join(names[on]) or 'none'} of {', '.join(names)} give grades, and two are "
            "needed; give labels, models or readers with a column grade"
        )
        raise DocumentError(message)
    readers = frozenset(rater.name for rater in cases.raters if rater.reader)
    return Graded(cases.joints, names[on].tolist(), readers, table[on], scores[on])


def grade_agreements(
    graded: Graded, *, resamples: int, seed: int, by: str = "", part: str = ""
) -> Iterator[GradeAgreement]:
    """How far every two raters agree on each joint group and on all joints.

    Args:
        graded: The grades.
        resamples: Of the patients; 0 for no intervals.
        seed: Random seed of the resamples.
        by: See `GradeAgreement`, like `part`.
        part: See there.
    """
    owners = np.unique([joint.patient for joint in graded.joints], return_inverse=True)[1]
    patients = int(owners.max(initial=-1)) + 1
    drawn = resample_patients(patients, resamples, seed)
    groups = np.array([joint.joint_group for joint in graded.joints]).reshape(-1, 2)
    for finding, joints in _SETS:
        inside = (groups[:, 0] == finding) & ((groups[:, 1] == joints) | (joints == ALL_JOINTS))
        for first, second in combinations(range(len(graded.names)), 2):
            on = inside & (graded.grades[[first, second]] != _NONE).all(axis=0)
            matrices = confusions(
                graded.grades[first, on],
                graded.grades[second, on],
                owners[on],
                len(GRADES[finding]),
                patients,
            )
            values = grade_metrics(np.tensordot(drawn, matrices, 1))
            for metric, (own, *others) in zip(GRADE_METRICS, values.T, strict=True):
                yield GradeAgreement(
                    by,
                    part,
                    finding,
                    joints,
                    graded.names[first],
                    graded.names[second],
                    int(on.sum()),
                    metric,
                    float(own),
                    *interval(np.array(others), patients),
                )
