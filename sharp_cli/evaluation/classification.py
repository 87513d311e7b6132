"""How well models and readers distinguish damaged from intact joints: every metric, as records.

The joint sets and the first four metrics are those of Table 4 of Miyama et al., Arthritis Res
Ther 24:227 (2022).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.joints import POINTS, SIDES
from sharp_cli.evaluation.agreement import agreements
from sharp_cli.evaluation.breakdown import by_grade, by_part
from sharp_cli.evaluation.cases import AVERAGE, JOINT_SETS, picture
from sharp_cli.evaluation.metrics.bootstrap import interval, resample_patients
from sharp_cli.evaluation.metrics.classification import METRICS, classification_metrics
from sharp_cli.evaluation.study_table import parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.evaluation.agreement import Agreement
    from sharp_cli.evaluation.breakdown import Grade, Part
    from sharp_cli.evaluation.cases import Cases, MatchCounts
    from sharp_cli.evaluation.study_table import StudyTable


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A metric of a rater on a joint set, with its 95 % interval.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: The joint set, see `cases.JOINT_SETS`.
        name: Of the rater, or `cases.AVERAGE`.
        called: How many joints it is of.
        damaged: How many of these are non-intact.
        metric: One of `metrics.METRICS`.
        value: NaN where it is not defined.
        low: End of the interval; NaN where there is none.
        high: Likewise.
    """

    finding: Finding
    joints: str
    name: str
    called: int
    damaged: int
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PartValue(MetricValue):
    """The same of a part of the patients or studies.

    Attributes:
        by: The column of the user's table that the part is of.
        part: What the column says of it.
    """

    by: str
    part: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher a metric of one rater is than another's, on the joints that both call.

    The interval is of paired differences: both are of the same patients in every resample.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: The joint set.
        first: A rater.
        second: Another one.
        called: How many joints both call.
        metric: Its name.
        value: The first's minus the second's.
        low: End of the 95 % interval; NaN where there is none.
        high: Likewise.
    """

    finding: Finding
    joints: str
    first: str
    second: str
    called: int
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassificationEvaluation:
    """All that is measured, by the names that its files have.

    `hands` are single hands, `sides` all left and all right ones.
    """

    partners: Sequence[MatchCounts]
    figures: Sequence[MetricValue]
    differences: Sequence[Difference]
    agreement: Sequence[Agreement]
    grades: Sequence[Grade]
    joints: Sequence[Part]
    sides: Sequence[Part]
    hands: Sequence[Part]
    patients: Sequence[Part]
    breakdown: Sequence[PartValue]


def evaluate_classification(
    cases: Cases,
    studies: StudyTable | None = None,
    by: Sequence[str] = (),
    *,
    resamples: int,
    seed: int,
) -> ClassificationEvaluation:
    """Measure everything.

    Args:
        cases: Labelled joints and what raters say of them.
        studies: What to break down by.
        by: The columns of the table to break down by.
        resamples: Of the patients; 0 for no intervals.
        seed: Random seed of the resamples.

    Raises:
        UsageError: A column has too many values.
    """
    figures: list[MetricValue] = []
    differences: list[Difference] = []
    for finding, joints, resampled in _resampled(cases, resamples, seed):
        figures += _metric_values(resampled, finding, joints)
        differences += _differences(resampled, finding, joints)
    breakdown = [
        PartValue(**asdict(value), by=column, part=part)
        for column, part, on in (parts(studies, cases.joints, by) if studies else ())
        for finding, joints, resampled in _resampled(cases.part(on), resamples, seed)
        for value in _metric_values(resampled, finding, joints)
    ]
    return ClassificationEvaluation(
        partners=cases.partners,
        figures=figures,
        differences=differences,
        agreement=list(agreements(cases)),
        grades=list(by_grade(cases)),
        joints=list(by_part(cases, lambda joint: joint.joint, POINTS)),
        sides=list(by_part(cases, lambda joint: joint.side, SIDES)),
        hands=list(by_part(cases, lambda joint: f"{picture(joint)} {joint.side}")),
        patients=list(by_part(cases, lambda joint: joint.patient)),
        breakdown=breakdown,
    )


def _resampled(
    cases: Cases, resamples: int, seed: int
) -> Iterator[tuple[Finding, str, _Resampled]]:
    """The cases of each joint set, and the same resamples of the patients for all."""
    drawn = resample_patients(len({joint.patient for joint in cases.joints}), resamples, seed)
    for finding, joints in JOINT_SETS:
        yield finding, joints, _Resampled(cases, cases.inside(finding, joints), drawn)


class _Resampled:
    """Metrics on a joint set, of the patients as they are and of every resample."""

    def __init__(self, cases: Cases, inside: NDArray[np.bool_], drawn: NDArray[np.float64]) -> None:
        self.cases = cases
        self.inside = inside
        self.columns: dict[str, list[int]] = {
            rater.name: [number] for number, rater in enumerate(cases.raters)
        }
        readers = [number for number, rater in enumerate(cases.raters) if rater.reader]
        if len(readers) > 1:
            self.columns[AVERAGE] = readers
        self._drawn = drawn
        self._patients = cases.patients()
        self._found: dict[tuple[int, bytes], NDArray[np.float64]] = {}

    def common(self, *columns: str) -> NDArray[np.bool_]:
        """The joints of the set that all raters of these columns call, shape (joints,)."""
        members = [number for column in columns for number in self.columns[column]]
        found: NDArray[np.bool_] = self.inside & self.cases.known[members].all(axis=0)
        return found

    def of(self, column: str, within: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The metrics of a column, shape (1 + resamples, 7); of the average, the readers' mean."""
        parts = [
            self._of_rater(number, within & self.cases.known[number])
            for number in self.columns[column]
        ]
        mean: NDArray[np.float64] = np.mean(parts, axis=0)
        return mean

    def summaries(
        self, values: NDArray[np.float64]
    ) -> Iterator[tuple[str, tuple[float, float, float]]]:
        """Each metric with its value and the ends of its interval."""
        for metric, own in zip(METRICS, values.T, strict=True):
            yield metric, (float(own[0]), *interval(own[1:], self._drawn.shape[1]))

    def _of_rater(self, number: int, on: NDArray[np.bool_]) -> NDArray[np.float64]:
        key = number, on.tobytes()
        if key not in self._found:
            self._found[key] = classification_metrics(
                self.cases.probabilities[number, on],
                self.cases.called[number, on],
                self.cases.damaged[on],
                self._patients[on],
                self._drawn,
            )
        return self._found[key]


def _metric_values(resampled: _Resampled, finding: Finding, joints: str) -> Iterator[MetricValue]:
    for name in resampled.columns:
        on = resampled.common(name)
        count, damaged = int(on.sum()), int(resampled.cases.damaged[on].sum())
        for metric, ends in resampled.summaries(resampled.of(name, on)):
            yield MetricValue(finding, joints, name, count, damaged, metric, *ends)


def _differences(resampled: _Resampled, finding: Finding, joints: str) -> Iterator[Difference]:
    for first, second in combinations(resampled.columns, 2):
        on = resampled.common(first, second)
        gap = resampled.of(first, on) - resampled.of(second, on)
        for metric, ends in resampled.summaries(gap):
            yield Difference(finding, joints, first, second, int(on.sum()), metric, *ends)
