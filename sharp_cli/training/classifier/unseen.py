"""Predictions as a bundle makes them, of patients that its networks were not trained on.

A bundle is the mean of the networks of all folds, or one final network. On these predictions its
thresholds are chosen, its probabilities calibrated and its metrics measured.

Of the networks of K folds each patient is new to two: that of the fold that tests them, and that of
the fold in which they validate, where they decided no more than the epoch. Both are used, for two
show what one cannot: how much networks differ. Their mean scatters more than the mean of K, which
is what fresh patients get. For networks that are alike, the variance of the mean of m is
covariance + (variance - covariance) / m; so predictions are drawn together to the scatter of K,
intact and non-intact joints of a head each around their own mean.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.training.classifier.results import DECIMALS, Predictions, by_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.results import HeadResult

_FEWEST: Final = 3
"""Joints of a class from which variances are estimated; of fewer the mean is taken as it is."""


class Unseen(NamedTuple):
    """The predictions of a head, in the order of the cohort's list.

    Attributes:
        predictions: Of every joint that a network was not trained on.
        folds: That test the joints, shape (N,); 0 where that fold has no network.
    """

    predictions: Predictions
    folds: NDArray[np.int64]


def unseen_by_ensemble(results: Iterable[HeadResult]) -> Mapping[HeadName, Unseen]:
    """What the mean of the networks of all folds predicts, by head."""
    return {head: _of_ensemble(folds) for head, folds in by_head(results).items()}


def unseen_by_final(
    final: Iterable[HeadResult], results: Iterable[HeadResult]
) -> Mapping[HeadName, Unseen]:
    """What one network predicts, by head of the final fit.

    Its own predictions are those of its validation patients, on whom it chose no more than the
    epoch; for all others the network of the fold that tests them stands in, its like.
    """
    folds = by_head(results)
    return {own.head: _of_final(own, folds.get(own.head, [])) for own in final}


def unseen_by_fold(results: Iterable[HeadResult]) -> Mapping[HeadName, Unseen]:
    """What the network of the fold that tests a joint predicts, by head."""
    return {head: _of_tests(folds) for head, folds in by_head(results).items()}


def _of_tests(folds: Sequence[HeadResult]) -> Unseen:
    found = _Table([one.test for one in folds], rows=1)
    for one in folds:
        found.enter(0, one.test, one.fold)
    return found.unseen()


def _of_ensemble(folds: Sequence[HeadResult]) -> Unseen:
    found = _Table([part for one in folds for part in (one.test, one.validation)], rows=2)
    for one in folds:
        found.enter(0, one.test, one.fold)
        found.enter(1, one.validation)
    for damaged in (False, True):
        mine = found.truth == damaged
        found.values[:, mine] = _as_mean_of(len(folds), found.values[:, mine])
    return found.unseen()


def _of_final(final: HeadResult, folds: Sequence[HeadResult]) -> Unseen:
    found = _Table([final.validation, *(one.test for one in folds)], rows=1)
    for one in folds:
        found.enter(0, one.test, one.fold)
    found.enter(0, final.validation)
    return found.unseen()


class _Table:
    """Predictions by their joints' places in the cohort's list."""

    def __init__(self, parts: Sequence[Predictions], *, rows: int) -> None:
        size = max((int(part.joints.max()) + 1 for part in parts if len(part.joints)), default=0)
        self.values = np.full((rows, size), np.nan)
        self.truth = np.zeros(size, np.bool_)
        self.folds = np.zeros(size, np.int64)

    def enter(self, row: int, part: Predictions, fold: int | None = None) -> None:
        """Enter predictions, and the fold that tests their joints."""
        self.values[row, part.joints] = part.probabilities
        self.truth[part.joints] = part.truth
        if fold is not None:
            self.folds[part.joints] = fold

    def unseen(self) -> Unseen:
        """The means of the joints that have any."""
        (known,) = np.isfinite(self.values).any(axis=0).nonzero()
        means = np.nanmean(self.values[:, known], axis=0).round(DECIMALS)
        return Unseen(Predictions(known, means, self.truth[known]), self.folds[known])


def _as_mean_of(networks: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Predictions of one class with the scatter of the mean of some networks.

    Args:
        networks: How many.
        values: Of two of them, shape (2, N), NaN for none.

    Returns:
        Likewise, each joint's means in place of its values.
    """
    count = np.isfinite(values).sum(axis=0)
    pairs = values[:, count == len(values)]
    if pairs.shape[1] < _FEWEST:
        return values
    (first, shared), (_, second) = np.cov(pairs)
    between = max(float(shared), 0.0)
    within = max(float(first + second) / 2 - between, 0.0)
    if not within:
        return values
    wanted = between + within / networks
    total, known = np.nansum(values, axis=0), np.maximum(count, 1)
    middle = float(total[count > 0].sum() / count.sum())
    scale = np.sqrt(np.minimum(wanted / (between + within / known), 1.0))
    drawn = middle + (total / known - middle) * scale
    return np.where(np.isfinite(values), drawn, math.nan)
