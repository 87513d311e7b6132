"""What the paper's tables say of each other, by this package's arithmetic."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from sharp_cli.evaluation.cases import JOINT_SETS
from sharp_cli.evaluation.metrics.classification import METRICS, classification_metrics
from tests.evaluation.paper import COLUMNS, COUNTS, DETECTED, PERCENT, SETS, TABLE4

HALF = 0.005  # of the last printed digit

MODELS_OFF = {
    ("erosion", "PIP-IP+MCP+CMC-M"): {"siso", "mimo-local", "mimo-one-hand"},
    ("erosion", "wrist"): {"mimo-local"},
    ("erosion", "all joints"): {"siso", "mimo-local", "mimo-one-hand"},
}
READERS_OFF = {
    ("erosion", "PIP-IP+MCP+CMC-M"): {"surgeon 1", "surgeon 2", "surgeon 3"},
    ("erosion", "wrist"): {"surgeon 2", "surgeon 3"},
    ("erosion", "all joints"): {"surgeon 1", "surgeon 2", "surgeon 3"},
}


def test_joint_sets_are_those_of_table_4() -> None:
    assert tuple(JOINT_SETS) == SETS
    assert JOINT_SETS["erosion", "PIP-IP+MCP+CMC-M"] == ("PIP-IP", "MCP", "CMC-M")
    assert JOINT_SETS["jsn", "all joints"] == ("PIP", "MCP", "CMC", "wrist")


def metrics_of_rates(
    sensitivity: float, specificity: float, counts: tuple[int, ...]
) -> dict[str, float]:
    """All metrics of a reader with these rates on so many intact and non-intact joints."""
    intact, damaged = counts
    weights = [
        sensitivity * damaged,
        (1 - sensitivity) * damaged,
        (1 - specificity) * intact,
        specificity * intact,
    ]
    called = np.array([True, False, True, False])
    values = classification_metrics(
        called.astype(float),
        called,
        np.array([True, True, False, False]),
        np.arange(4),
        np.array([weights]),
    )
    return dict(zip(METRICS, values[0].tolist(), strict=True))


def unlike(metric: str, row: int, columns: range) -> dict[tuple[str, str], set[str]]:
    """The cells that no rates that round to the printed ones give, by joint set."""
    found: dict[tuple[str, str], set[str]] = {}
    for of, column in product(SETS, columns):
        sensitivity, specificity = TABLE4[of][0][column], TABLE4[of][1][column]
        values = [
            metrics_of_rates(sensitivity + one, specificity + other, COUNTS[of])[metric]
            for one, other in product((-HALF, HALF), repeat=2)
        ]
        if not min(values) - HALF <= TABLE4[of][row][column] <= max(values) + HALF:
            found.setdefault(of, set()).add(COLUMNS[column])
    return found


def test_f_measures_of_table_4() -> None:
    """27 of 42 follow from the rates and from Table 3's counts: all for JSN, few for erosion.

    The others are lower than those of the pooled joints, as means over folds would be.
    """
    expected = {of: MODELS_OFF[of] | READERS_OFF[of] for of in MODELS_OFF}
    assert unlike("f_measure", 2, range(7)) == expected


def test_pr_auc_of_readers_of_table_4() -> None:
    """Trapezoids of binary calls give those of JSN but for the wrist, which are 0.01 off."""
    off = unlike("pr_auc", 3, range(4, 7))
    assert {of for of in SETS if of not in off} == {("jsn", "PIP+MCP+CMC"), ("jsn", "all joints")}
    for column in range(4, 7):
        sensitivity, specificity = (TABLE4["jsn", "wrist"][row][column] for row in (0, 1))
        found = metrics_of_rates(sensitivity, specificity, COUNTS["jsn", "wrist"])["pr_auc"]
        assert found == pytest.approx(TABLE4["jsn", "wrist"][3][column], abs=0.016)


def test_averages_of_table_4_are_means_of_the_readers() -> None:
    for rows in TABLE4.values():
        for row in rows:
            assert np.mean(row[4:7]) == pytest.approx(row[7], abs=2 * HALF)


def test_rates_of_table_3() -> None:
    """All rates follow from the counts but one: 806 of 824 should be 808, 98.1 %."""
    for finding, groups in DETECTED.items():
        for group, kinds in groups.items():
            (intact, _), (damaged, _), (found, of) = kinds
            misprint = (finding, group) == ("erosion", "wrist")
            assert found == intact + damaged - (2 if misprint else 0)
            rates = [
                round(100 * metrics_of_rates(one / all_, 1.0, (1, all_))["sensitivity"], 1)
                for one, all_ in (*kinds[:2], (intact + damaged, of))
            ]
            assert tuple(rates) == PERCENT[finding][group]
        parts = [kinds for group, kinds in groups.items() if group != "all joints"]
        sums = np.sum(parts, axis=0)
        if finding == "erosion":
            sums[2, 0] += 2
        assert sums.tolist() == np.array(groups["all joints"]).tolist()
