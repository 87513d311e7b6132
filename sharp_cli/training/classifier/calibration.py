"""What a bundle's scores mean, learned from patients that its networks were not trained on.

`inference.score_calibration` uses it, and says what it is.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize

from sharp_cli.inference.score_calibration import Calibration, Limits
from sharp_cli.training.classifier.results import DECIMALS, Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.training.classifier.unseen import Unseen

ERROR_RATE: Final = 0.1
"""Fraction of joints whose prediction set may lack their label; a choice."""

LEAST_SLOPE: Final = 0.01
"""So that scores keep their order where they tell nothing, and where they mislead."""

_IDENTITY: Final = Calibration(1.0, 0.0)


def fit_calibration(cases: Predictions) -> Calibration:
    """Fit log-odds at a prevalence of one half to scores; with one class, take scores as they are.

    A logistic regression of the scores' log-odds in which both classes weigh the same. As in
    Platt (1999) its targets are not 0 and 1, but (for n joints of a class) 1 / (n + 2) off: so few
    joints that are perfectly apart do not make for certainty.
    """
    truth = cases.truth
    damaged, intact = int(truth.sum()), int((~truth).sum())
    if not damaged or not intact:
        return _IDENTITY
    edge = 10.0**-DECIMALS
    scores = np.clip(cases.probabilities, edge, 1 - edge)
    odds = np.log(scores / (1 - scores))
    weights = np.where(truth, 0.5 / damaged, 0.5 / intact)
    targets = np.where(truth, (damaged + 1) / (damaged + 2), 1 / (intact + 2))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found = parameters[0] * odds + parameters[1]
        errors = weights * (1 / (1 + np.exp(-found)) - targets)
        value = float(weights @ (np.logaddexp(0, found) - targets * found))
        return value, np.array([errors @ odds, errors.sum()])

    bounds = [(LEAST_SLOPE, None), (None, None)]
    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    slope, intercept = fitted.x.round(DECIMALS).tolist()
    return Calibration(slope, intercept)


def fit_limits(cases: Predictions, error_rate: float = ERROR_RATE) -> Limits:
    """The limits of scores by split conformal prediction, each label by its own joints."""
    intact, damaged = (np.sort(cases.probabilities[cases.truth == kind]) for kind in (False, True))
    lacking = math.floor((len(damaged) + 1) * error_rate)
    holding = math.ceil((len(intact) + 1) * (1 - error_rate))
    return Limits(
        intact=float(intact[holding - 1]) if holding <= len(intact) else 1.0,
        non_intact=float(damaged[lacking - 1]) if lacking else 0.0,
    )


def measure_limits(cases: Unseen, threshold: float) -> list[float | str]:
    """How limits do on patients of other folds than those that they are chosen on.

    Args:
        cases: The predictions of a head.
        threshold: Of its labels.

    Returns:
        The fractions of intact and of non-intact joints whose prediction set holds their label, and
        of joints whose label is uncertain; empty where there is none.
    """
    scores, truth = cases.predictions.probabilities, cases.predictions.truth
    covered, uncertain = np.zeros((2, len(truth)), np.bool_)
    for fold in np.unique(cases.folds):
        mine = cases.folds == fold
        limits = fit_limits(cases.predictions.where(~mine))
        intact, damaged = scores[mine] <= limits.intact, scores[mine] >= limits.non_intact
        covered[mine] = np.where(truth[mine], damaged, intact)
        called = scores[mine] >= threshold
        uncertain[mine] = np.where(called, intact | ~damaged, damaged | ~intact)
    return [_mean(covered[~truth]), _mean(covered[truth]), _mean(uncertain)]


def _mean(holds: NDArray[np.bool_]) -> float | str:
    return round(float(holds.mean()), 4) if len(holds) else ""
