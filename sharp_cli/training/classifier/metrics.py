"""Metrics of trained classifiers on held-out patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sklearn.metrics import average_precision_score, roc_auc_score

from sharp_cli.fileio.tables import write_table
from sharp_cli.training.classifier.calibration import measure_limits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.results import HeadResult, Predictions
    from sharp_cli.training.classifier.unseen import Unseen

METRIC_COLUMNS: Final = (
    "fold", "model", "finding", "group", "epochs", "best_epoch", "validation_loss", "threshold",
    "joints", "non_intact", "sensitivity", "specificity", "f_measure", "roc_auc",
    "average_precision",
)  # fmt: skip

HEAD_METRIC_COLUMNS: Final = (
    "model", "finding", "group", "joints", "non_intact", "sensitivity", "specificity", "f_measure",
    "roc_auc", "average_precision", "covered_intact", "covered_non_intact", "uncertain",
)  # fmt: skip
"""The last three are those of `calibration.measure_limits`."""


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
        result.threshold, *_metrics(result.test, result.threshold),
    ]  # fmt: skip


def head_metrics(
    unseen: Mapping[HeadName, Unseen], thresholds: Mapping[HeadName, float]
) -> list[list[str | float]]:
    """A row of `HEAD_METRIC_COLUMNS` for each head of a bundle; undefined cells are empty."""
    return [
        [
            *head,
            *_metrics(cases.predictions, thresholds[head]),
            *measure_limits(cases, thresholds[head]),
        ]
        for head, cases in unseen.items()
    ]


def _metrics(cases: Predictions, threshold: float) -> list[str | float]:
    """Joints, non-intact ones, sensitivity, specificity, F-measure and areas under the curves."""
    truth, scores = cases.truth, cases.probabilities
    called = scores >= threshold
    found = (called & truth).sum()
    return [
        len(truth), int(truth.sum()), _ratio(found, truth.sum()),
        _ratio((~called & ~truth).sum(), (~truth).sum()),
        _ratio(2 * found, called.sum() + truth.sum()), *ranking(truth, scores),
    ]  # fmt: skip


def ranking(truth: NDArray[np.bool_], scores: NDArray[np.float64]) -> list[str | float]:
    """Areas under the ROC curve and the precision-recall curve; empty where all are of a class."""
    if not 0 < truth.sum() < len(truth):
        return ["", ""]
    return [
        round(float(measure(truth, scores)), 4)
        for measure in (roc_auc_score, average_precision_score)
    ]


def _ratio(part: np.int_, whole: np.int_) -> float | str:
    return round(float(part / whole), 4) if whole else ""
