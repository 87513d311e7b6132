from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sharp_cli.training.classifier.bundle import thresholds
from sharp_cli.training.classifier.fit import Epoch
from sharp_cli.training.classifier.head_units import HeadName, Units
from sharp_cli.training.classifier.results import (
    FIGURE_COLUMNS,
    UNDECIDED,
    Judged,
    Result,
    choose_threshold,
    draw_curves,
    figures,
    judged,
    write_metrics,
    write_predictions,
)
from sharp_cli.training.classifier.settings import ThresholdRule
from tests.labels import labelled_joint
from tests.training import cohort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = HeadName("siso", "erosion", "CMC-M")
SHARES = st.integers(0, 20).map(lambda number: number / 20)
SEEN = st.lists(st.tuples(SHARES, st.booleans()), min_size=2, max_size=30).map(
    lambda pairs: of([one for one, _ in pairs], [damaged for _, damaged in pairs])
)


def of(probabilities: Sequence[float], truth: Sequence[bool]) -> Judged:
    numbers = np.arange(len(truth))
    return Judged(numbers, np.array(probabilities, float), np.array(truth, bool))


def result(fold: int, test: Judged, *, head: HeadName = HEAD, threshold: float = 0.5) -> Result:
    epochs = [Epoch(1, 0.9, 0.8), Epoch(2, 0.7, 0.6), Epoch(3, 0.6, 0.6)]
    return Result(fold, head, epochs, threshold, test, test)


def counts(seen: Judged, limit: float) -> tuple[int, int, int, int]:
    """True and false positives, false and true negatives."""
    called = seen.probabilities >= limit
    return (
        int((called & seen.truth).sum()),
        int((called & ~seen.truth).sum()),
        int((~called & seen.truth).sum()),
        int((~called & ~seen.truth).sum()),
    )


def f_measure(seen: Judged, limit: float) -> float:
    hits, alarms, missed, _ = counts(seen, limit)
    return 2 * hits / (2 * hits + alarms + missed)


def both_classes(seen: Judged) -> None:
    assume(0 < seen.truth.sum() < len(seen.truth))


@given(SEEN)
def test_the_best_f_measure(seen: Judged) -> None:
    both_classes(seen)
    chosen = choose_threshold(ThresholdRule(), seen)
    best = max(f_measure(seen, limit) for limit in seen.probabilities)
    assert f_measure(seen, chosen) == pytest.approx(best)


@given(SEEN, SHARES)
def test_the_highest_threshold_of_a_sensitivity(seen: Judged, asked: float) -> None:
    both_classes(seen)

    def sensitivity(limit: float) -> float:
        hits, _, missed, _ = counts(seen, limit)
        return hits / (hits + missed)

    chosen = choose_threshold(ThresholdRule(sensitivity=asked), seen)
    assert chosen == max(one for one in seen.probabilities if sensitivity(one) >= asked)


@given(SEEN, SHARES)
def test_the_best_f_measure_of_a_specificity(seen: Judged, asked: float) -> None:
    both_classes(seen)

    def specificity(limit: float) -> float:
        _, alarms, _, spared = counts(seen, limit)
        return spared / (alarms + spared)

    chosen = choose_threshold(ThresholdRule(specificity=asked), seen)
    allowed = [one for one in seen.probabilities if specificity(one) >= asked]
    assert specificity(chosen) >= asked
    if allowed:
        best = max(f_measure(seen, one) for one in allowed)
        assert f_measure(seen, chosen) == pytest.approx(best)
    else:
        assert chosen == pytest.approx(max(seen.probabilities) + 1e-6)


def test_a_fixed_threshold_and_one_that_nothing_tells() -> None:
    alike = of([0.2, 0.9], [True, True])
    assert choose_threshold(ThresholdRule(fixed=0.3), alike) == 0.3
    for seen in (alike, of([0.2], [False]), of([], [])):
        assert choose_threshold(ThresholdRule(), seen) == UNDECIDED


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=20))
def test_a_joint_at_the_threshold_is_non_intact_in_every_file(found: list[float]) -> None:
    labels = np.arange(len(found), dtype=np.float32)[:, None] % 2
    rows = np.arange(len(found))[:, None]
    units = Units(rows, labels, rows, rows, np.array(["p"] * len(found)))
    seen = judged(units, np.array(found, np.float32)[:, None])
    (limit,) = thresholds([result(1, seen)], cohort.settings(models=("siso",)))["siso"].values()
    assert json.loads(json.dumps(limit)) in seen.probabilities
    assert float(f"{limit}") == limit == round(limit, 6)


def test_only_labelled_inputs_are_judged() -> None:
    labels = np.array([[1, np.nan], [np.nan, 0]], np.float32)
    joints = np.array([[7, -1], [-1, 3]])
    units = Units(joints, labels, joints, joints, np.array(["a", "b"]))
    seen = judged(units, np.array([[0.1234567, 0.2], [0.3, 0.4]], np.float32))
    assert seen.joints.tolist() == [7, 3]
    assert seen.probabilities.tolist() == [0.123457, 0.4]
    assert seen.truth.tolist() == [True, False]


@given(SEEN, SHARES)
def test_figures_are_those_of_the_evaluation(seen: Judged, limit: float) -> None:
    both_classes(seen)
    half = len(seen.truth) // 2
    parts = [
        Judged(seen.joints[part], seen.probabilities[part], seen.truth[part])
        for part in (slice(half), slice(half, None))
    ]
    (row,) = figures([result(fold, one, threshold=limit) for fold, one in enumerate(parts, 1)])
    told = dict(zip(FIGURE_COLUMNS, row, strict=True))
    hits, alarms, missed, spared = counts(seen, limit)
    assert (told["joints"], told["non_intact"]) == (len(seen.truth), hits + missed)
    assert told["sensitivity"] == pytest.approx(hits / (hits + missed), abs=1e-4)
    assert told["specificity"] == pytest.approx(spared / (alarms + spared), abs=1e-4)
    assert told["f_measure"] == pytest.approx(f_measure(seen, limit), abs=1e-4)


def test_what_cannot_be_told_is_empty() -> None:
    (row,) = figures([result(1, of([0.1, 0.2], [False, False]))])
    assert row[3:] == [2, 0, "", 1.0, "", "", ""]
    (row,) = figures([result(1, of([0.1, 0.8], [True, True]))])
    assert row[3:] == [2, 2, 0.5, "", 0.6667, "", ""]
    (row,) = figures([result(1, of([], []))])
    assert row[3:] == [0, 0, "", "", "", "", ""]
    assert figures([]) == []


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
    last = Judged(np.array([2]), np.array([0.2]), np.array([False]))
    found = [
        result(2, last),
        result(1, of([0.75, 0.5], [True, False]), threshold=0.75),
        result(1, of([0.1], [True]), head=local),
    ]
    write_predictions(tmp_path / "predictions.csv", joints, found)
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
    write_metrics(tmp_path / "metrics.csv", found)
    row = read(tmp_path / "metrics.csv")[1]
    assert (row["epochs"], row["best_epoch"], row["validation_loss"]) == ("3", "2", "0.6")
    assert (row["threshold"], row["sensitivity"], row["roc_auc"]) == ("0.75", "1.0", "1.0")


def test_curves_are_a_picture_a_model(tmp_path: Path) -> None:
    local = HeadName("mimo-local", "jsn", "CMC")
    draw_curves(tmp_path, [result(1, of([], [])), result(1, of([], []), head=local)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mimo-local.png", "siso.png"]
    assert (tmp_path / "siso.png").read_bytes().startswith(b"\x89PNG")
