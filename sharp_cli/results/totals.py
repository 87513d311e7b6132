"""The totals of the modified Sharp/van der Heijde score (SHS) of hands and studies.

A total is the sum of its joints' expected grades: erosion goes from 0 to 80 a hand and from 0 to
160 for both, narrowing from 0 to 60 and 120, together from 0 to 280. Its interval is that of sums
of grades which are drawn together, see `grade_simulation`. Source of the score: van der Heijde,
J Rheumatol 26:743 (1999) and 27:261 (2000).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, fields
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sharp_cli.core.joints import FINDINGS, SIDES, TARGETS
from sharp_cli.inference.grading import LEVEL, level_name
from sharp_cli.results.grade_simulation import draw_grades, interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Finding, Side, StudyJoint
    from sharp_cli.core.records import MissingRule
    from sharp_cli.inference.grading import Correlation
    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.grade_simulation import Draws

LEAST_SHARE: Final = 0.5
"""Of the joints of a hand and finding that `scale` takes; of fewer there is no total. A choice."""

_DECIMALS: Final = 2
_PARTS: Final[Mapping[str, Finding | None]] = {"erosion": "erosion", "jsn": "jsn", "total": None}
"""By the attributes of a `Total`, the finding that it is the sum of; None for both."""


@dataclass(frozen=True, slots=True)
class Total:
    """The totals of one hand, or of a study.

    Attributes:
        study: The study.
        hand: Left or right; None for the whole study.
        erosion: Sum of expected erosion grades; None where there is none by the rule.
        erosion_low: Lower end of its 95 % interval; None where the bundle gives no correlation.
        erosion_high: Upper end.
        jsn: The same of narrowing.
        jsn_low: Likewise.
        jsn_high: Likewise.
        total: Their sum.
        total_low: Likewise.
        total_high: Likewise.
        missing: How many joints have no grade, each counted once for each finding.
        missing_rule: What was done about these.
    """

    study: str
    hand: Side | None
    erosion: float | None
    erosion_low: int | None
    erosion_high: int | None
    jsn: float | None
    jsn_low: int | None
    jsn_high: int | None
    total: float | None
    total_low: int | None
    total_high: int | None
    missing: int
    missing_rule: MissingRule


class Part(NamedTuple):
    """A sum of grades: that of a finding and hand, or of several.

    Attributes:
        expected: The sum of expected grades.
        draws: Sums that were drawn; None where they cannot be.
        level: Of its interval, see `grading.Correlation`.
    """

    expected: float
    draws: Draws | None
    level: float

    @property
    def interval(self) -> tuple[int, int] | tuple[None, None]:
        """Its ends, or None for each where there are no draws."""
        return (None, None) if self.draws is None else interval(self.draws, self.level)


class GradedStudy(NamedTuple):
    """The grades of a study's joints.

    Attributes:
        at_least: By joint the probabilities of a grade of at least 1, 2, ...
        correlation: How errors go together; None where that is not known.
    """

    at_least: Mapping[StudyJoint, Sequence[float]]
    correlation: Correlation | None

    def draws(self, *, visit: int = 0) -> Mapping[StudyJoint, Draws] | None:
        """Grades that are drawn together, see `draw_grades`; None where they cannot be."""
        if self.correlation is None:
            return None
        return draw_grades(self.at_least, self.correlation, visit=visit)

    def with_missing(self, rule: MissingRule) -> GradedStudy:
        """The study with grades for missing joints: by `scale` those of the hand's others.

        Each is then as the mean of the others of its finding and hand, so that the sum is scaled by
        how many there are.
        """
        if rule != "scale":
            return self
        filled = dict(self.at_least)
        for side in SIDES:
            for finding in FINDINGS:
                known = [one for key, one in self.at_least.items() if key[:2] == (side, finding)]
                if len(known) >= LEAST_SHARE * len(joints_of(side, finding)):
                    usual = tuple(np.mean(known, axis=0).tolist())
                    for key in joints_of(side, finding):
                        filled.setdefault(key, usual)
        return self._replace(at_least=filled)


def graded_studies(document: Document) -> dict[str, GradedStudy]:
    """The studies of a document in which joints are graded."""
    rows: dict[str, list[JointRow]] = defaultdict(list)
    for row in document.joints:
        if row.grade_probabilities is not None:
            rows[row.study].append(row)
    return {study: _graded(document, found) for study, found in rows.items()}


def _graded(document: Document, rows: Sequence[JointRow]) -> GradedStudy:
    model, _ = Counter(row.model for row in rows).most_common(1)[0]
    return GradedStudy(
        {
            (row.hand, row.finding, row.joint): _at_least(row.grade_probabilities or ())
            for row in rows
        },
        document.grade_correlation.get(model or ""),
    )


def _at_least(probabilities: Sequence[float]) -> tuple[float, ...]:
    """The probabilities of a grade of at least 1, 2, ... from those of the grades 0, 1, ..."""
    return tuple(min(one, 1.0) for one in [*accumulate(reversed(probabilities))][-2::-1])


def totals(document: Document) -> tuple[Total, ...]:
    """The totals of each study: its hands in their order, then all of it.

    There are none of studies without grades.
    """
    hands: dict[str, list[Side]] = defaultdict(list)
    for row in document.hands:
        hands[row.study].append(row.hand)
    return tuple(
        total
        for study, graded in graded_studies(document).items()
        for total in _totals(study, graded, hands[study], document.missing)
    )


def _totals(
    study: str, graded: GradedStudy, hands: Iterable[Side], rule: MissingRule
) -> Iterator[Total]:
    filled = graded.with_missing(rule)
    draws = filled.draws()
    for hand in (*hands, None):
        cells: dict[str, Any] = {}
        for name, finding in _PARTS.items():
            part = part_of(filled, draws, joints_of(hand, finding), rule)
            low, high = (None, None) if part is None else part.interval
            cells |= {
                name: None if part is None else round(part.expected, _DECIMALS),
                f"{name}_low": low,
                f"{name}_high": high,
            }
        missing = sum(key not in graded.at_least for key in joints_of(hand, None))
        yield Total(study=study, hand=hand, **cells, missing=missing, missing_rule=rule)


def part_of(
    graded: GradedStudy,
    draws: Mapping[StudyJoint, Draws] | None,
    joints: Sequence[StudyJoint],
    rule: MissingRule,
) -> Part | None:
    """The sum of the grades of some joints.

    Args:
        graded: The study, with grades for missing joints.
        draws: What was drawn of it.
        joints: The joints.
        rule: What to do about those that have no grade.

    Returns:
        None where the rule allows no sum: but for `zero`, where a joint has no grade.
    """
    known = [key for key in joints if key in graded.at_least]
    if not known or (rule != "zero" and len(known) < len(joints)):
        return None
    expected = sum(sum(graded.at_least[key]) for key in known)
    drawn = None if draws is None else np.sum([draws[key] for key in known], axis=0)
    return Part(expected, drawn, level_of(graded.correlation, joints))


def level_of(
    correlation: Correlation | None, joints: Sequence[StudyJoint], *, change: bool = False
) -> float:
    """The level of the interval of some joints' sum, or of how it changes.

    That of a single joint is not learned.
    """
    if correlation is None or len(joints) == 1:
        return LEVEL
    hands, findings = (len({key[at] for key in joints}) for at in (0, 1))
    level: float = getattr(correlation, level_name(findings=findings, hands=hands, change=change))
    return level


def joints_of(hand: Side | None, finding: Finding | None) -> list[StudyJoint]:
    """The joints of a hand and finding; of both for None."""
    return [
        (side, target.finding, target.joint)
        for side in SIDES
        for target in TARGETS
        if hand in (None, side) and finding in (None, target.finding)
    ]


TOTAL_COLUMNS: Final = tuple(
    name if name.startswith("missing") else f"shs_{name}"
    for name in (field.name for field in fields(Total))
    if name not in ("study", "hand")
)
"""The columns of the summary that are those of a `Total`."""


def total_cells(total: Total | None) -> list[object]:
    """The cells of `TOTAL_COLUMNS`; all empty for None."""
    if total is None:
        return [None] * len(TOTAL_COLUMNS)
    return [value for name, value in asdict(total).items() if name not in ("study", "hand")]
