"""The predictions for sets of joints, and their metrics."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.training.classifier.results import SetParts
from sharp_cli.training.classifier.set_results import (
    set_predictions,
    write_set_metrics,
    write_set_predictions,
)
from tests.training.classifier.held_out import of, result
from tests.training.classifier.wrists import erosion_heads, wrist

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_probability_of_a_set_is_the_noisy_or_of_its_joints(tmp_path: Path) -> None:
    sets = [wrist("p1"), wrist("p1", "right", damaged=False), wrist("p2")]
    first, second = erosion_heads("siso")
    none = of([], [])
    found = [
        result(1, none, head=first)._replace(
            of_sets=SetParts(np.array([0, 0, 1]), np.array([0.5, 0.2, 0.1]))
        ),
        result(1, none, head=second)._replace(of_sets=SetParts(np.array([0]), np.array([0.5]))),
        result(2, none, head=first)._replace(of_sets=SetParts(np.array([2]), np.array([1.0]))),
    ]
    predictions = set_predictions(sets, found)
    assert [(one.known, one.fold, one.probability) for one in predictions] == [
        (sets[0], 1, 0.8),
        (sets[1], 1, 0.1),
        (sets[2], 2, 1.0),
    ]
    write_set_predictions(tmp_path / "sets.csv", predictions)
    rows = read(tmp_path / "sets.csv")
    assert [(row["patient"], row["hand"], row["joint"], row["truth"]) for row in rows] == [
        ("p1", "left", "wrist", "non-intact"),
        ("p1", "right", "wrist", "intact"),
        ("p2", "left", "wrist", "non-intact"),
    ]
    write_set_metrics(tmp_path / "metrics.csv", predictions)
    (row,) = read(tmp_path / "metrics.csv")
    assert (row["model"], row["joint"], row["sets"], row["non_intact"]) == (
        "siso",
        "wrist",
        "3",
        "2",
    )
    assert (row["roc_auc"], row["average_precision"]) == ("1.0", "1.0")
