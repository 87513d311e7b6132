from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from sharp_cli.training.classifier.input_sets import HeadName, InputSets
from sharp_cli.training.classifier.metrics import write_metrics
from sharp_cli.training.classifier.results import Predictions, predictions, write_predictions
from tests.labels import labelled_joint
from tests.training.classifier.held_out import of, result

if TYPE_CHECKING:
    from pathlib import Path


def test_only_labelled_inputs_have_predictions() -> None:
    labels = np.array([[1, np.nan], [np.nan, 0]], np.float32)
    joints = np.array([[7, -1], [-1, 3]])
    inputs = InputSets(joints, labels, joints, joints, np.array(["a", "b"]), joints)
    seen = predictions(inputs, np.array([[0.1234567, 0.2], [0.3, 0.4]], np.float32))
    assert seen.joints.tolist() == [7, 3]
    assert seen.probabilities.tolist() == [0.123457, 0.4]
    assert seen.truth.tolist() == [True, False]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_predictions_and_metrics_are_written(tmp_path: Path) -> None:
    joints: list[Any] = [
        labelled_joint(study="s,1", grade=3),
        labelled_joint(side="right", grade=0),
        labelled_joint(patient="p2", grade=None),
    ]
    local = HeadName("mimo-local", "erosion", "CMC-M")
    last = Predictions(np.array([2]), np.array([0.2]), np.array([False]))
    found = [
        result(2, last),
        result(1, of([0.75, 0.5], [True, False]), threshold=0.75),
        result(1, of([0.1], [True]), head=local),
    ]
    graded = {(local, 0): np.array([0.5, 0.25, 0.25])}
    write_predictions(tmp_path / "predictions.csv", joints, found, graded)
    rows = read(tmp_path / "predictions.csv")
    assert [tuple(row[name] for name in ("model", "patient", "hand", "grade")) for row in rows] == [
        ("siso", "p1", "left", "3"),
        ("siso", "p1", "right", "0"),
        ("siso", "p2", "left", ""),
        ("mimo-local", "p1", "left", "3"),
    ]
    columns = ("fold", "probability", "truth", "label")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("1", "0.75", "non-intact", "non-intact"),
        ("1", "0.5", "intact", "intact"),
        ("2", "0.2", "intact", "intact"),
        ("1", "0.1", "non-intact", "intact"),
    ]  # fmt: skip
    assert rows[0]["study"] == "s,1"
    graded_columns = ("predicted_grade", "expected_grade", "grade_probabilities")
    assert [tuple(row[name] for name in graded_columns) for row in rows[2:]] == [
        ("", "", ""),
        ("0", "1.0", "0.500000 0.250000 0.000000 0.250000"),
    ]
    write_metrics(tmp_path / "metrics.csv", found)
    row = read(tmp_path / "metrics.csv")[1]
    assert (row["epochs"], row["best_epoch"], row["validation_loss"]) == ("3", "2", "0.6")
    assert (row["threshold"], row["sensitivity"], row["roc_auc"]) == ("0.75", "1.0", "1.0")
