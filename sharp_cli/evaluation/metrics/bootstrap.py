"""Intervals by resampling patients: joints of one patient are not independent of each other."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.stats import norm, t

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

_RESAMPLES: Final = 1000
_SEED: Final = 1


class Estimate(NamedTuple):
    """A metric and the ends of its 95 % interval; NaN where it, or its interval, is not defined."""

    value: float
    low: float
    high: float


def estimate(
    metrics: Callable[[NDArray[np.intp]], Mapping[str, float]], patients: Sequence[str]
) -> dict[str, Estimate]:
    """Metrics of cases with their 95 % intervals by a bootstrap of patients.

    Args:
        metrics: Gives metrics by name of the cases whose indices it takes, shape (any,): the
            cases of a patient come as often as the patient is drawn.
        patients: Whose each case is.

    Returns:
        By name of the metric.
    """
    names, owners = np.unique([*patients], return_inverse=True)
    weights = resample_patients(len(names), _RESAMPLES, _SEED).astype(np.intp)
    cases = np.arange(len(owners))
    first, *others = (metrics(np.repeat(cases, row[owners])) for row in weights)
    return {
        name: Estimate(value, *interval(np.array([one[name] for one in others]), len(names)))
        for name, value in first.items()
    }


def resample_patients(patients: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How many times each patient is drawn, with replacement, in each resample.

    Returns:
        Shape (1 + resamples, patients); in the first row every patient stands once. A single
        patient is not resampled: there would be no variance.
    """
    rng = np.random.default_rng(seed)
    evenly = np.full(patients, 1 / max(1, patients))
    drawn = rng.multinomial(patients, evenly, size=resamples if patients > 1 else 0)
    return np.vstack([np.ones((1, patients)), drawn])


def interval(resampled: NDArray[np.float64], patients: int) -> tuple[float, float]:
    """The 95 % percentile interval of a metric, widened for few patients.

    Plain percentiles are as much too narrow as a normal interval of a mean that divides by n, not
    n - 1; the expanded ones of Hesterberg, Am Stat 69:371 (2015), are not.

    Args:
        resampled: The metric in each resample, shape (resamples,); where it is not defined it is
            NaN and does not count.
        patients: How many were resampled.

    Returns:
        Its ends; NaN if it is defined nowhere.
    """
    defined = resampled[np.isfinite(resampled)]
    if not defined.size:
        return math.nan, math.nan
    tail = _tail(patients)
    low, high = np.percentile(defined, (tail, 100 - tail))
    return float(low), float(high)


@cache
def _tail(patients: int) -> float:
    """Percent of the resamples that lie beyond each end; 2.5 for very many patients."""
    width = math.sqrt(patients / (patients - 1)) * t.ppf(0.975, patients - 1)
    return 100 * float(norm.cdf(-width))
