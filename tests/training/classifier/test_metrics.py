from __future__ import annotations

import pytest
from hypothesis import given

from sharp_cli.training.classifier.metrics import HEAD_METRIC_COLUMNS, head_metrics
from sharp_cli.training.classifier.results import Predictions
from tests.training.classifier.held_out import (
    FRACTIONS,
    PREDICTIONS,
    both_classes,
    counts,
    f_measure,
    of,
    result,
)


@given(PREDICTIONS, FRACTIONS)
def test_metrics_follow_from_the_counts(seen: Predictions, limit: float) -> None:
    both_classes(seen)
    half = len(seen.truth) // 2
    parts = [
        Predictions(seen.joints[part], seen.probabilities[part], seen.truth[part])
        for part in (slice(half), slice(half, None))
    ]
    (row,) = head_metrics([result(fold, one, threshold=limit) for fold, one in enumerate(parts, 1)])
    named = dict(zip(HEAD_METRIC_COLUMNS, row, strict=True))
    hits, alarms, missed, spared = counts(seen, limit)
    assert (named["joints"], named["non_intact"]) == (len(seen.truth), hits + missed)
    assert named["sensitivity"] == pytest.approx(hits / (hits + missed), abs=1e-4)
    assert named["specificity"] == pytest.approx(spared / (alarms + spared), abs=1e-4)
    assert named["f_measure"] == pytest.approx(f_measure(seen, limit), abs=1e-4)


def test_undefined_metrics_are_empty() -> None:
    (row,) = head_metrics([result(1, of([0.1, 0.2], [False, False]))])
    assert row[3:] == [2, 0, "", 1.0, "", "", ""]
    (row,) = head_metrics([result(1, of([0.1, 0.8], [True, True]))])
    assert row[3:] == [2, 2, 0.5, "", 0.6667, "", ""]
    (row,) = head_metrics([result(1, of([], []))])
    assert row[3:] == [0, 0, "", "", "", "", ""]
    assert head_metrics([]) == []
