"""How grades and totals change from one visit of a patient to the next.

A change is the difference of expected grades; its interval is that of the differences of grades
which are drawn together for both visits, see `grade_simulation`: errors that a patient's visits
have in common cancel each other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.core.joints import FINDINGS, SIDES
from sharp_cli.results.totals import (
    GradedStudy,
    Part,
    graded_studies,
    joints_of,
    level_of,
    part_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sharp_cli.core.joints import Finding, Side, StudyJoint
    from sharp_cli.core.records import MissingRule
    from sharp_cli.results.document import Document

_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one joint or total.

    Attributes:
        patient: Whose it is, according to the manifest.
        earlier: The study before.
        study: The study.
        days: Between them.
        hand: Left or right; None for a total of both hands.
        finding: Erosion or narrowing; None for a total of both.
        joint: Name of the joint; None for a total.
        change: Of the expected grade, or of their sum.
        change_low: Lower end of its 95 % interval; None where the bundle gives no correlation.
        change_high: Upper end.
        missing: How many joints have no grade at one of the visits.
        missing_rule: What was done about these.
    """

    patient: str
    earlier: str
    study: str
    days: int
    hand: Side | None
    finding: Finding | None
    joint: str | None
    change: float
    change_low: int | None
    change_high: int | None
    missing: int
    missing_rule: MissingRule


CHANGE_COLUMNS: Final = tuple(field.name for field in fields(Change))
"""The columns of the table of changes."""


class _Visit(NamedTuple):
    """A study with its place in time."""

    day: int
    study: str
    graded: GradedStudy
    missing: MissingRule


def changes(documents: Iterable[Document]) -> tuple[Change, ...]:
    """The changes of all patients whose visits have an order; first of joints, then of totals.

    Args:
        documents: The results of their studies, together or apart.
    """
    visits: dict[str, dict[str, _Visit]] = defaultdict(dict)
    for document in documents:
        graded = graded_studies(document)
        for row in document.inputs:
            if row.patient is not None and row.day is not None and row.study in graded:
                visits[row.patient][row.study] = _Visit(
                    row.day, row.study, graded[row.study], document.missing
                )
    return tuple(
        change
        for patient, own in visits.items()
        for earlier, later in pairwise(sorted(own.values(), key=lambda one: one[:2]))
        for change in _between(patient, earlier, later)
    )


def _between(patient: str, earlier: _Visit, later: _Visit) -> Iterator[Change]:
    both = earlier.graded.at_least.keys() & later.graded.at_least.keys()
    rule = later.missing
    # Of what is missing at one visit, nothing is known of the change.
    before, after = (
        GradedStudy(
            {key: one for key, one in visit.graded.at_least.items() if key in both},
            visit.graded.correlation,
        ).with_missing(rule)
        for visit in (earlier, later)
    )
    drawn = before.draws(visit=0), after.draws(visit=1)
    single = [key for key in joints_of(None, None) if key in both]
    wanted: list[tuple[Side | None, Finding | None, str | None, list[StudyJoint]]] = [
        *((*key, [key]) for key in single),
        *(
            (hand, finding, None, joints_of(hand, finding))
            for hand in (*SIDES, None)
            for finding in (*FINDINGS, None)
        ),
    ]
    for hand, finding, joint, joints in wanted:
        first, second = (
            part_of(graded, draws, joints, rule)
            for graded, draws in zip((before, after), drawn, strict=True)
        )
        if first is None or second is None:
            continue
        difference = Part(
            second.expected - first.expected,
            None if first.draws is None or second.draws is None else second.draws - first.draws,
            level_of(after.correlation, joints, change=True),
        )
        low, high = difference.interval
        yield Change(
            patient=patient,
            earlier=earlier.study,
            study=later.study,
            days=later.day - earlier.day,
            hand=hand,
            finding=finding,
            joint=joint,
            change=round(difference.expected, _DECIMALS),
            change_low=low,
            change_high=high,
            missing=sum(key not in both for key in joints),
            missing_rule=rule,
        )
