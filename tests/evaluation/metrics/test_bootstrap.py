"""Intervals of resampled patients hold the truth as often as they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.evaluation.metrics.bootstrap import estimate, interval, resample_patients
from sharp_cli.evaluation.metrics.classification import classification_metrics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Calls = tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]

PATIENTS, JOINTS, RESAMPLES, STUDIES = 40, 12, 1000, 1000


def test_draws_are_of_as_many_patients_and_repeat_with_the_seed() -> None:
    drawn = resample_patients(5, 50, seed=3)
    assert drawn.shape == (51, 5)
    assert (drawn[0] == 1).all()
    assert (drawn.sum(axis=1) == 5).all()
    assert drawn.max() > 1
    assert (drawn == resample_patients(5, 50, seed=3)).all()
    assert (drawn != resample_patients(5, 50, seed=4)).any()


def test_a_single_patient_is_not_resampled() -> None:
    assert resample_patients(1, 50, seed=1).tolist() == [[1]]


def test_metrics_are_estimated_by_drawing_patients_with_all_their_cases() -> None:
    values = np.array([1.0, 3.0, 3.0, 5.0])
    patients = ["a", "b", "b", "c"]

    def metrics(drawn: NDArray[np.intp]) -> dict[str, float]:
        assert (drawn == 1).sum() == (drawn == 2).sum()
        return {"mean": float(values[drawn].mean()), "undefined": math.nan}

    found = estimate(metrics, patients)
    assert found["mean"].value == 3
    assert 1 <= found["mean"].low < 3 < found["mean"].high <= 5
    assert np.isnan(found["undefined"]).all()


def test_interval_leaves_out_what_is_not_defined() -> None:
    low, high = interval(np.array([math.nan, *range(101)]), 10**6)
    assert low == pytest.approx(2.5, abs=1e-3)
    assert high == pytest.approx(97.5, abs=1e-3)
    assert np.isnan(interval(np.array([math.nan]), 5)).all()
    assert np.isnan(interval(np.array([]), 1)).all()


def test_few_patients_have_wider_intervals() -> None:
    rng = np.random.default_rng(2)
    means = rng.normal(0, math.sqrt(9 / 10), 100_000)  # of 10 that are spread by sqrt(10)
    assert interval(means, 10)[1] == pytest.approx(2.262, abs=0.05)  # Student's t of 9


def study(rng: np.random.Generator, patients: int) -> tuple[Calls, NDArray[np.intp]]:
    """Joints of patients with more or less damage, some of whom are easier to read than others."""
    clusters = np.repeat(np.arange(patients), JOINTS)
    burden, ease = rng.normal(-0.5, 1, patients)[clusters], rng.normal(1, 0.7, patients)[clusters]
    damaged = rng.random(len(clusters)) < 1 / (1 + np.exp(-burden))
    score = ease * (2 * damaged - 1) + rng.normal(0, 1, len(clusters))
    probabilities = 1 / (1 + np.exp(-score))
    return (probabilities, probabilities > 0.5, damaged), clusters


def intervals(
    calls: Calls, clusters: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of each metric's interval."""
    count = int(clusters.max()) + 1
    found = classification_metrics(*calls, clusters, resample_patients(count, RESAMPLES, seed))[1:]
    low, high = np.array([interval(values, count) for values in found.T]).T
    return low, high


def test_joints_of_a_patient_are_not_independent() -> None:
    calls, clusters = study(np.random.default_rng(1), PATIENTS)
    low, high = intervals(calls, clusters, 1)
    low_alone, high_alone = intervals(calls, np.arange(len(clusters)), 1)
    assert ((high - low) > 1.2 * (high_alone - low_alone)).all()


@pytest.mark.slow
def test_coverage() -> None:
    rng = np.random.default_rng(1)
    calls, clusters = study(rng, 50_000)
    truth = classification_metrics(*calls, clusters, np.ones((1, 50_000)))[0]
    held = []
    for seed in range(STUDIES):
        low, high = intervals(*study(rng, PATIENTS), seed)
        held.append((low <= truth) & (truth <= high))
    assert (np.mean(held, axis=0) >= 0.91).all()
    assert (np.mean(held, axis=0) <= 0.98).all()
