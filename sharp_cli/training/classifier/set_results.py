"""What a training of classifiers says of held-out sets of joints that were labelled as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.inputs import MODELS
from sharp_cli.fileio.tables import write_table
from sharp_cli.training.classifier.metrics import ranking
from sharp_cli.training.classifier.results import DECIMALS, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.datasets.labels import LabelledSet
    from sharp_cli.training.classifier.results import HeadResult

SET_COLUMNS: Final = (
    "model", "patient", "study", "image", "hand", "finding", "joint", "truth", "fold",
    "probability",
)  # fmt: skip

SET_METRIC_COLUMNS: Final = (
    "model", "finding", "joint", "sets", "non_intact", "roc_auc", "average_precision"
)  # fmt: skip


class SetPrediction(NamedTuple):
    """What a model says of a set of joints.

    Attributes:
        model: The model.
        known: The set.
        fold: In which it was held out.
        probability: That at least one of its joints is non-intact: the noisy-or of theirs, which
            is what training fits to sets, see `loss.set_loss`.
    """

    model: ModelName
    known: LabelledSet
    fold: int
    probability: float


def set_predictions(
    sets: Sequence[LabelledSet], results: Iterable[HeadResult]
) -> list[SetPrediction]:
    """The predictions for labelled sets of joints, by model and in the order of the labels.

    Args:
        sets: The cohort's sets.
        results: Those of all folds.
    """
    intact: dict[tuple[ModelName, int], float] = {}
    folds: dict[int, int] = {}
    for result in results:
        for number, probability in zip(
            result.of_sets.sets.tolist(), result.of_sets.probabilities.tolist(), strict=True
        ):
            key = result.head.model, number
            intact[key] = intact.get(key, 1.0) * (1 - probability)
            folds[number] = result.fold
    return [
        SetPrediction(model, sets[number], folds[number], round(1 - all_intact, DECIMALS))
        for (model, number), all_intact in sorted(
            intact.items(), key=lambda item: (MODELS.index(item[0][0]), item[0][1])
        )
    ]


def write_set_predictions(path: Path, predictions: Iterable[SetPrediction]) -> None:
    """Write a row for each set and model.

    Raises:
        OutputError: It cannot be written.
    """
    rows = [
        (
            model, one.patient, one.study, one.image, one.side, one.finding, one.name,
            label(damaged=one.damaged), fold, probability,
        )
        for model, one, fold, probability in predictions
    ]  # fmt: skip
    write_table(path, SET_COLUMNS, rows)


def write_set_metrics(path: Path, predictions: Iterable[SetPrediction]) -> None:
    """Write a row for each model and name of a set, over all folds; undefined cells are empty.

    Raises:
        OutputError: It cannot be written.
    """
    found: dict[tuple[str, ...], list[SetPrediction]] = {}
    for one in predictions:
        found.setdefault((one.model, one.known.finding, one.known.name), []).append(one)
    rows = []
    for key, own in found.items():
        truth = np.array([one.known.damaged for one in own])
        scores = np.array([one.probability for one in own])
        rows.append([*key, len(own), int(truth.sum()), *ranking(truth, scores)])
    write_table(path, SET_METRIC_COLUMNS, rows)
