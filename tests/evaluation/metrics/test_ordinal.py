"""Metrics of grades are those of scikit-learn, of every weighting at once."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score

from sharp_cli.evaluation.metrics.ordinal import GRADE_METRICS, confusions, grade_metrics

GRADES = 6


def test_metrics_are_those_of_the_library_on_200_cases() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        second = rng.choice(GRADES, size=40, p=(0.5, 0.2, 0.1, 0.1, 0.05, 0.05))
        first = np.clip(second + rng.integers(-1, 3, size=40), 0, GRADES - 1)
        patients = rng.integers(0, 5, size=40)
        matrices = confusions(first, second, patients, GRADES, 5)
        (found,) = grade_metrics(np.tensordot(np.ones((1, 5)), matrices, 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a grade of the first that the second never gives
            balanced = balanced_accuracy_score(second, first)
        assert found == pytest.approx(
            [
                cohen_kappa_score(first, second, weights="quadratic", labels=range(GRADES)),
                (first == second).mean(),
                (abs(first - second) <= 1).mean(),
                abs(first - second).mean(),
                balanced,
            ],
            abs=1e-6,
        )


def test_weights_count_patients_as_often_as_they_are_drawn() -> None:
    first, second = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 5])
    matrices = confusions(first, second, np.array([0, 0, 1, 1]), GRADES, 2)
    drawn = grade_metrics(np.tensordot(np.array([[2.0, 0], [0, 2], [1, 1]]), matrices, 1))
    errors = drawn[:, GRADE_METRICS.index("mean_absolute_error")]
    assert errors.tolist() == [0, 1, 0.5]


def test_what_is_not_defined_is_nan() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        none = grade_metrics(np.zeros((GRADES, GRADES)))
        same = np.zeros((GRADES, GRADES))
        same[0, 0] = 4
        alike = grade_metrics(same)
    assert np.isnan(none).all()
    assert np.isnan(alike[0])  # chance alone would agree
    assert alike[1:].tolist() == [1, 1, 0, 1]
