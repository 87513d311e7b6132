"""Metrics of binary classification, of many weightings of the same joints at a time.

With whole weights they are scikit-learn's: the area under the precision-recall curve is
`auc` of `precision_recall_curve`, by trapezoids; there are also `average_precision_score`,
`roc_auc_score` and `brier_score_loss`. Where scikit-learn warns of a class that is missing, a
metric is NaN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRICS: Final = (
    "sensitivity", "specificity", "f_measure", "pr_auc", "average_precision", "roc_auc", "brier",
)  # fmt: skip

_AT_A_TIME: Final = 30_000
"""Weights of joints at a time: so little memory is used again, not asked of the system anew."""


def classification_metrics(
    probabilities: NDArray[np.float64],
    called: NDArray[np.bool_],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The metrics of each weighting of clusters of joints.

    Args:
        probabilities: Of damage, shape (joints,).
        called: Which are called non-intact, shape (joints,).
        damaged: Which are, shape (joints,).
        clusters: The number of each joint's cluster, from 0, shape (joints,).
        weights: How many times each cluster counts, shape (weightings, clusters).

    Returns:
        `METRICS`, shape (weightings, 7).
    """

    def add(values: NDArray[Any]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = weights @ np.bincount(clusters, values, weights.shape[1])
        return total

    counts = np.stack([add(cell) for cell in confusion(called, damaged)], axis=-1)
    error = add(np.square(probabilities - damaged))
    areas = [
        _areas(probabilities, damaged, clusters, weights[start : start + step])
        for step in [max(1, _AT_A_TIME // max(1, len(clusters)))]
        for start in range(0, len(weights), step)
    ]
    with np.errstate(invalid="ignore"):
        brier = error / counts.sum(axis=-1)
    return np.column_stack([rates(counts), np.concatenate(areas), brier])


def confusion(
    called: NDArray[np.bool_], damaged: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], ...]:
    """Which are true positives, false negatives, false positives, true negatives."""
    return damaged & called, damaged & ~called, ~damaged & called, ~damaged & ~called


def rates(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sensitivity, specificity and F-measure.

    Args:
        counts: True positives, false negatives, false positives and true negatives,
            shape (…, 4); damage is positive.

    Returns:
        Shape (…, 3); NaN where there is nothing to find, or nothing that is not.
    """
    hits, misses, alarms, rest = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore"):
        sensitivity = hits / (hits + misses)
        specificity = rest / (rest + alarms)
        f_measure = 2 * hits / (2 * hits + misses + alarms)
    f_measure = np.where(np.isnan(sensitivity), np.nan, f_measure)
    return np.stack([sensitivity, specificity, f_measure], axis=-1)


def _areas(
    probabilities: NDArray[np.float64],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """PR-AUC, average precision and ROC-AUC of each weighting, shape (weightings, 3)."""
    if not len(probabilities):
        return np.full((len(weights), 3), np.nan)
    order = np.argsort(-probabilities, kind="stable")
    # Joints of one probability are one step of the curves.
    ends = np.flatnonzero(np.diff(probabilities[order], append=-np.inf))
    weighted = weights[:, clusters[order]]
    reached = np.cumsum(weighted, axis=1)[:, ends]
    weighted *= damaged[order]
    hits = np.cumsum(weighted, axis=1)[:, ends]
    # Where nothing is reached yet the curve begins, with recall 0 and precision 1.
    precision = np.divide(hits, reached, out=np.ones_like(hits), where=reached > 0)
    positives, negatives = hits[:, -1], reached[:, -1] - hits[:, -1]
    more_hits, more_alarms = np.diff(hits, prepend=0), np.diff(reached - hits, prepend=0)
    pr_area = (more_hits * _step_means(precision, first=1)).sum(axis=1)
    pr_steps = (more_hits * precision).sum(axis=1)
    roc_area = (more_alarms * _step_means(hits, first=0)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        return np.column_stack(
            [pr_area / positives, pr_steps / positives, roc_area / (positives * negatives)]
        )


def _step_means(curve: NDArray[np.float64], *, first: float) -> NDArray[np.float64]:
    """The mean of a curve over each step, from the point before it: `first` before the first."""
    before = np.column_stack([np.full(len(curve), first), curve[:, :-1]])
    return np.asarray((curve + before) / 2)
