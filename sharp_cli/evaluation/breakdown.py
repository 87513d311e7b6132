"""Metrics of raters on parts of the joints: of one grade, hand, patient, or joint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.joints import FINDINGS
from sharp_cli.evaluation.cases import JOINT_SETS
from sharp_cli.evaluation.metrics.classification import classification_metrics, confusion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.evaluation.cases import Cases


@dataclass(frozen=True, slots=True)
class Grade:
    """How many joints of one SHS grade a rater calls non-intact.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: The joint set.
        grade: The grade.
        name: Of the rater.
        called: How many joints of the grade it calls.
        non_intact: How many of these it calls non-intact.
        share: The fraction of these.
    """

    finding: Finding
    joints: str
    grade: int
    name: str
    called: int
    non_intact: int
    share: float


@dataclass(frozen=True, slots=True)
class Part:
    """Counts and metrics of a rater on a part of the joints of a finding, such as a patient's.

    Attributes:
        finding: `erosion` or `jsn`.
        part: The part: a joint, a side, a hand or a patient.
        name: Of the rater.
        true_positives: Non-intact joints that it calls non-intact.
        false_negatives: Non-intact joints that it calls intact.
        false_positives: Intact joints that it calls non-intact.
        true_negatives: Intact joints that it calls intact.
        sensitivity: Fraction of the non-intact joints that it calls non-intact.
        specificity: Fraction of the intact joints that it calls intact.
        f_measure: Harmonic mean of precision and sensitivity.
        pr_auc: Area under the precision-recall curve.
    """

    finding: Finding
    part: str
    name: str
    true_positives: int
    false_negatives: int
    false_positives: int
    true_negatives: int
    sensitivity: float
    specificity: float
    f_measure: float
    pr_auc: float


def by_grade(cases: Cases) -> Iterator[Grade]:
    """How many joints of each grade are called non-intact, where the labels are grades."""
    grades = np.array([-1 if joint.grade is None else joint.grade for joint in cases.joints])
    for finding, joints in JOINT_SETS:
        inside = cases.inside(finding, joints)
        for grade in sorted({*grades[inside].tolist()} - {-1}):
            for number, rater in enumerate(cases.raters):
                on = inside & cases.known[number] & (grades == grade)
                count, found = int(on.sum()), int(cases.called[number, on].sum())
                fraction = found / count if count else np.nan
                yield Grade(finding, joints, grade, rater.name, count, found, fraction)


def by_part(
    cases: Cases, part: Callable[[LabelledJoint], str], order: Iterable[str] = ()
) -> Iterator[Part]:
    """Metrics by finding, part and rater.

    Args:
        cases: Labelled joints and what raters say of them.
        part: Which part a joint is of.
        order: Of the parts, as far as it is not that of the labels.
    """
    for finding in FINDINGS:
        parts: dict[str, list[int]] = {name: [] for name in order}
        for at, joint in enumerate(cases.joints):
            if joint.finding == finding:
                parts.setdefault(part(joint), []).append(at)
        for name, members in parts.items():
            for number, rater in enumerate(cases.raters):
                on = [at for at in members if cases.known[number, at]]
                if not on:
                    continue
                damaged, called = cases.damaged[on], cases.called[number, on]
                together = np.zeros(len(on), np.intp), np.ones((1, 1))
                probabilities = cases.probabilities[number, on]
                values = classification_metrics(probabilities, called, damaged, *together)[0]
                counts = [int(cells.sum()) for cells in confusion(called, damaged)]
                yield Part(finding, name, rater.name, *counts, *values[:4].tolist())
