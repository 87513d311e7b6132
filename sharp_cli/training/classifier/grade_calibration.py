"""What a bundle's severities mean, and what its grades are for patients not trained on.

`inference.grading` uses the former, and says what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize

from sharp_cli.core.joints import GRADES
from sharp_cli.inference.grading import LOWEST_CUT, GradeCalibration
from sharp_cli.training.classifier.calibration import LEAST_SLOPE, fit_calibration
from sharp_cli.training.classifier.results import DECIMALS, Predictions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.results import HeadResult
    from sharp_cli.training.classifier.unseen import Unseen

_RANGE: Final = (0.001, 0.999)
"""Of the prevalence in a cohort."""


@dataclass(frozen=True, slots=True)
class GradedCases:
    """Joints that a head grades, and that its networks were not trained on.

    Attributes:
        damage: Scores and truth.
        severities: Shape (N,).
        grades: 0 for intact, NaN for non-intact of unknown grade, shape (N,).
        folds: That test the joints, shape (N,).
    """

    damage: Predictions
    severities: NDArray[np.float64]
    grades: NDArray[np.float64]
    folds: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> GradedCases:
        """Those that are chosen, shape (N,)."""
        return GradedCases(
            self.damage.where(chosen),
            self.severities[chosen],
            self.grades[chosen],
            self.folds[chosen],
        )


def severities(results: Iterable[HeadResult]) -> list[HeadResult]:
    """The results of the heads that grade, with severities in place of probabilities."""
    return [
        one._replace(validation=one.severity[0], test=one.severity[1])
        for one in results
        if one.severity is not None
    ]


def graded_cases(
    unseen: Mapping[HeadName, Unseen],
    severity: Mapping[HeadName, Unseen],
    grades: NDArray[np.float32],
) -> dict[HeadName, GradedCases]:
    """The cases of each head that grades, of the joints for which it has a severity.

    Args:
        unseen: The predictions of damage.
        severity: Those of severity, by the heads that grade.
        grades: Of the cohort's joints, see `graded.damage_grades`.
    """
    found = {}
    for head, (severe, _) in severity.items():
        damage, folds = unseen[head]
        both = np.isin(damage.joints, severe.joints)
        kept = damage.where(both)
        place = np.searchsorted(severe.joints, kept.joints)
        known = np.where(kept.truth, grades[kept.joints], 0.0)
        found[head] = GradedCases(kept, severe.probabilities[place], known, folds[both])
    return found


def fit_grade_calibration(cases: GradedCases, finding: Finding) -> GradeCalibration:
    """Fit the cumulative-logit model to the non-intact joints of known grade.

    It is that of CORAL: the cut-points' binary tasks share their slope. So cut-points are in order
    (Cao, Mirjalili & Raschka, Pattern Recognit Lett 140:325, 2020, theorem 1). Targets are a little
    off 0 and 1, as `calibration.fit_calibration` has them.
    """
    known = cases.grades >= 1
    severity, grades = cases.severities[known], cases.grades[known]
    reached = grades[:, None] >= np.arange(LOWEST_CUT, GRADES[finding][-1] + 1)
    above, below = reached.sum(axis=0), (~reached).sum(axis=0)
    targets = np.where(reached, (above + 1) / (above + 2), 1 / (below + 2))
    count = max(len(grades), 1)
    start = np.log((below + 1) / (above + 1))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = parameters[0] * severity[:, None] - parameters[1:]
        errors = (1 / (1 + np.exp(-odds)) - targets) / count
        value = float((np.logaddexp(0, odds) - targets * odds).sum()) / count
        return value, np.concatenate([[(errors.T @ severity).sum()], -errors.sum(axis=0)])

    bounds = [(LEAST_SLOPE, None), *[(None, None)] * len(start)]
    begin = np.concatenate([[1.0], start])
    fitted = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds).x
    slope, *cuts = fitted.round(DECIMALS).tolist()
    return GradeCalibration(slope, tuple(np.maximum.accumulate(cuts).tolist()))


def cross_fitted(cases: GradedCases, finding: Finding) -> NDArray[np.float64]:
    """The probabilities of a grade of at least 1, 2, ... of each joint, shape (N, G).

    Scores of damage and severities are calibrated in each fold on the joints of the others, and to
    the prevalence among these.
    """
    found = np.empty((len(cases.grades), GRADES[finding][-1]))
    for fold in np.unique(cases.folds):
        mine = cases.folds == fold
        others = cases.of(~mine)
        scores = cases.damage.probabilities[mine].tolist()
        if not len(others.grades):
            others = cases
        prevalence = float(np.clip(others.damage.truth.mean(), *_RANGE))
        calibration = fit_calibration(others.damage)
        damage = [calibration.probability(score, prevalence) for score in scores]
        model = fit_grade_calibration(others, finding)
        found[mine] = model.at_least(np.array(damage), cases.severities[mine])
    return found
