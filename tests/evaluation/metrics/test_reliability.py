"""Reliability: worked examples, and the figures of pingouin and statsmodels."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from sharp_cli.evaluation.metrics.reliability import (
    correlation,
    detectable_change,
    intraclass,
    limits_of_agreement,
    measurement_error,
    proportion,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHROUT_AND_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Their Table 2: six targets, four judges."""


def cases(seed: int, *, n: int = 12, k: int = 3) -> NDArray[np.float64]:
    """Scores of some cases by raters, of whom each has a bias."""
    rng = np.random.default_rng(seed)
    truth = rng.gamma(1.5, 20, size=(n, 1))
    return np.round(truth + rng.normal(0, 4, k) + rng.normal(0, rng.uniform(1, 9), (n, k)), 1)


def test_the_worked_example_of_shrout_and_fleiss() -> None:
    agreement, consistency = intraclass(SHROUT_AND_FLEISS)
    assert agreement.value == pytest.approx(0.29, abs=0.005)
    assert consistency.value == pytest.approx(0.71, abs=0.005)
    # The intervals that psych::ICC prints of it.
    assert agreement[1:] == pytest.approx((0.019, 0.76), abs=0.005)
    assert consistency[1:] == pytest.approx((0.34, 0.95), abs=0.005)


@pytest.mark.slow
def test_coefficients_and_intervals_are_those_of_pingouin_on_200_cases() -> None:
    pingouin = pytest.importorskip("pingouin")
    pingouin.options["round.column.CI95"] = None
    for seed in range(200):
        scores = cases(seed, n=8 + seed % 7, k=2 + seed % 3)
        n, k = scores.shape
        table = pd.DataFrame(
            {
                "case": np.repeat(np.arange(n), k),
                "rater": np.tile(np.arange(k), n),
                "score": scores.ravel(),
            }
        )
        given = pingouin.intraclass_corr(table, "case", "rater", "score").set_index("Type")
        for found, kind in zip(intraclass(scores), ("ICC(A,1)", "ICC(C,1)"), strict=True):
            assert found.value == pytest.approx(given.loc[kind, "ICC"], abs=1e-6)
            assert found[1:] == pytest.approx(tuple(given.loc[kind, "CI95"]), abs=1e-6)


def test_the_error_of_two_raters_is_that_of_their_differences() -> None:
    scores = cases(3, n=30, k=2)
    error = measurement_error(scores)
    assert error.value == pytest.approx(np.diff(scores).std(ddof=1) / math.sqrt(2))
    assert error.low < error.value < error.high


def test_intervals_of_the_error_hold_it_in_95_of_100_samples() -> None:
    held = [
        error.low <= 3 <= error.high
        for seed in range(1000)
        for error in [measurement_error(np.random.default_rng(seed).normal(0, 3, (15, 3)))]
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_the_smallest_detectable_change() -> None:
    """Bruynesteyn's formula: 1.96 × SD / (√2 × √k); 80 % limits have 1.28 in its place."""
    changes = cases(4, n=40, k=2)
    spread = float(np.diff(changes).std(ddof=1))
    error = measurement_error(changes)
    found = {
        (percent, readers): detectable_change(error, readers, percent).value
        for percent in (95, 80)
        for readers in (1, 2)
    }
    for (percent, readers), value in found.items():
        z = {95: 1.959964, 80: 1.281552}[percent]
        assert value == pytest.approx(z * spread / math.sqrt(2) / math.sqrt(readers), rel=1e-6)


def test_limits_of_agreement() -> None:
    """Of differences 1, 2, 3, 4: mean 2.5, SD 1.29099."""
    found = limits_of_agreement(np.array([1.0, 2, 3, 4]))
    assert found["bias"] == pytest.approx((2.5, 0.4457, 4.5543), abs=1e-4)
    assert found["lower_limit"].value == pytest.approx(2.5 - 1.959964 * 1.290994, abs=1e-5)
    assert found["upper_limit"].value == pytest.approx(2.5 + 1.959964 * 1.290994, abs=1e-5)
    half = 3.182446 * math.sqrt(3 * 1.290994**2 / 4)
    assert found["upper_limit"].high - found["upper_limit"].value == pytest.approx(half, abs=1e-5)


def test_proportions_and_correlations() -> None:
    reference = pytest.importorskip("statsmodels.stats.proportion")
    found = proportion(np.arange(20) < 3)
    assert found.value == 0.15
    assert found[1:] == pytest.approx(reference.proportion_confint(3, 20, method="wilson"))
    first, second = cases(5, n=25, k=2).T
    found = correlation(first, second)
    assert found.value == pytest.approx(np.corrcoef(first, second)[0, 1])
    half = 1.959964 / math.sqrt(25 - 3)
    assert math.atanh(found.high) - math.atanh(found.value) == pytest.approx(half, abs=1e-5)


@pytest.mark.parametrize("scores", [np.zeros((0, 2)), np.ones((1, 3)), np.full((5, 2), 7.0)])
def test_what_has_no_variance_is_not_defined(scores: NDArray[np.float64]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coefficients = intraclass(scores)
        related = correlation(scores[:, 0], scores[:, 1])
    assert np.isnan(coefficients).all()
    assert np.isnan(related).all()


def test_raters_of_whom_each_gives_all_cases_the_same() -> None:
    scores = np.repeat([[1.0, 3.0]], 4, axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agreement, consistency = intraclass(scores)
    assert agreement.value == 0
    assert math.isnan(consistency.value)


def test_raters_who_swap_two_cases() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agreement, consistency = intraclass(np.array([[1.0, 4.0], [4.0, 1.0]]))
    assert np.isnan(agreement).all()
    assert consistency.value == -1


def test_raters_that_agree_exactly() -> None:
    scores = np.repeat(np.arange(5.0)[:, None], 2, axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agreement, consistency = intraclass(scores)
    assert (agreement.value, consistency.value) == (1, 1)
    assert measurement_error(scores) == (0, 0, 0)
    assert limits_of_agreement(scores[:, 0] - scores[:, 1])["bias"] == (0, 0, 0)
