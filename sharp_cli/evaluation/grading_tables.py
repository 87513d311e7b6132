"""An evaluation of grades as tables to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sharp_cli.evaluation.classification_tables import match_table
from sharp_cli.evaluation.grades import ALL_JOINTS
from sharp_cli.evaluation.metrics.ordinal import GRADE_METRICS
from sharp_cli.evaluation.tables import Table, format_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sharp_cli.evaluation.grades import GradeAgreement
    from sharp_cli.evaluation.grading import GradingEvaluation
    from sharp_cli.evaluation.totals import ScoreAgreement

_TITLES: Final[Mapping[str, str]] = {
    "quadratic_kappa": "Quadratic weighted kappa",
    "exact": "Exact in %",
    "within_1": "Within 1 in %",
    "mean_absolute_error": "Mean absolute error",
    "balanced_accuracy": "Balanced accuracy",
    "icc_2_1": "ICC(2,1)",
    "icc_3_1": "ICC(3,1)",
    "bias": "Bias",
    "lower_limit": "Lower limit",
    "upper_limit": "Upper limit",
    "sem": "SEM",
    "rmse": "RMSE",
    "correlation": "Correlation",
    "sdc_95_one_reader": "SDC 95 %, one reader",
    "sdc_95_two_readers": "SDC 95 %, mean of two",
    "above_sdc_95": "Above SDC 95 % in %",
    "sdc_80_one_reader": "SDC 80 %, one reader",
    "sdc_80_two_readers": "SDC 80 %, mean of two",
    "above_sdc_80": "Above SDC 80 % in %",
}
_PERCENT: Final = ("exact", "within_1", "above_sdc_95", "above_sdc_80")
_RELIABILITY: Final = (
    "icc_2_1", "icc_3_1", "bias", "lower_limit", "upper_limit", "sem", "rmse",
)  # fmt: skip
_CHANGE: Final = (
    *("icc_2_1", "icc_3_1", "correlation", "sem"),
    *("sdc_95_one_reader", "sdc_95_two_readers", "above_sdc_95"),
    *("sdc_80_one_reader", "sdc_80_two_readers", "above_sdc_80"),
)
_GRADES: Final = (
    "Agreement on grades, with 95 % intervals by a bootstrap of patients. Balanced accuracy is the "
    "mean, over the grades that the second gives, of the fraction that the first gives as well."
)
_SCORES: Final = (
    "Agreement on scores (sums of grades, or of expected grades where a model gives them), with "
    "95 % intervals. Bias and 95 % limits of agreement are of the first minus the second."
)
_CHANGES: Final = (
    "Agreement on the change from the first to the last visit, with 95 % intervals. SDC is the "
    "smallest detectable change; above it are those whose mean change by both is larger than the "
    "SDC of a mean of two."
)
_PARTS: Final = "By parts of the patients: {}"


def grading_tables(evaluation: GradingEvaluation) -> list[Table]:
    """Tables for reading; those of parts hold the joints of a finding and studies only."""
    whole = [one for one in evaluation.grades if not one.by]
    parts = [one for one in evaluation.grades if one.by and one.joints == ALL_JOINTS]
    made = [match_table(evaluation.partners), _grades(_GRADES, whole)]
    made += [_scores(_SCORES, _chosen(evaluation.scores, "score", parts=False), _RELIABILITY)]
    made += [_scores(_CHANGES, _chosen(evaluation.scores, "change", parts=False), _CHANGE)]
    made += [_grades(_PARTS.format(_GRADES), parts)]
    scores, changes = (
        _chosen(evaluation.scores, quantity, parts=True) for quantity in ("score", "change")
    )
    made += [_scores(_PARTS.format(_SCORES), scores, _RELIABILITY)]
    made += [_scores(_PARTS.format(_CHANGES), changes, _CHANGE)]
    return [table for table in made if table.rows]


def _chosen(
    scores: Iterable[ScoreAgreement], quantity: str, *, parts: bool
) -> list[ScoreAgreement]:
    return [
        one
        for one in scores
        if one.quantity == quantity
        and bool(one.by) == parts
        and (not parts or (one.unit, one.score) == ("study", "total"))
    ]


def _grades(caption: str, chosen: Iterable[GradeAgreement]) -> Table:
    return _table(
        caption,
        ("", "", "joints"),
        (
            (
                (
                    _named(one.by, one.part, f"{one.joints} ({one.finding})"),
                    f"{one.first} – {one.second}",
                    str(one.graded),
                ),
                one.metric,
                _value(one),
            )
            for one in chosen
        ),
        GRADE_METRICS,
    )


def _scores(caption: str, chosen: Iterable[ScoreAgreement], metrics: Sequence[str]) -> Table:
    return _table(
        caption,
        ("", "", "cases"),
        (
            (
                (
                    _named(one.by, one.part, f"{one.score} ({one.unit})"),
                    one.between,
                    str(one.cases),
                ),
                one.metric,
                _value(one),
            )
            for one in chosen
        ),
        metrics,
    )


def _table(
    caption: str,
    heads: Sequence[str],
    values: Iterable[tuple[tuple[str, str, str], str, str]],
    metrics: Sequence[str],
) -> Table:
    """A row for each of the first parts of values, a column for each metric."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for key, metric, value in values:
        rows.setdefault(key, {})[metric] = value
    return Table(
        caption,
        (*heads, *(_TITLES[metric] for metric in metrics)),
        [[*key, *(row.get(metric, "") for metric in metrics)] for key, row in rows.items()],
    )


def _named(by: str, part: str, what: str) -> str:
    return f"{by} {part}: {what}" if by else what


def _value(one: GradeAgreement | ScoreAgreement) -> str:
    factor, form = (100, ".1f") if one.metric in _PERCENT else (1, ".2f")
    low, high = (format_number(end * factor, form) for end in (one.low, one.high))
    ends = "" if math.isnan(one.low) else f" ({low} to {high})"
    return format_number(one.value * factor, form) + ends
