"""Curves of binary classification with their 95 % bands, by resampling patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.evaluation.metrics.bootstrap import interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

GRID: Final = np.linspace(0.0, 1.0, 101)
"""Where bands are known: recall, or the rate of false positives."""

_AT_A_TIME: Final = 1_000_000
"""Weights of joints at a time, so that little memory is needed."""


class Band(NamedTuple):
    """The ends of 95 % intervals, at each place of a curve; NaN where there is none."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def precision_band(
    probabilities: NDArray[np.float64],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    drawn: NDArray[np.float64],
) -> Band:
    """The band of the precision at each recall of `GRID`.

    Args:
        probabilities: Of damage, shape (joints,).
        damaged: Which are, shape (joints,).
        clusters: The number of each joint's patient, from 0, shape (joints,).
        drawn: How many times each patient counts, see `bootstrap.resample_patients`.
    """
    return _band(probabilities, damaged, clusters, drawn, _precision)


def sensitivity_band(
    probabilities: NDArray[np.float64],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    drawn: NDArray[np.float64],
) -> Band:
    """That of the sensitivity at each rate of false positives; arguments as `precision_band`."""
    return _band(probabilities, damaged, clusters, drawn, _sensitivity)


def fraction_bands(
    bins: NDArray[np.intp],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    drawn: NDArray[np.float64],
) -> Band:
    """The intervals of the fraction of non-intact joints in each bin; `bins` number the joints'."""
    patients = drawn.shape[1]
    low, high = [], []
    for number in range(bins.max() + 1):
        inside = bins == number
        among = drawn[1:] @ np.bincount(clusters, inside, patients)
        found = drawn[1:] @ np.bincount(clusters, inside & damaged, patients)
        with np.errstate(invalid="ignore"):
            ends = interval(found / among, patients)
        low.append(ends[0])
        high.append(ends[1])
    return Band(np.array(low), np.array(high))


def _band(
    probabilities: NDArray[np.float64],
    damaged: NDArray[np.bool_],
    clusters: NDArray[np.intp],
    drawn: NDArray[np.float64],
    curve: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> Band:
    order = np.argsort(-probabilities, kind="stable")
    # Joints of one probability are called together.
    last = np.append(np.flatnonzero(np.diff(probabilities[order])), len(order) - 1)
    curves = []
    step = max(1, _AT_A_TIME // max(1, len(order)))
    for start in range(1, len(drawn), step):
        weights = drawn[start : start + step, clusters[order]]
        hits = np.cumsum(weights * damaged[order], axis=1)[:, last]
        alarms = np.cumsum(weights * ~damaged[order], axis=1)[:, last]
        curves += [curve(*each) for each in zip(hits, alarms, strict=True)]
    if not curves:
        return Band(np.full_like(GRID, np.nan), np.full_like(GRID, np.nan))
    ends = [interval(values, drawn.shape[1]) for values in np.array(curves).T]
    low, high = np.array(ends).T
    return Band(low, high)


def _precision(hits: NDArray[np.float64], alarms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The precision at each recall of `GRID`; NaN without a non-intact joint."""
    if not hits[-1]:
        return np.full_like(GRID, np.nan)
    some = hits + alarms > 0
    return np.asarray(np.interp(GRID, hits[some] / hits[-1], hits[some] / (hits + alarms)[some]))


def _sensitivity(hits: NDArray[np.float64], alarms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sensitivity at each rate of false positives; NaN where one of the classes is missing."""
    if not hits[-1] or not alarms[-1]:
        return np.full_like(GRID, np.nan)
    rates = np.append(0, alarms / alarms[-1])
    return np.asarray(np.interp(GRID, rates, np.append(0, hits / hits[-1])))
