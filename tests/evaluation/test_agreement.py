"""Percent agreement, Cohen's and Fleiss' kappa."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from sharp_cli.evaluation.agreement import agreement


def test_cohen() -> None:
    # Of 50: both yes 20, first alone 5, second alone 10, both no 15.
    first = np.repeat([True, True, False, False], [20, 5, 10, 15])
    second = np.repeat([True, False, True, False], [20, 5, 10, 15])
    fraction, kappa = agreement(np.array([first, second]))
    assert fraction == pytest.approx(0.7)
    assert kappa == pytest.approx(0.4)


def test_fleiss() -> None:
    reference = pytest.importorskip("statsmodels.stats.inter_rater")
    calls = np.random.default_rng(1).random((4, 60)) < 0.3
    calls[:, :20] = calls[0, :20]
    table, _ = reference.aggregate_raters(calls.T.astype(int))
    fraction, kappa = agreement(calls)
    assert kappa == pytest.approx(reference.fleiss_kappa(table))
    pairs = [(calls[one] == calls[other]).mean() for one in range(4) for other in range(one)]
    assert fraction == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("raters", [2, 3])
def test_what_chance_alone_explains_has_no_kappa(raters: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fraction, kappa = agreement(np.ones((raters, 5), bool))
        nothing = agreement(np.ones((raters, 0), bool))
    assert fraction == 1
    assert math.isnan(kappa)
    assert np.isnan(nothing).all()
