"""How far models and readers agree on grades, scores and their change: every metric, as records.

The joint groups and the grades are those of the modified Sharp/van der Heijde score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.evaluation.grades import grade_agreements, grades_of
from sharp_cli.evaluation.study_table import parts
from sharp_cli.evaluation.totals import score_agreements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.records import MissingRule
    from sharp_cli.evaluation.cases import Cases, MatchCounts
    from sharp_cli.evaluation.grades import GradeAgreement
    from sharp_cli.evaluation.study_table import StudyTable
    from sharp_cli.evaluation.totals import ScoreAgreement


@dataclass(frozen=True, slots=True)
class GradingEvaluation:
    """All that is measured, by the names that its files have."""

    partners: Sequence[MatchCounts]
    grades: Sequence[GradeAgreement]
    scores: Sequence[ScoreAgreement]


def evaluate_grading(
    cases: Cases,
    studies: StudyTable | None = None,
    by: Sequence[str] = (),
    *,
    missing: MissingRule = "scale",
    resamples: int,
    seed: int,
) -> GradingEvaluation:
    """Measure everything.

    Args:
        cases: Labelled joints and what raters say of them.
        studies: Their dates, without which there is no change, and what to break down by.
        by: The columns of the table to break down by.
        missing: What stands for a joint without a grade in a score, see `totals.total_scores`.
        resamples: Of the patients; 0 for no intervals by a bootstrap.
        seed: Random seed of the resamples.

    Raises:
        DocumentError: There are not two that give grades.
        UsageError: A column has too many values.
    """
    graded = grades_of(cases)
    dates = studies.dates(graded.joints) if studies else {}
    chosen = [("", "", np.ones(len(graded.joints), bool))]
    if studies:
        chosen += parts(studies, graded.joints, by)
    grades: list[GradeAgreement] = []
    scores: list[ScoreAgreement] = []
    for column, name, on in chosen:
        part = graded.part(on)
        given = {"resamples": resamples, "seed": seed}
        grades += grade_agreements(part, **given, by=column, part=name)
        scores += score_agreements(part, dates, missing, **given, by=column, part=name)
    return GradingEvaluation(cases.partners, grades, scores)
