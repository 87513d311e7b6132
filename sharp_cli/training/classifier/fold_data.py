"""What the heads of each fold learn from and are tested on, and which of them learn together."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.datasets.patient_folds import Roles, roles
from sharp_cli.training.classifier.fit import HeadData
from sharp_cli.training.classifier.input_sets import HeadName, InputSets, has_both_classes, of_heads
from sharp_cli.training.classifier.trainer import FINAL

if TYPE_CHECKING:
    from collections.abc import Mapping

FoldData: TypeAlias = dict[HeadName, tuple[HeadData, InputSets]]
"""What each head of a fold learns from, and what it is tested on."""


def data_by_fold(
    inputs: Mapping[HeadName, InputSets], fold_of: Mapping[str, int], folds: int, *, final: bool
) -> dict[int, FoldData]:
    """The data of the heads that each fold can train, by the fold's number.

    Args:
        inputs: The cohort's input sets by head.
        fold_of: Fold of each patient.
        folds: Number of folds.
        final: Whether there is a fit to all patients, too, numbered `FINAL`.

    Raises:
        UsageError: In a fold no head has intact and non-intact joints.
    """
    patients = {number: roles(fold_of, number, folds) for number in range(1, folds + 1)}
    if final:
        first = patients[1]
        patients[FINAL] = Roles(first.training | first.test, first.validation, frozenset())
    return {number: _fold_data(number, inputs, parts) for number, parts in patients.items()}


def _fold_data(number: int, inputs: Mapping[HeadName, InputSets], patients: Roles) -> FoldData:
    """The data of the heads that a fold can train."""
    data = {
        head: (
            HeadData(mine.of_patients(patients.training), mine.of_patients(patients.validation)),
            mine.of_patients(patients.test),
        )
        for head, mine in inputs.items()
    }
    trainable = {
        head: (learning, test)
        for head, (learning, test) in data.items()
        if has_both_classes(learning.training) and len(learning.validation)
    }
    if not trainable:
        message = f"fold {number}: no head has intact and non-intact joints to learn from"
        raise UsageError(message)
    if len(trainable) < len(data):
        return _fold_data(number, of_heads(inputs, trainable), patients)
    return trainable


def linked_heads(data: FoldData) -> list[list[HeadName]]:
    """The heads of a fold, together those of a model that learn from the same sets of joints."""
    networks: list[list[HeadName]] = []
    sets = {
        head: {*np.concatenate([part.by_set.ravel() for part in learning]).tolist()} - {-1}
        for head, (learning, _) in data.items()
    }
    for head, own in sets.items():
        linked = [
            heads
            for heads in networks
            if any(other.model == head.model and own & sets[other] for other in heads)
        ]
        networks = [heads for heads in networks if heads not in linked]
        networks.append([*chain.from_iterable(linked), head])
    return networks
