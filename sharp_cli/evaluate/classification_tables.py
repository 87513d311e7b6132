"""An evaluation as tables to read, and these as Markdown and LaTeX."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.evaluate.cases import JOINT_SETS
from sharp_cli.evaluate.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sharp_cli.evaluate.classification import Difference, Evaluation, Figure

NONE: Final = "–"
"""What stands for a figure that is not defined."""

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

_INTERVALS: Final = "95 % percentile intervals of a bootstrap of patients in brackets"
_TABLE4: Final = (
    f"Performance of binary classification, {_INTERVALS}; the best of a row is bold. PR-AUC is the "
    "area under the precision-recall curve by trapezoids (scikit-learn's auc of "
    "precision_recall_curve). A reader gives no probabilities: the last four figures are of the "
    "calls as 0 and 1."
)
_DIFFERENCES: Final = (
    "How much higher a figure of the first is than of the second, on the joints that both call, "
    f"{_INTERVALS} (both of the same patients); bold where the interval leaves out 0."
)
_AGREEMENT: Final = (
    "Agreement on the joints that all of a row call; kappa is Cohen's of two, Fleiss' of more."
)
_GRADES: Final = "Joints called non-intact, of those of an SHS grade; grade 0 is intact."

_LATEX: Final = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes:
        caption: What it shows.
        columns: Heads of its columns.
        rows: Its cells.
        bold: Rows and columns, from 0, of the cells that stand out.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[tuple[int, int]] = frozenset()


def tables(evaluation: Evaluation) -> list[Table]:
    """What is for reading: all but the parts of single joints, hands and patients."""
    return [
        _partners(evaluation),
        _table4(evaluation),
        _differences(evaluation),
        _agreement(evaluation),
        _grades(evaluation),
    ]


def markdown(table: Table) -> str:
    """The table as Markdown, its caption above it."""
    heads, *rows = _written(table, lambda text: text.replace("|", r"\|"), "**{}**")
    lines = [heads, ["---"] * len(heads), *rows]
    return f"{table.caption}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(table: Table) -> str:
    """The table as a `table` of LaTeX."""
    heads, *rows = [
        f"{' & '.join(line)} \\\\\n" for line in _written(table, _latex, r"\textbf{{{}}}")
    ]
    return (
        f"\\begin{{table}}\n\\caption{{{_latex(table.caption)}}}\n"
        f"\\begin{{tabular}}{{{'l' * len(table.columns)}}}\n"
        f"\\hline\n{heads}\\hline\n{''.join(rows)}\\hline\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def _partners(evaluation: Evaluation) -> Table:
    return Table(
        "Labelled joints that are called and that are not, and called ones that are not labelled.",
        ("", "called", "not called", "not labelled"),
        [
            (one.name, str(one.called), str(one.not_called), str(one.not_labelled))
            for one in evaluation.partners
        ],
    )


def _table4(evaluation: Evaluation) -> Table:
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
            rows.append(["", _TITLES[metric], *(_figure(one) for one in row)])
    return Table(_TABLE4, ("", "", *names), rows, frozenset(bold))


def _best(metric: str, values: Sequence[float]) -> list[int]:
    """Where the best value stands, or the best ones."""
    defined = [value for value in values if not math.isnan(value)]
    best = (min if metric in _LEAST_IS_BEST else max)(defined, default=math.nan)
    return [at for at, value in enumerate(values) if value == best]


def _differences(evaluation: Evaluation) -> Table:
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


def _agreement(evaluation: Evaluation) -> Table:
    rows = [
        (
            f"{one.joints} ({one.finding})",
            one.between,
            str(one.called),
            _number(one.agreement * 100, ".1f"),
            _number(one.kappa),
        )
        for one in evaluation.agreement
    ]
    return Table(_AGREEMENT, ("", "", "joints", "agreement in %", "kappa"), rows)


def _grades(evaluation: Evaluation) -> Table:
    names = list(dict.fromkeys(one.name for one in evaluation.grades))
    rows: dict[tuple[str, str], list[str]] = {}
    for one in evaluation.grades:
        share = _number(one.share * 100, ".0f")
        row = rows.setdefault((f"{one.joints} ({one.finding})", str(one.grade)), [])
        row.append(f"{one.non_intact}/{one.called} ({share} %)")
    return Table(_GRADES, ("", "grade", *names), [[*key, *row] for key, row in rows.items()])


def _written(table: Table, escape: Callable[[str], str], bold: str) -> list[list[str]]:
    """The heads and the rows in some markup."""
    rows = [
        [
            bold.format(escape(cell)) if (number, column) in table.bold else escape(cell)
            for column, cell in enumerate(row)
        ]
        for number, row in enumerate(table.rows)
    ]
    return [[escape(head) for head in table.columns], *rows]


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)


def _figure(one: Figure) -> str:
    ends = "" if math.isnan(one.low) else f" ({one.low:.2f}–{one.high:.2f})"
    return _number(one.value) + ends


def _difference(one: Difference) -> str:
    ends = "" if math.isnan(one.low) else f" ({one.low:+.2f} to {one.high:+.2f})"
    return _number(one.value, "+.2f") + ends


def _number(value: float, form: str = ".2f") -> str:
    return NONE if math.isnan(value) else format(value, form)
