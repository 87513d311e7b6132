from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.training.classifier.input_sets import InputSets
from sharp_cli.training.classifier.results import predictions
from sharp_cli.training.classifier.settings import ThresholdRule
from sharp_cli.training.classifier.thresholds import DEFAULT_THRESHOLD, choose_threshold
from tests.training.classifier.held_out import (
    FRACTIONS,
    HEAD,
    PREDICTIONS,
    both_classes,
    counts,
    f_measure,
    of,
)

if TYPE_CHECKING:
    from sharp_cli.training.classifier.results import Predictions


@given(PREDICTIONS)
def test_the_best_f_measure(seen: Predictions) -> None:
    both_classes(seen)
    chosen = choose_threshold(ThresholdRule(), HEAD, seen)
    best = max(f_measure(seen, limit) for limit in seen.probabilities)
    assert f_measure(seen, chosen) == pytest.approx(best)


@given(PREDICTIONS, FRACTIONS)
def test_the_highest_threshold_of_a_sensitivity(seen: Predictions, asked: float) -> None:
    both_classes(seen)

    def sensitivity(limit: float) -> float:
        hits, _, missed, _ = counts(seen, limit)
        return hits / (hits + missed)

    chosen = choose_threshold(ThresholdRule(sensitivity=asked), HEAD, seen)
    assert chosen == max(one for one in seen.probabilities if sensitivity(one) >= asked)


@given(PREDICTIONS, FRACTIONS)
def test_the_best_f_measure_of_a_specificity(seen: Predictions, asked: float) -> None:
    both_classes(seen)

    def specificity(limit: float) -> float:
        _, alarms, _, spared = counts(seen, limit)
        return spared / (alarms + spared)

    rule = ThresholdRule(specificity={("jsn", "wrist"): 0.5, HEAD[1:]: asked})
    chosen = choose_threshold(rule, HEAD, seen)
    allowed = [one for one in seen.probabilities if specificity(one) >= asked]
    assert specificity(chosen) >= asked or chosen == 1
    if allowed:
        best = max(f_measure(seen, one) for one in allowed)
        assert f_measure(seen, chosen) == pytest.approx(best)
    else:
        assert chosen == min(round(max(seen.probabilities) + 1e-6, 6), 1)


def test_a_fixed_threshold_and_one_of_a_single_class() -> None:
    alike = of([0.2, 0.9], [True, True])
    assert choose_threshold(ThresholdRule(fixed=0.3), HEAD, alike) == 0.3
    for seen in (alike, of([0.2], [False]), of([], [])):
        assert choose_threshold(ThresholdRule(), HEAD, seen) == DEFAULT_THRESHOLD


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20))
def test_a_joint_at_the_threshold_is_non_intact_in_every_file(found: list[float]) -> None:
    labels = np.arange(len(found), dtype=np.float32)[:, None] % 2
    rows = np.arange(len(found))[:, None]
    inputs = InputSets(
        rows, labels, rows, rows, np.array(["p"] * len(found)), np.full_like(rows, -1)
    )
    seen = predictions(inputs, np.array(found, np.float32)[:, None])
    limit = choose_threshold(ThresholdRule(), HEAD, seen)
    assert json.loads(json.dumps(limit)) in seen.probabilities
    assert float(f"{limit}") == limit == round(limit, 6)
