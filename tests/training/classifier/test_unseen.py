from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from sharp_cli.training.classifier.results import Predictions
from sharp_cli.training.classifier.settings import ThresholdRule
from sharp_cli.training.classifier.thresholds import choose_threshold
from sharp_cli.training.classifier.trainer import FINAL
from sharp_cli.training.classifier.unseen import unseen_by_ensemble, unseen_by_final
from tests.training.classifier.held_out import HEAD, result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.results import HeadResult

FOLDS = 8
FEATURES = 60


def seen(
    joints: Sequence[int], probabilities: Sequence[float], truth: Sequence[bool]
) -> Predictions:
    return Predictions(np.array(joints, int), np.array(probabilities, float), np.array(truth, bool))


def fold_of(number: int, test: Predictions, validation: Predictions) -> HeadResult:
    return result(number, test)._replace(validation=validation)


def test_few_joints_get_the_mean_of_the_two_networks_that_have_not_seen_them() -> None:
    folds = [
        fold_of(1, seen([0, 1], [0.2, 0.6], [False, True]), seen([3], [0.9], [True])),
        fold_of(2, seen([3], [0.5], [True]), seen([5, 0], [0.3, 0.4], [False, False])),
    ]
    cases = unseen_by_ensemble(folds)[HEAD]
    assert cases.predictions.joints.tolist() == [0, 1, 3, 5]
    assert cases.predictions.probabilities.tolist() == [0.3, 0.6, 0.7, 0.3]
    assert cases.predictions.truth.tolist() == [False, True, True, False]
    assert cases.folds.tolist() == [1, 1, 2, 0]


def test_a_final_network_judges_its_validation_patients_and_others_are_judged_by_their_folds() -> (
    None
):
    folds = [
        fold_of(1, seen([0, 1], [0.2, 0.6], [False, True]), seen([3], [0.9], [True])),
        fold_of(2, seen([3], [0.5], [True]), seen([0, 1], [0.3, 0.4], [False, True])),
    ]
    final = [fold_of(FINAL, seen([], [], []), seen([3], [0.7], [True]))]
    cases = unseen_by_final(final, folds)[HEAD]
    assert cases.predictions.joints.tolist() == [0, 1, 3]
    assert cases.predictions.probabilities.tolist() == [0.2, 0.6, 0.7]
    assert cases.folds.tolist() == [1, 1, 2]


def test_no_joints() -> None:
    empty = seen([], [], [])
    assert not len(unseen_by_ensemble([fold_of(1, empty, empty)])[HEAD].folds)


def test_predictions_have_the_moments_of_the_mean_of_all_networks() -> None:
    rng = np.random.default_rng(0)
    count = 4000
    of_joint = rng.normal(0.5, 0.05, count)
    every = of_joint + rng.normal(0, 0.1, (FOLDS, count))
    folds = _folds(every, np.ones(count, bool), np.arange(count) % FOLDS)
    found = unseen_by_ensemble(folds)[HEAD].predictions.probabilities
    mean = every.mean(axis=0)
    assert found.mean() == pytest.approx(mean.mean(), abs=0.005)
    assert found.std() == pytest.approx(mean.std(), rel=0.05)
    alone = np.concatenate([fold.test.probabilities for fold in folds])
    assert alone.std() > 1.6 * mean.std()


def _folds(
    every: NDArray[np.float64], truth: NDArray[np.bool_], fold: NDArray[np.int64]
) -> list[HeadResult]:
    """Results of folds from what the network of each fold predicts for all joints."""
    results = []
    for number, own in enumerate(every):
        test, validation = (
            Predictions(np.flatnonzero(mine), own[mine].round(6), truth[mine])
            for mine in (fold == number, fold == (number + 1) % len(every))
        )
        results.append(fold_of(number + 1, test, validation))
    return results


def _cohort(
    rng: np.random.Generator, patients: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Features of six joints a patient, of which three tell damage; whether it is; the patient."""
    owner = np.repeat(np.arange(patients), 6)
    truth = rng.random(len(owner)) < 0.35
    features = rng.normal(size=(len(owner), FEATURES))
    features[:, :3] += truth[:, None] * np.array([1.0, 0.7, 0.4])
    return features + 0.4 * rng.normal(size=(patients, FEATURES))[owner], truth, owner


def test_an_ensemble_has_the_sensitivity_asked_for_on_fresh_patients() -> None:
    """Networks that know few patients differ much: on each alone the threshold would be far off."""
    rule = ThresholdRule(sensitivity=0.9)
    reached, by_single_networks = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        features, truth, owner = _cohort(rng, 40)
        fold = owner % FOLDS
        networks = [
            LogisticRegression(C=100.0, class_weight="balanced", max_iter=500).fit(
                features[mine], truth[mine]
            )
            for number in range(FOLDS)
            for mine in [(fold != number) & (fold != (number + 1) % FOLDS)]
        ]
        every = np.array([one.predict_proba(features)[:, 1] for one in networks])
        folds = _folds(every, truth, fold)
        fresh, damaged, _ = _cohort(rng, 500)
        shipped = np.mean([one.predict_proba(fresh)[:, 1] for one in networks], axis=0)[damaged]
        threshold = choose_threshold(rule, HEAD, unseen_by_ensemble(folds)[HEAD].predictions)
        reached.append((shipped >= threshold).mean())
        single = [
            np.concatenate(part) for part in zip(*(one.validation for one in folds), strict=True)
        ]
        threshold = choose_threshold(rule, HEAD, Predictions(*single))
        by_single_networks.append((shipped >= threshold).mean())
    assert np.mean(reached) == pytest.approx(0.9, abs=0.03)
    assert np.mean(by_single_networks) > 0.98
