"""Metrics of probabilities of damaged and intact cases: ROC-AUC is scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sharp_cli.evaluation.metrics.ranking import fraction, roc_auc, sensitivity_at

NONE = np.array([])


def test_roc_auc_is_that_of_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        damaged, intact = rng.random(7).round(1), rng.random(11).round(1) * 0.8
        truth = np.repeat([True, False], [7, 11])
        wanted = roc_auc_score(truth, np.concatenate([damaged, intact]))
        assert roc_auc(damaged, intact) == pytest.approx(wanted, abs=1e-12)


def test_the_threshold_calls_so_many_of_the_intact() -> None:
    intact = np.arange(101) / 100
    damaged = np.array([0.95, 0.96, 0.99, 0.1])
    assert sensitivity_at(0.05, damaged, intact) == 0.5
    assert sensitivity_at(1.0, damaged, intact) == 1.0


def test_what_is_not_defined_is_nan() -> None:
    some = np.array([0.5])
    assert math.isnan(roc_auc(some, NONE))
    assert math.isnan(roc_auc(NONE, some))
    assert math.isnan(sensitivity_at(0.05, NONE, some))
    assert math.isnan(fraction(NONE))
    assert fraction(np.array([True, False])) == 0.5
