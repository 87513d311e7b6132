"""Documents with grades."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sharp_cli.core.joints import GRADES, SIDES
from sharp_cli.inference.grading import Correlation
from tests.results.test_sens import scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.results.document import Document, JointRow

CORRELATION = Correlation(0.1, 0.1, 0.05, 0.2, 0.05)


def graded(
    grades: Mapping[StudyJoint, int | Sequence[float]],
    *sides: Side,
    name: str = "s",
    correlation: Correlation | None = CORRELATION,
) -> Document:
    """A study with the grades of some joints, or their probabilities; the others are intact."""
    document = scored(*(sides or SIDES), damaged=(), name=name)
    return replace(
        document,
        joints=tuple(
            with_grade(row, grades.get((row.hand, row.finding, row.joint), 0))
            for row in document.joints
        ),
        grade_correlation={} if correlation is None else {"siso": correlation},
    )


def with_grade(row: JointRow, given: int | Sequence[float]) -> JointRow:
    shares = (
        tuple(float(grade == given) for grade in GRADES[row.finding])
        if isinstance(given, int)
        else tuple(given)
    )
    damaged = shares[0] < 0.5
    median = next(grade for grade in GRADES[row.finding] if sum(shares[: grade + 1]) > 0.5)
    return replace(
        row,
        probability=1 - shares[0],
        label="non-intact" if damaged else "intact",
        grade=median,
        expected_grade=sum(grade * share for grade, share in enumerate(shares)),
        grade_probabilities=shares,
    )


def ungraded(row: JointRow) -> JointRow:
    return replace(row, grade=None, expected_grade=None, grade_probabilities=None)
