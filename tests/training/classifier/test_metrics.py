from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

from sharp_cli.training.classifier.metrics import HEAD_METRIC_COLUMNS, head_metrics
from sharp_cli.training.classifier.unseen import Unseen
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


def metrics(seen: Predictions, limit: float = 0.5) -> list[str | float]:
    """The row of a head with some predictions."""
    unseen = Unseen(seen, np.ones(len(seen.truth), np.int64))
    (row,) = head_metrics({HEAD: unseen}, {HEAD: limit})
    return row


@given(PREDICTIONS, FRACTIONS)
def test_metrics_follow_from_the_counts(seen: Predictions, limit: float) -> None:
    both_classes(seen)
    row = metrics(seen, limit)
    named = dict(zip(HEAD_METRIC_COLUMNS, row, strict=True))
    hits, alarms, missed, spared = counts(seen, limit)
    assert (named["joints"], named["non_intact"]) == (len(seen.truth), hits + missed)
    assert named["sensitivity"] == pytest.approx(hits / (hits + missed), abs=1e-4)
    assert named["specificity"] == pytest.approx(spared / (alarms + spared), abs=1e-4)
    assert named["f_measure"] == pytest.approx(f_measure(seen, limit), abs=1e-4)


def test_undefined_metrics_are_empty() -> None:
    assert metrics(of([0.1, 0.2], [False, False]))[3:] == [2, 0, "", 1.0, "", "", "", 1.0, "", 1.0]
    assert metrics(of([0.1, 0.8], [True, True]))[3:] == [
        2,
        2,
        0.5,
        "",
        0.6667,
        "",
        "",
        "",
        1.0,
        1.0,
    ]
    assert metrics(of([], []))[3:] == [0, 0, *[""] * 8]
    assert head_metrics({}, {}) == []
