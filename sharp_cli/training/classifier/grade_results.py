"""Grades of held-out joints, and what a bundle learns from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sklearn.metrics import cohen_kappa_score

from sharp_cli.inference.grading import grade
from sharp_cli.training.classifier.grade_calibration import (
    cross_fitted,
    fit_grade_calibration,
    graded_cases,
    severities,
)
from sharp_cli.training.classifier.grade_correlation import GradedJoint, fit_correlation
from sharp_cli.training.classifier.grade_levels import with_levels
from sharp_cli.training.classifier.graded import damage_grades
from sharp_cli.training.classifier.unseen import unseen_by_fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.inference.grading import Correlation, GradeCalibration
    from sharp_cli.training.classifier.grade_calibration import GradedCases
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.results import HeadResult
    from sharp_cli.training.classifier.unseen import Unseen

    AtLeast: TypeAlias = NDArray[np.float64]

GRADE_METRIC_COLUMNS: Final = (
    "model", "finding", "group", "joints", "kappa", "mean_error", "absolute_error", "exact",
    "within_1",
)  # fmt: skip
"""Of grades against expected ones: mean and mean absolute error; quadratic weighted kappa, and how
often the grade is the same or differs by 1 at most."""

_METRIC_DECIMALS: Final = 4


class HeldOutGrades(NamedTuple):
    """What a head says of joints that its networks were not trained on.

    Attributes:
        cases: The joints.
        at_least: The probabilities of a grade of at least 1, 2, ..., shape (N, G).
    """

    cases: GradedCases
    at_least: AtLeast


@dataclass(frozen=True, slots=True)
class BundleGrades:
    """What a bundle says of grades.

    Attributes:
        calibration: By the heads that grade.
        correlation: By model.
        held_out: By head, what it is measured on.
    """

    calibration: Mapping[HeadName, GradeCalibration]
    correlation: Mapping[ModelName, Correlation]
    held_out: Mapping[HeadName, HeldOutGrades]

    def as_meta(self) -> dict[str, Any]:
        """As `bundle.json` holds it; see `inference.grading`."""
        heads: dict[ModelName, dict[str, Any]] = {}
        for head, one in self.calibration.items():
            heads.setdefault(head.model, {})[f"{head.finding}/{head.group}"] = asdict(one)
        correlations = {model: asdict(one) for model, one in self.correlation.items()}
        return {"calibration": heads, "correlation": correlations}

    def metrics(self, thresholds: Mapping[HeadName, float]) -> list[tuple[object, ...]]:
        """The rows of `GRADE_METRIC_COLUMNS`.

        Args:
            thresholds: From which score on a joint is non-intact, by head.
        """
        return [
            (*head, *_metrics(held_out, thresholds[head]))
            for head, held_out in self.held_out.items()
        ]


def bundle_grades(
    unseen: Mapping[HeadName, Unseen],
    severity: Mapping[HeadName, Unseen],
    labelled: Sequence[LabelledJoint],
) -> BundleGrades:
    """Learn what a bundle's severities mean, and how the errors of its grades go together.

    Args:
        unseen: What it says of damage of joints that its networks were not trained on.
        severity: Likewise of severity, by the heads that grade.
        labelled: The cohort's joints.
    """
    cases = graded_cases(unseen, severity, damage_grades(labelled))
    held_out = {
        head: HeldOutGrades(mine, cross_fitted(mine, head.finding)) for head, mine in cases.items()
    }
    joints: dict[ModelName, list[GradedJoint]] = {}
    for head, (mine, at_least) in held_out.items():
        for index, known, found in zip(
            mine.damage.joints, np.isfinite(mine.grades), at_least, strict=True
        ):
            if known:
                joints.setdefault(head.model, []).append(GradedJoint(labelled[index], found))
    return BundleGrades(
        {head: fit_grade_calibration(mine, head.finding) for head, mine in cases.items()},
        {model: with_levels(fit_correlation(mine), mine) for model, mine in joints.items()},
        held_out,
    )


def tested_grades(
    results: Sequence[HeadResult], labelled: Sequence[LabelledJoint]
) -> dict[tuple[HeadName, int], AtLeast]:
    """By head and joint, what the network of the fold that tests it says of its grade."""
    cases = graded_cases(
        unseen_by_fold(results), unseen_by_fold(severities(results)), damage_grades(labelled)
    )
    return {
        (head, int(index)): found
        for head, mine in cases.items()
        for index, found in zip(mine.damage.joints, cross_fitted(mine, head.finding), strict=True)
    }


def _metrics(held_out: HeldOutGrades, threshold: float) -> tuple[float | int | str, ...]:
    cases, at_least = held_out
    called = cases.damage.probabilities >= threshold
    known = np.isfinite(cases.grades)
    truth, expected = cases.grades[known], at_least.sum(axis=1)[known]
    given = np.array(
        [grade(one, damaged=bool(label)) for one, label in zip(at_least, called, strict=True)]
    )[known]
    if not len(truth):
        return (0, "", "", "", "", "")
    kappa = cohen_kappa_score(truth.astype(int), given, weights="quadratic")
    errors, apart = expected - truth, np.abs(given - truth)
    figures = (
        kappa,
        errors.mean(),
        np.abs(errors).mean(),
        (apart == 0).mean(),
        (apart <= 1).mean(),
    )
    return (len(truth), *(round(float(one), _METRIC_DECIMALS) for one in figures))
