"""Metrics of the probabilities of damaged cases beside those of intact ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray


def roc_auc(damaged: NDArray[np.float64], intact: NDArray[np.float64]) -> float:
    """The area under the ROC curve, by ranks: how often a damaged case has the higher probability.

    Args:
        damaged: Probabilities of the damaged cases, shape (D,).
        intact: Those of the intact cases, shape (I,).

    Returns:
        Ties count half; NaN where there are no damaged or no intact cases.
    """
    pairs = len(damaged) * len(intact)
    if not pairs:
        return math.nan
    ranks = rankdata(np.concatenate([damaged, intact]))[: len(damaged)]
    return float(ranks.sum() - len(damaged) * (len(damaged) + 1) / 2) / pairs


def sensitivity_at(
    false_calls: float, damaged: NDArray[np.float64], intact: NDArray[np.float64]
) -> float:
    """The fraction of damaged cases above the threshold that `false_calls` of the intact exceed.

    Args:
        false_calls: A fraction of the intact cases.
        damaged: As for `roc_auc`.
        intact: Likewise.
    """
    if not len(damaged) or not len(intact):
        return math.nan
    return float(np.mean(damaged > np.quantile(intact, 1 - false_calls)))


def fraction(called: NDArray[np.bool_] | NDArray[np.float64]) -> float:
    """The mean of calls, or of fractions; NaN of none."""
    return float(np.mean(called)) if len(called) else math.nan
