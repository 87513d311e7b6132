"""Metrics of trained classifiers on held-out patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from sharp_cli.fileio.tables import write_table
from sharp_cli.training.classifier.results import by_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sharp_cli.training.classifier.results import HeadResult

METRIC_COLUMNS: Final = (
    "fold", "model", "finding", "group", "epochs", "best_epoch", "validation_loss", "threshold",
    "joints", "non_intact", "sensitivity", "specificity", "f_measure", "roc_auc",
    "average_precision",
)  # fmt: skip

HEAD_METRIC_COLUMNS: Final = (
    "model", "finding", "group", "joints", "non_intact", "sensitivity", "specificity", "f_measure",
    "roc_auc", "average_precision",
)  # fmt: skip


def write_metrics(path: Path, results: Iterable[HeadResult]) -> None:
    """Write one row per fold and head; undefined cells are empty.

    Raises:
        OutputError: It cannot be written.
    """
    write_table(path, METRIC_COLUMNS, [_fold_metrics(result) for result in results])


def _fold_metrics(result: HeadResult) -> list[str | float]:
    best = min(result.epochs, key=lambda one: one.validation)
    return [
        result.fold, *result.head, len(result.epochs), best.number, round(best.validation, 5),
        result.threshold, *_metrics([result]),
    ]  # fmt: skip


def head_metrics(results: Iterable[HeadResult]) -> list[list[str | float]]:
    """A row of `HEAD_METRIC_COLUMNS` for each head over all folds; undefined cells are empty."""
    return [[*head, *_metrics(folds)] for head, folds in by_head(results).items()]


def _metrics(results: Sequence[HeadResult]) -> list[str | float]:
    """Joints, non-intact ones, sensitivity, specificity, F-measure and areas under the curves."""
    truth = np.concatenate([result.test.truth for result in results])
    scores = np.concatenate([result.test.probabilities for result in results])
    called = np.concatenate([r.test.probabilities >= r.threshold for r in results])
    found = (called & truth).sum()
    areas: list[str | float] = ["", ""]
    if 0 < truth.sum() < len(truth):
        areas = [
            round(float(measure(truth, scores)), 4)
            for measure in (roc_auc_score, average_precision_score)
        ]
    return [
        len(truth), int(truth.sum()), _ratio(found, truth.sum()),
        _ratio((~called & ~truth).sum(), (~truth).sum()),
        _ratio(2 * found, called.sum() + truth.sum()), *areas,
    ]  # fmt: skip


def _ratio(part: np.int_, whole: np.int_) -> float | str:
    return round(float(part / whole), 4) if whole else ""
