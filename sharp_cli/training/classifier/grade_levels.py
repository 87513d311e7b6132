"""How wide intervals of totals and changes have to be, learned from patients not trained on.

What is drawn has the right variance over all pairs of joints, but not for each kind of total, so
its central 95 % may hold what is true more or less often. Therefore the spread is scaled to what it
was found to be (Laves et al., Proc Mach Learn Res 121:393, 2020): where a true total lies among its
draws is made a standard normal deviate, and the root mean square of these is the scale. It is known
from few patients, whose totals are not independent of each other, so the interval is as wide as
Student's t of so many degrees of freedom is (Hahn & Meeker, Statistical Intervals, 1991, ch. 4). A
scale takes far fewer patients than a quantile of 95 %. It is given as the level of the central
interval of the draws.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from sharp_cli.core.joints import FINDINGS, SIDES
from sharp_cli.inference.grading import LEVEL, Correlation, level_name
from sharp_cli.results.grade_simulation import COUNT, draw_grades
from sharp_cli.results.totals import joints_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import StudyJoint
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
            for name, deviate in _deviates(visit.grades, visit.drawn[0], change=False):
                found[name][patient].append(deviate)
        for earlier, later in pairwise(visits):
            both = earlier.grades.keys() & later.grades.keys()
            truth = {key: later.grades[key] - earlier.grades[key] for key in both}
            drawn = {key: later.drawn[1][key] - earlier.drawn[0][key] for key in both}
            for name, deviate in _deviates(truth, drawn, change=True):
                found[name][patient].append(deviate)
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


def _deviates(
    truth: Mapping[StudyJoint, int], drawn: Mapping[StudyJoint, Draws], *, change: bool
) -> Iterator[tuple[str, float]]:
    """How far each total is from the middle of its draws, as a standard normal deviate.

    Yields:
        The name of the level of its interval, and the deviate without its sign.
    """
    for hand in (*SIDES, None):
        for finding in (*FINDINGS, None):
            joints = [key for key in joints_of(hand, finding) if key in truth]
            if joints:
                total = sum(truth[key] for key in joints)
                draws = np.sum([drawn[key] for key in joints], axis=0)
                beyond = float(min((draws <= total).mean(), (draws >= total).mean()))
                name = level_name(
                    findings=1 if finding else 2, hands=1 if hand else 2, change=change
                )
                yield name, -float(ndtri(np.clip(beyond, 0.5 / COUNT, 0.5)))


def _level(found: Mapping[str, Sequence[float]]) -> float:
    """The level that holds 95 % of totals; the deviates of each are given by patient."""
    if len(found) < _FEWEST:
        return LEVEL
    deviates = [one for own in found.values() for one in own]
    scale = math.sqrt(np.mean(np.square(deviates)))
    width = scale * stdtrit(len(found), (1 + LEVEL) / 2)
    return round(float(np.clip(2 * ndtr(width) - 1, *_RANGE)), 4)
