"""The metrics are scikit-learn's, with ties and whole weights, many weightings at a time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import (
    auc,
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

from sharp_cli.evaluation.metrics import classification
from sharp_cli.evaluation.metrics.classification import METRICS, classification_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Case = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp], NDArray[np.float64]]


def expected(
    probabilities: NDArray[np.float64],
    called: NDArray[np.bool_],
    damaged: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> list[float]:
    curve = precision_recall_curve(damaged, probabilities, sample_weight=weights)
    _, recalls, f_measures, _ = precision_recall_fscore_support(
        damaged, called, labels=[False, True], sample_weight=weights, zero_division=0
    )
    return [
        recalls[1],
        recalls[0],
        f_measures[1],
        auc(curve[1], curve[0]),
        average_precision_score(damaged, probabilities, sample_weight=weights),
        roc_auc_score(damaged, probabilities, sample_weight=weights),
        brier_score_loss(damaged, probabilities, sample_weight=weights),
    ]


def random_cases(rng: np.random.Generator) -> Iterator[Case]:
    """Cases of all sizes, with more or fewer ties, of which both kinds of joints have weight."""
    while True:
        joints = int(rng.integers(2, 60))
        clusters = rng.integers(0, int(rng.integers(1, 12)), joints)
        damaged = rng.random(joints) < rng.uniform(0.05, 0.95)
        probabilities = rng.random(joints).round(int(rng.integers(0, 4)))
        weights = rng.integers(0, 4, (3, int(clusters.max()) + 1)).astype(float)
        each = weights[:, clusters]
        if (each @ damaged > 0).all() and (each @ ~damaged > 0).all():
            yield probabilities, damaged, clusters, weights


def test_metrics_are_those_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification, "_AT_A_TIME", 100)  # more than one part of the weightings
    rng = np.random.default_rng(7)
    for number, (probabilities, damaged, clusters, weights) in enumerate(random_cases(rng)):
        called = probabilities >= rng.random()
        found = classification_metrics(probabilities, called, damaged, clusters, weights)
        row = number % len(weights)
        wanted = expected(probabilities, called, damaged, weights[row, clusters])
        np.testing.assert_allclose(found[row], wanted, rtol=0, atol=1e-9)
        if number == 999:
            break


@pytest.mark.parametrize(
    ("damaged", "undefined"),
    [
        ([False] * 4, set(METRICS) - {"specificity", "brier"}),
        ([True] * 4, {"specificity", "roc_auc"}),
        ([], set(METRICS)),
    ],
)
def test_what_is_not_defined_is_nan_without_a_warning(
    damaged: list[bool], undefined: set[str]
) -> None:
    truth = np.array(damaged, bool)
    calls = np.arange(len(truth)) % 2 == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clusters = np.zeros(len(truth), np.intp)
        found = classification_metrics(calls.astype(float), calls, truth, clusters, np.ones((2, 1)))
    for values in found:
        assert {m for m, value in zip(METRICS, values, strict=True) if np.isnan(value)} == undefined


def test_weightings_without_joints_are_nan_and_do_not_touch_others() -> None:
    probabilities = np.array([0.9, 0.1, 0.8, 0.3])
    damaged = np.array([True, False, False, True])
    clusters = np.array([0, 0, 1, 1])
    weights = np.array([[0.0, 0.0], [1.0, 0.0]])
    none, first = classification_metrics(
        probabilities, probabilities > 0.5, damaged, clusters, weights
    )
    assert np.isnan(none).all()
    np.testing.assert_allclose(first, [1, 1, 1, 1, 1, 1, 0.01])
