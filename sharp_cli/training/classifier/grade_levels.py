"""How wide intervals of totals and changes have to be, learned from patients not trained on.

What is drawn has the right variance over all patients, but not for each of them, so its central
95 % may hold what is true more or less often. As in split conformal prediction (Angelopoulos &
Bates, Foundations and Trends in Machine Learning 16:494, 2023), the level is taken that would have
held it for 95 % of the totals, and for a little more where patients are few.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.joints import FINDINGS, SIDES
from sharp_cli.inference.grading import LEVEL, Correlation
from sharp_cli.results.grade_simulation import draw_grades
from sharp_cli.results.totals import joints_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.results.grade_simulation import Draws
    from sharp_cli.training.classifier.grade_correlation import GradedJoint

_FEWEST: Final = 20
"""Patients from whom a level is learned."""

_RANGE: Final = (0.5, 0.999)
"""Of levels."""


class _Study(NamedTuple):
    """A study's joints of known grade, and what is drawn of them, as the first or second visit."""

    grades: Mapping[StudyJoint, int]
    drawn: tuple[Mapping[StudyJoint, Draws], Mapping[StudyJoint, Draws]]


def with_levels(correlation: Correlation, graded: Iterable[GradedJoint]) -> Correlation:
    """The correlation with the levels of intervals that it takes.

    Args:
        correlation: How the errors of these joints go together.
        graded: Joints of known grade; the visits of a patient are in the order of their names.
    """
    rows: dict[str, dict[str, list[GradedJoint]]] = defaultdict(lambda: defaultdict(list))
    for one in graded:
        rows[one.joint.patient][one.joint.study].append(one)
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for patient, own in rows.items():
        visits = [_study(own[name], correlation) for name in sorted(own)]
        for visit in visits:
            for hand, level in _levels(visit.grades, visit.drawn[0]):
                found["level" if hand else "study_level"][patient].append(level)
        for earlier, later in pairwise(visits):
            both = earlier.grades.keys() & later.grades.keys()
            truth = {key: later.grades[key] - earlier.grades[key] for key in both}
            drawn = {key: later.drawn[1][key] - earlier.drawn[0][key] for key in both}
            for hand, level in _levels(truth, drawn):
                found["change_level" if hand else "study_change_level"][patient].append(level)
    return replace(correlation, **{name: _level(own) for name, own in found.items()})


def _study(joints: Sequence[GradedJoint], correlation: Correlation) -> _Study:
    at_least = {
        (one.joint.side, one.joint.finding, one.joint.joint): one.at_least.tolist()
        for one in joints
    }
    first, second = (draw_grades(at_least, correlation, visit=visit) for visit in (0, 1))
    return _Study(
        {key: one.joint.grade or 0 for key, one in zip(at_least, joints, strict=True)},
        (first, second),
    )


def _levels(
    truth: Mapping[StudyJoint, int], drawn: Mapping[StudyJoint, Draws]
) -> Iterator[tuple[Side | None, float]]:
    """The level of the narrowest central interval that holds what is true, for each total.

    Yields:
        The hand that the total is of, None for both, and the level.
    """
    for hand in (*SIDES, None):
        for finding in (*FINDINGS, None):
            joints = [key for key in joints_of(hand, finding) if key in truth]
            if joints:
                total = sum(truth[key] for key in joints)
                draws = np.sum([drawn[key] for key in joints], axis=0)
                beyond = min((draws <= total).mean(), (draws >= total).mean())
                yield hand, max(1 - 2 * float(beyond), 0.0)


def _level(found: Mapping[str, Sequence[float]]) -> float:
    """The level that holds most totals; the levels of each are given by patient."""
    count = len(found)
    if count < _FEWEST:
        return LEVEL
    share = min(math.ceil((count + 1) * LEVEL) / count, 1.0)
    levels = [level for own in found.values() for level in own]
    return round(float(np.clip(np.quantile(levels, share), *_RANGE)), 4)
