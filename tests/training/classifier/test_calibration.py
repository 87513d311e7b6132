from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import binom

from sharp_cli.training.classifier.calibration import (
    ERROR_RATE,
    LEAST_SLOPE,
    fit_calibration,
    fit_limits,
    measure_limits,
)
from sharp_cli.training.classifier.results import Predictions
from sharp_cli.training.classifier.unseen import Unseen
from tests.training.classifier.held_out import PREDICTIONS, of


def cases(rng: np.random.Generator, count: int, *, damaged: float = 0.2) -> Predictions:
    """Scores that are twice as sure as they should be, and shifted."""
    truth = rng.random(count) < damaged
    # Where half are damaged, these are the log-odds of damage.
    odds = rng.normal(np.where(truth, 2.0, -2.0), 2.0)
    return Predictions(np.arange(count), 1 / (1 + np.exp(-(2 * odds + 1))), truth)


def test_scores_become_the_probabilities_at_a_prevalence() -> None:
    rng = np.random.default_rng(0)
    calibration = fit_calibration(cases(rng, 4000, damaged=0.5))
    assert (calibration.slope, calibration.intercept) == pytest.approx((0.5, -0.5), abs=0.06)
    fresh = cases(rng, 20_000, damaged=0.2)
    told = np.array([calibration.probability(score, 0.2) for score in fresh.probabilities])
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        mine = (told >= low) & (told < low + 0.2)
        assert fresh.truth[mine].mean() == pytest.approx(told[mine].mean(), abs=0.05)


def test_the_fit_does_not_depend_on_how_many_of_its_joints_are_damaged() -> None:
    seen = cases(np.random.default_rng(1), 2000, damaged=0.5)
    again = np.repeat(np.arange(2000), np.where(seen.truth, 1, 9))
    rarer = Predictions(seen.joints[again], seen.probabilities[again], seen.truth[again])
    one, other = fit_calibration(seen), fit_calibration(rarer)
    assert (one.slope, one.intercept) == pytest.approx((other.slope, other.intercept), abs=0.01)


@given(PREDICTIONS)
def test_scores_keep_their_order_whatever_is_learned(seen: Predictions) -> None:
    calibration = fit_calibration(seen)
    assert calibration.slope >= LEAST_SLOPE
    assert np.isfinite(calibration.intercept)


def test_few_joints_that_are_apart_do_not_make_for_certainty() -> None:
    calibration = fit_calibration(of([0.1, 0.9], [False, True]))
    assert calibration.probability(0.9, 0.5) == pytest.approx(2 / 3, abs=0.01)


def test_of_one_class_nothing_is_learned() -> None:
    for seen in (of([0.2, 0.9], [True, True]), of([0.2], [False]), of([], [])):
        calibration = fit_calibration(seen)
        assert (calibration.slope, calibration.intercept) == (1, 0)
        limits = fit_limits(seen)
        assert limits.certainty(0.5, "intact") == "uncertain"


def test_prediction_sets_lack_their_label_as_rarely_as_stated() -> None:
    """Over many calibrations and fresh joints: the guarantee is of their average."""
    rng = np.random.default_rng(2)
    missed = {False: 0, True: 0}
    tries = 3000
    for _ in range(tries):
        limits = fit_limits(cases(rng, 60, damaged=0.5))
        fresh = cases(rng, 2, damaged=0.5)
        for score, damaged in zip(fresh.probabilities, fresh.truth, strict=True):
            holds = score >= limits.non_intact if damaged else score <= limits.intact
            missed[bool(damaged)] += not holds
    for count in missed.values():
        # About as many of each class as there were tries.
        assert count <= binom.ppf(0.9999, tries + 200, ERROR_RATE)
        assert count >= binom.ppf(0.0001, tries - 200, ERROR_RATE - 0.04)


def test_coverage_is_measured_on_other_folds() -> None:
    rng = np.random.default_rng(3)
    seen = cases(rng, 4000, damaged=0.3)
    folds = rng.integers(1, 9, len(seen.truth))
    intact, damaged, uncertain = measure_limits(Unseen(seen, folds), 0.7)
    assert intact == pytest.approx(1 - ERROR_RATE, abs=0.02)
    assert damaged == pytest.approx(1 - ERROR_RATE, abs=0.03)
    assert 0 < float(uncertain) < 0.5
    # A fold that lies apart: limits of the others do not hold for it.
    odd = seen._replace(probabilities=np.where(folds <= 4, 1.0, seen.probabilities / 2))
    assert measure_limits(Unseen(odd, np.where(folds <= 4, 1, 2)), 0.7)[0] == pytest.approx(
        0.5, abs=0.05
    )


def test_coverage_of_no_joints_is_empty() -> None:
    assert measure_limits(Unseen(of([], []), np.zeros(0, np.int64)), 0.5) == ["", "", ""]
