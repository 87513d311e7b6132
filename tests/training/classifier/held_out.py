"""Predictions of held-out joints, and what a threshold makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from sharp_cli.training.classifier.fit import Epoch
from sharp_cli.training.classifier.input_sets import HeadName
from sharp_cli.training.classifier.results import HeadResult, Predictions, SetParts

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD = HeadName("siso", "erosion", "CMC-M")
FRACTIONS = st.integers(0, 20).map(lambda number: number / 20)
PREDICTIONS = st.lists(st.tuples(FRACTIONS, st.booleans()), min_size=2, max_size=30).map(
    lambda pairs: of([one for one, _ in pairs], [damaged for _, damaged in pairs])
)


def of(probabilities: Sequence[float], truth: Sequence[bool]) -> Predictions:
    numbers = np.arange(len(truth))
    return Predictions(numbers, np.array(probabilities, float), np.array(truth, bool))


def result(
    fold: int, test: Predictions, *, head: HeadName = HEAD, threshold: float = 0.5
) -> HeadResult:
    epochs = [Epoch(1, 0.9, 0.8), Epoch(2, 0.7, 0.6), Epoch(3, 0.6, 0.6)]
    of_sets = SetParts(np.empty(0, int), np.empty(0))
    return HeadResult(fold, head, epochs, threshold, test, test, of_sets)


def counts(seen: Predictions, limit: float) -> tuple[int, int, int, int]:
    """True and false positives, false and true negatives."""
    called = seen.probabilities >= limit
    return (
        int((called & seen.truth).sum()),
        int((called & ~seen.truth).sum()),
        int((~called & seen.truth).sum()),
        int((~called & ~seen.truth).sum()),
    )


def f_measure(seen: Predictions, limit: float) -> float:
    hits, alarms, missed, _ = counts(seen, limit)
    return 2 * hits / (2 * hits + alarms + missed)


def both_classes(seen: Predictions) -> None:
    assume(0 < seen.truth.sum() < len(seen.truth))
