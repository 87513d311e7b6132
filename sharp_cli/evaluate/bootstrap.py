"""Intervals by resampling patients: joints of one patient are not independent of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TAILS: Final = (2.5, 97.5)  # % of the resamples that lie below: the 95 % percentile interval


def draw(patients: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """How many times each patient is drawn, with replacement, in each resample.

    Returns:
        Shape (1 + resamples, patients); in the first row every patient stands once. A single
        patient is not resampled: that would tell nothing.
    """
    rng = np.random.default_rng(seed)
    shares = np.full(patients, 1 / max(1, patients))
    drawn = rng.multinomial(patients, shares, size=resamples if patients > 1 else 0)
    return np.vstack([np.ones((1, patients)), drawn])


def interval(resampled: NDArray[np.float64]) -> tuple[float, float]:
    """The 95 % percentile interval (Efron 1981) of a figure.

    Args:
        resampled: The figure in each resample, shape (resamples,); those where it is not defined
            are NaN and left out.

    Returns:
        Its ends; NaN if it is defined nowhere.
    """
    defined = resampled[np.isfinite(resampled)]
    if not defined.size:
        return np.nan, np.nan
    low, high = np.percentile(defined, _TAILS)
    return float(low), float(high)
