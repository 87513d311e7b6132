"""An evaluation of classification as tables to read."""

from __future__ import annotations

import math
from dataclasses import astuple
from typing import TYPE_CHECKING, Final

from sharp_cli.evaluation.cases import JOINT_SETS
from sharp_cli.evaluation.metrics.classification import METRICS
from sharp_cli.evaluation.tables import Table, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.evaluation.cases import MatchCounts
    from sharp_cli.evaluation.classification import (
        ClassificationEvaluation,
        Difference,
        MetricValue,
    )

_TITLES: Final = {
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "f_measure": "F-measure",
    "pr_auc": "PR-AUC",
    "average_precision": "Average precision",
    "roc_auc": "ROC-AUC",
    "brier": "Brier score",
}
_PAPER: Final = METRICS[:4]  # those of its Table 4
_LEAST_IS_BEST: Final = ("brier",)

_INTERVALS: Final = (
    "95 % intervals in brackets (percentiles of a bootstrap of patients, expanded for few patients)"
)
_TABLE4: Final = (
    f"Performance of binary classification, {_INTERVALS}; the best of a row is bold. PR-AUC is the "
    "area under the precision-recall curve by trapezoids (scikit-learn's auc of "
    "precision_recall_curve). A reader gives no probabilities: the last four metrics are of the "
    "calls as 0 and 1."
)
_DIFFERENCES: Final = (
    "How much higher a metric of the first is than of the second, on the joints that both call, "
    f"{_INTERVALS}, both of the same patients; bold where the interval excludes 0."
)
_AGREEMENT: Final = (
    "Agreement on the joints that all of a row call; kappa is Cohen's of two, Fleiss' of more."
)
_BREAKDOWN: Final = f"Performance on parts of the patients, all joints of a finding, {_INTERVALS}."
_ALL: Final = "all joints"
_GRADES: Final = "Joints called non-intact, of those of an SHS grade; grade 0 is intact."


def tables(evaluation: ClassificationEvaluation) -> list[Table]:
    """Tables for reading: all but the parts of single joints, hands and patients.

    There are no differences of a single rater, and no grades where the labels are none.
    """
    makers = (_table4, _differences, _agreement, _grades, _breakdown)
    made = [match_table(evaluation.partners), *(make(evaluation) for make in makers)]
    return [table for table in made if table.rows]


def match_table(partners: Sequence[MatchCounts]) -> Table:
    """How the joints of raters and labels match."""
    return Table(
        "Labelled joints that are called and that are not, and called ones that are not labelled.",
        ("", "called", "not called", "not labelled", "not assessable"),
        [tuple(map(str, astuple(one))) for one in partners],
    )


def _table4(evaluation: ClassificationEvaluation) -> Table:
    names = list(dict.fromkeys(figure.name for figure in evaluation.figures))
    found = {(one.finding, one.joints, one.metric, one.name): one for one in evaluation.figures}
    rows: list[list[str]] = []
    bold = set()
    for finding, joints in JOINT_SETS:
        blocks = {
            metric: [found[finding, joints, metric, name] for name in names] for metric in METRICS
        }
        sizes = [f"{one.called} ({one.damaged})" for one in blocks[METRICS[0]]]
        rows.append([f"{joints} ({finding})", "Joints (non-intact)", *sizes])
        for metric, row in blocks.items():
            best = _best(metric, [one.value for one in row])
            bold |= {(len(rows), 2 + column) for column in best}
            rows.append(["", _TITLES[metric], *(_value(one) for one in row)])
    return Table(_TABLE4, ("", "", *names), rows, frozenset(bold))


def _best(metric: str, values: Sequence[float]) -> list[int]:
    """Where the best value stands, or the best ones."""
    defined = [value for value in values if not math.isnan(value)]
    best = (min if metric in _LEAST_IS_BEST else max)(defined, default=math.nan)
    return [at for at, value in enumerate(values) if value == best]


def _differences(evaluation: ClassificationEvaluation) -> Table:
    pairs: dict[tuple[str, ...], list[Difference]] = {}
    for one in evaluation.differences:
        if one.metric not in _PAPER:
            continue
        key = (f"{one.joints} ({one.finding})", f"{one.first} – {one.second}", str(one.called))
        pairs.setdefault(key, []).append(one)
    bold = frozenset(
        (row, 3 + column)
        for row, members in enumerate(pairs.values())
        for column, one in enumerate(members)
        if one.low > 0 or one.high < 0
    )
    rows = [[*key, *map(_difference, members)] for key, members in pairs.items()]
    return Table(
        _DIFFERENCES, ("", "", "joints", *(_TITLES[metric] for metric in _PAPER)), rows, bold
    )


def _agreement(evaluation: ClassificationEvaluation) -> Table:
    rows = [
        (
            f"{one.joints} ({one.finding})",
            one.between,
            str(one.called),
            format_number(one.agreement * 100, ".1f"),
            format_number(one.kappa),
        )
        for one in evaluation.agreement
    ]
    return Table(_AGREEMENT, ("", "", "joints", "agreement in %", "kappa"), rows)


def _grades(evaluation: ClassificationEvaluation) -> Table:
    names = list(dict.fromkeys(one.name for one in evaluation.grades))
    rows: dict[tuple[str, str], list[str]] = {}
    for one in evaluation.grades:
        percent = format_number(one.share * 100, ".0f")
        row = rows.setdefault((f"{one.joints} ({one.finding})", str(one.grade)), [])
        row.append(f"{one.non_intact}/{one.called} ({percent} %)")
    return Table(_GRADES, ("", "grade", *names), [[*key, *row] for key, row in rows.items()])


def _breakdown(evaluation: ClassificationEvaluation) -> Table:
    rows: dict[tuple[str, ...], list[str]] = {}
    for one in evaluation.breakdown:
        if one.metric in _PAPER and one.joints == _ALL:
            key = (f"{one.by} {one.part} ({one.finding})", one.name, str(one.called))
            rows.setdefault(key, []).append(_value(one))
    titles = (_TITLES[metric] for metric in _PAPER)
    return Table(_BREAKDOWN, ("", "", "joints", *titles), [[*k, *row] for k, row in rows.items()])


def _value(one: MetricValue) -> str:
    ends = "" if math.isnan(one.low) else f" ({one.low:.2f}–{one.high:.2f})"
    return format_number(one.value) + ends


def _difference(one: Difference) -> str:
    ends = "" if math.isnan(one.low) else f" ({one.low:+.2f} to {one.high:+.2f})"
    return format_number(one.value, "+.2f") + ends
