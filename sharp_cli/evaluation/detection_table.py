"""How well joints are detected: rates and distances, as the paper's Table 3 and Fig. 4 give them.

Miyama et al., Arthritis Res Ther 24:227 (2022): the correct detection rate is the fraction of
the joints whose box holds the joint, as a surgeon adjudicated; the distance error is that of the
detected centre from the annotated one, in pixels of radiographs resized to one proximal phalanx
length.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final, Literal

from sharp_cli.core.joints import COMMON_PHALANX, FINDINGS, Finding
from sharp_cli.evaluation.metrics.detection import JointError, grouped, spread
from sharp_cli.evaluation.tables import NONE, Table, format_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sharp_cli.evaluation.detection_match import Comparison, FoundJoint, Unmatched

Unit = Literal["px", "mm", "percent"]
State = Literal["intact", "non-intact", "total"]

UNITS: Final[Mapping[Unit, Callable[[JointError], float]]] = {
    "px": lambda one: one.error * COMMON_PHALANX,
    "mm": lambda one: one.mm,
    "percent": lambda one: one.error * 100,
}
"""Distances in pixels at the common scale, in mm, and in percent of the hand's median proximal
phalanx length."""

STATES: Final[Mapping[State, Callable[[FoundJoint], bool]]] = {
    "intact": lambda one: one.damaged is False,
    "non-intact": lambda one: one.damaged is True,
    "total": lambda _: True,
}
"""The columns of Table 3; a joint that is not labelled is in the total only."""

TITLES: Final[Mapping[Finding, str]] = {"erosion": "Erosion", "jsn": "JSN"}
"""What the findings are called in tables and plots."""

_RATES: Final = (
    "Joints found {}, of those that are intact (SHS grade 0), non-intact (1 or more), and of all."
)
_DISTANCES: Final = (
    "Distances of detected joints from annotated ones, {}; SD is the sample's standard deviation."
)
_UNITS: Final[Mapping[Unit, tuple[str, str]]] = {
    "px": (
        f"in pixels of radiographs whose median proximal phalanx is {COMMON_PHALANX:.0f} px long",
        ".1f",
    ),
    "mm": ("in mm, where the spacing of the pixels is known", ".2f"),
    "percent": ("in percent of the hand's median proximal phalanx length", ".2f"),
}
"""What a unit is in words, and how its numbers are written."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How many joints of a set are found.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: Joint group, or `detection.ALL_JOINTS`.
        state: One of `STATES`.
        found: How many are found.
        of: How many there are.
        percent: How many of a hundred are found; NaN where there are none.
    """

    finding: Finding
    joints: str
    state: State
    found: int
    of: int
    percent: float

    def __str__(self) -> str:
        return f"{self.found}/{self.of} ({self.percent:.1f}%)" if self.of else NONE


@dataclass(frozen=True, slots=True)
class Distance:
    """How far the detected joints of a set lie from the annotated ones; see `detection.Spread`.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: Joint group, or `detection.ALL_JOINTS`.
        unit: One of `UNITS`.
        measured: How many distances are known in it.
        mean: Their mean.
        sd: Their standard deviation.
        median: Their median.
        p95: Their 95th percentile.
    """

    finding: Finding
    joints: str
    unit: Unit
    measured: int
    mean: float
    sd: float
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class DetectionEvaluation:
    """All that is measured.

    Attributes:
        partners: Joints that only one of two files has.
        rates: Of every joint group, and of all joints of a finding, by state.
        distances: Likewise, by unit; none where no joint is annotated.
    """

    partners: Sequence[Unmatched]
    rates: Sequence[Rate]
    distances: Sequence[Distance]


def evaluate_detection(comparison: Comparison) -> DetectionEvaluation:
    """Measure rates and distances of joint groups."""
    return DetectionEvaluation(
        comparison.partners,
        rates(comparison.joints),
        distances(comparison.errors) if comparison.errors else (),
    )


def rates(joints: Sequence[FoundJoint]) -> list[Rate]:
    """The detection rates of the paper's Table 3, row by row."""
    measured = []
    for (finding, name), members in grouped(joints).items():
        for state, belongs in STATES.items():
            own = [one.found for one in members if belongs(one)]
            percent = 100 * sum(own) / len(own) if own else math.nan
            measured.append(Rate(finding, name, state, sum(own), len(own), percent))
    return measured


def distances(errors: Sequence[JointError]) -> list[Distance]:
    """The distance errors of the paper's Fig. 4, in all units."""
    return [
        Distance(finding, name, unit, *astuple(spread(map(measure, members))))
        for (finding, name), members in grouped(errors).items()
        for unit, measure in UNITS.items()
    ]


def tables(evaluation: DetectionEvaluation, criterion: str) -> list[Table]:
    """What is for reading: Table 3, the distances by unit, and what only one file has.

    Args:
        evaluation: What was measured.
        criterion: When a joint counts as found, in words.
    """
    rows: dict[tuple[Finding, str], list[str]] = {}
    for one in evaluation.rates:
        rows.setdefault((one.finding, one.joints), []).append(str(one))
    made = [
        _table(_RATES.format(criterion), ("Intact", "Non-intact", "Total"), rows),
        *(_distances(evaluation, unit) for unit in UNITS if evaluation.distances),
    ]
    if evaluation.partners:
        lines = [(one.what, str(one.joints), one.effect) for one in evaluation.partners]
        made.append(Table("Joints that only one of two files has.", ("", "Joints", ""), lines))
    return made


def _distances(evaluation: DetectionEvaluation, unit: Unit) -> Table:
    words, form = _UNITS[unit]

    rows = {
        (one.finding, one.joints): (
            str(one.measured),
            f"{format_number(one.mean, form)} ± {format_number(one.sd, form)}"
            if one.measured
            else NONE,
            format_number(one.median, form),
            format_number(one.p95, form),
        )
        for one in evaluation.distances
        if one.unit == unit
    }
    heads = ("Joints", "Mean ± SD", "Median", "95th percentile")
    return _table(_DISTANCES.format(words), heads, rows)


def _table(
    caption: str, heads: Sequence[str], rows: Mapping[tuple[Finding, str], Sequence[str]]
) -> Table:
    """A table of the joint groups, each finding under a heading of its own."""
    lines: list[Sequence[str]] = []
    bold = set()
    for finding in FINDINGS:
        bold.add((len(lines), 0))
        lines.append([TITLES[finding], *("" for _ in heads)])
        for (of, joints), cells in rows.items():
            if of == finding:
                lines.append([joints[0].upper() + joints[1:], *cells])
    return Table(caption, ("", *heads), lines, frozenset(bold))
