"""How wide intervals have to be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.inference.grading import LEVEL, Correlation
from sharp_cli.training.classifier.grade_correlation import GradedJoint
from sharp_cli.training.classifier.grade_levels import _level, with_levels
from tests.labels import labelled_joint

ALONE = Correlation(0, 0, 0, 0, 0)
AT_LEAST = np.array([0.5, 0.3, 0.1, 0.05])


def graded(patients: int, spread: float) -> list[GradedJoint]:
    """Joints whose grades are as likely as `AT_LEAST` says, or all half as likely to differ."""
    rng = np.random.default_rng(0)
    return [
        GradedJoint(
            labelled_joint(
                patient=f"p{number}", side=side, finding=target.finding, joint=target.joint,
                grade=int((rng.random() < AT_LEAST).sum()) if rng.random() < spread else 1,
            ),
            AT_LEAST,
        )
        for number in range(patients)
        for side in SIDES
        for target in TARGETS
    ]  # fmt: skip


def test_levels_are_about_95_percent_where_draws_fit_and_less_where_grades_differ_less() -> None:
    fitting = with_levels(ALONE, graded(40, 1.0))
    for name in ("level", "study_level", "both_level", "both_study_level"):
        assert getattr(fitting, name) == pytest.approx(LEVEL, abs=0.05), name
    narrow = with_levels(ALONE, graded(40, 0.2))
    assert narrow.level < fitting.level - 0.05
    assert narrow.both_study_level < fitting.both_study_level - 0.05
    assert (narrow.patient, narrow.change_level) == (0, LEVEL)


def test_few_patients_get_the_wider_interval_of_student() -> None:
    for scale in (1.0, 0.5):
        found = _level({str(number): [scale, -scale] for number in range(20)})
        assert found == pytest.approx(2 * norm.cdf(scale * t.ppf(0.975, 20)) - 1, abs=1e-4)


def test_few_patients_teach_nothing() -> None:
    assert with_levels(ALONE, graded(19, 1.0)) == ALONE
