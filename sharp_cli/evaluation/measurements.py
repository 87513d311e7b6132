"""Metrics of real disease as records, and as a table to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.evaluation.tables import Table, format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

FALSE_CALLS: Final = 0.05
"""The fraction of intact cases that a threshold may call, where the bundle's is not used."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A metric with its 95 % interval.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: Joint group, or `metrics.detection.ALL_JOINTS`.
        metric: Its name.
        cases: How many cases it is of.
        value: NaN where it is not defined.
        low: Lower end of the interval, by a bootstrap of patients; NaN where there is none.
        high: Upper end.
    """

    finding: str
    joints: str
    metric: str
    cases: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Measurements:
    """All that is measured."""

    metrics: Sequence[Measurement]


def measurement_table(measured: Measurements, caption: str) -> Table:
    """The metrics for reading."""
    return Table(
        f"{caption}, with 95 % intervals by a bootstrap of patients.",
        ("finding", "joints", "metric", "cases", "value", "low", "high"),
        [
            (
                *(one.finding, one.joints, one.metric, str(one.cases)),
                *(
                    format_number(end, ".3f", undefined="")
                    for end in (one.value, one.low, one.high)
                ),
            )
            for one in measured.metrics
        ],
    )
