"""Reliability of scores that several raters give: ICC, limits of agreement, detectable change.

Sources: Shrout & Fleiss, Psychol Bull 86:420 (1979), and McGraw & Wong, Psychol Methods 1:30
(1996), for the intraclass correlation coefficients and their intervals; Bland & Altman, Lancet
327:307 (1986), for the limits of agreement and theirs; Bruynesteyn et al., Ann Rheum Dis 64:179
(2005), for the smallest detectable change (SDC), and Navarro-Compán et al., Ann Rheum Dis 73:1067
(2014), for that of 80 % limits. The intervals take the cases to be independent of each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.stats import binomtest, chi2, f, norm, pearsonr, t

from sharp_cli.evaluation.metrics.bootstrap import Estimate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

_LOWER, _UPPER = 0.025, 0.975  # of 95 % intervals
_FEWEST: Final = 2
"""Cases, and raters, from which variances are defined."""
_FEWEST_CORRELATED: Final = 4
"""Cases from which a correlation has an interval."""

_UNDEFINED: Final = Estimate(math.nan, math.nan, math.nan)


class _MeanSquares(NamedTuple):
    """Of a two-way analysis of variance without replication, with degrees of freedom."""

    cases: float
    raters: float
    error: float
    of_cases: int
    of_error: int


def intraclass(scores: NDArray[np.float64]) -> tuple[Estimate, Estimate]:
    """ICC(2,1), of absolute agreement, and ICC(3,1), of consistency, of a single rater's score.

    Args:
        scores: Shape (cases, raters).

    Returns:
        Each with its 95 % interval; NaN with fewer than two cases or raters, or where all scores
        are the same, or so few and so alike that its denominator is 0.
    """
    if min(scores.shape) < _FEWEST or np.ptp(scores) == 0:
        return _UNDEFINED, _UNDEFINED
    n, k = scores.shape
    squares = _analyse(scores)
    b, j, e = (np.float64(part) for part in (squares.cases, squares.raters, squares.error))
    with np.errstate(divide="ignore", invalid="ignore"):
        agreement = (b - e) / (b + (k - 1) * e + k * (j - e) / n)
        consistency = (b - e) / (b + (k - 1) * e)
        ratio = b / e
        low = ratio / f.ppf(_UPPER, squares.of_cases, squares.of_error)
        high = ratio * f.ppf(_UPPER, squares.of_error, squares.of_cases)
        consistent = (consistency, *((end - 1) / (end + k - 1) for end in (low, high)))
        # Shrout & Fleiss' equation for ICC(2,1), with Satterthwaite's degrees of freedom.
        among = j / e
        part = n * (1 + (k - 1) * agreement) - k * agreement
        freedom = (
            squares.of_error
            * (k * agreement * among + part) ** 2
            / (squares.of_cases * (k * agreement * among) ** 2 + part**2)
        )
        upper = f.ppf(_UPPER, squares.of_cases, freedom)
        lower = f.ppf(_UPPER, freedom, squares.of_cases)
        rest = k * j + (k * n - k - n) * e
        agreeing = (
            agreement,
            n * (b - upper * e) / (upper * rest + n * b),
            n * (lower * b - e) / (rest + n * lower * b),
        )
    return _finite(agreeing), _finite(consistent)


def _finite(found: Iterable[float]) -> Estimate:
    """What is defined; a quotient by zero, as of two cases that two raters swap, is not."""
    return Estimate(*(float(one) if np.isfinite(one) else math.nan for one in found))


def measurement_error(scores: NDArray[np.float64]) -> Estimate:
    """The standard error of measurement (SEM) of a single rater's score.

    It is the square root of the error's mean square: of two raters, the standard deviation of their
    differences divided by the square root of 2. The interval is that of a variance.

    Args:
        scores: Shape (cases, raters).
    """
    if min(scores.shape) < _FEWEST:
        return _UNDEFINED
    squares = _analyse(scores)
    freedom = squares.of_error
    ends = (math.sqrt(squares.error * freedom / chi2.ppf(at, freedom)) for at in (_UPPER, _LOWER))
    return Estimate(math.sqrt(squares.error), *ends)


def detectable_change(error: Estimate, readers: int, percent: int) -> Estimate:
    """The smallest detectable change (SDC) of the mean of some readers' changes.

    SDC = z × SD / (√2 × √readers), where SD is that of the differences of two readers' changes, and
    so SD / √2 their SEM.

    Args:
        error: The SEM of a single reader's change.
        readers: Whose mean change is used.
        percent: How many of the changes of patients without change are within it, in percent.
    """
    factor = float(norm.ppf(0.5 + percent / 200)) / math.sqrt(readers)
    return Estimate(*(factor * value for value in error))


def limits_of_agreement(differences: NDArray[np.float64]) -> dict[str, Estimate]:
    """Bias and 95 % limits of agreement of two raters, by name.

    Args:
        differences: The first rater's score minus the second's, shape (cases,).
    """
    n = len(differences)
    if n < _FEWEST:
        return dict.fromkeys(("bias", "lower_limit", "upper_limit"), _UNDEFINED)
    bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
    width = float(t.ppf(_UPPER, n - 1)) * deviation / math.sqrt(n)
    reach = float(norm.ppf(_UPPER)) * deviation

    def around(value: float, half: float) -> Estimate:
        return Estimate(value, value - half, value + half)

    return {
        "bias": around(bias, width),
        # The variance of a limit is about three times that of the mean.
        "lower_limit": around(bias - reach, width * math.sqrt(3)),
        "upper_limit": around(bias + reach, width * math.sqrt(3)),
    }


def correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> Estimate:
    """Pearson's correlation of two raters' scores, with Fisher's interval."""
    if len(first) < _FEWEST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return _UNDEFINED
    found = pearsonr(first, second)
    if len(first) < _FEWEST_CORRELATED:
        return Estimate(float(found.statistic), math.nan, math.nan)
    ends = found.confidence_interval()
    return Estimate(float(found.statistic), float(ends.low), float(ends.high))


def proportion(among: NDArray[np.bool_]) -> Estimate:
    """The fraction of cases, with Wilson's interval, J Am Stat Assoc 22:209 (1927)."""
    if not len(among):
        return _UNDEFINED
    found = binomtest(int(among.sum()), len(among))
    ends = found.proportion_ci(method="wilson")
    return Estimate(float(found.statistic), float(ends.low), float(ends.high))


def _analyse(scores: NDArray[np.float64]) -> _MeanSquares:
    n, k = scores.shape
    mean = scores.mean()
    by_case = scores.mean(axis=1, keepdims=True)
    by_rater = scores.mean(axis=0, keepdims=True)
    rest = scores - by_case - by_rater + mean
    return _MeanSquares(
        cases=k * float(np.square(by_case - mean).sum()) / (n - 1),
        raters=n * float(np.square(by_rater - mean).sum()) / (k - 1),
        error=float(np.square(rest).sum()) / ((n - 1) * (k - 1)),
        of_cases=n - 1,
        of_error=(n - 1) * (k - 1),
    )
