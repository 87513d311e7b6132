"""How damaged each joint of a synthetic patient is: correlated severities, and grades from them.

The fraction of non-intact joints in every joint group is that of Table 2 of Miyama et al.,
Arthritis Res Ther 24:227 (2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import GROUP_JOINTS, JOINT_GROUPS, TARGETS, Finding
from sharp_cli.core.prevalence import TABLE_2
from sharp_cli.synthetic.phantom.visits import STUDIES, courses, standard_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

ODDS: Final[Mapping[tuple[Finding, str], float]] = {
    ("erosion", "PIP3"): 1.3,
    ("erosion", "MCP1"): 0.8,
    ("erosion", "MCP2"): 1.8,
    ("erosion", "MCP3"): 1.5,
    ("erosion", "MCP4"): 0.7,
    ("erosion", "MCP5"): 1.2,
    ("erosion", "multangular"): 0.8,
    ("erosion", "navicular"): 1.2,
    ("erosion", "ulna"): 1.5,
    ("erosion", "radius"): 0.8,
    ("jsn", "PIP3"): 1.2,
    ("jsn", "MCP1"): 0.7,
    ("jsn", "MCP2"): 1.6,
    ("jsn", "MCP3"): 1.5,
    ("jsn", "MCP4"): 0.8,
    ("jsn", "MCP5"): 0.8,
    ("jsn", "CMC3"): 1.3,
    ("jsn", "CMC5"): 0.8,
    ("jsn", "multangular-navicular"): 0.7,
    ("jsn", "capitate-navicular-lunate"): 1.1,
    ("jsn", "radiocarpal"): 1.3,
}
"""Odds of being non-intact among the joints of a group, 1 for those not named.

A choice: Table 2 gives groups only. The second and third MCP joints and the ulna's head suffer
first and most.
"""

GRADE_FRACTIONS: Final[Mapping[Finding, tuple[float, ...]]] = {
    "erosion": (0.45, 0.25, 0.15, 0.10, 0.05),
    "jsn": (0.40, 0.30, 0.20, 0.10),
}
"""Fraction of each grade among non-intact joints: most are mild. A choice; the paper has none."""

SAME_PLACE: Final[Mapping[str, str]] = {
    "navicular": "multangular-navicular",
    "lunate": "capitate-navicular-lunate",
    "radius": "radiocarpal",
}
"""Bones scored for erosion and the joint scored for JSN that they belong to (anatomy)."""

_PLACES: Final = tuple(SAME_PLACE.get(target.joint, target.joint) for target in TARGETS)
_IS_FINGER: Final = np.array([target.group in ("PIP-IP", "PIP", "MCP") for target in TARGETS])

# Where each of TARGETS stands in a list of distinct groups or places.
_GROUP_OF: Final = [JOINT_GROUPS.index((target.finding, target.group)) for target in TARGETS]
_PLACE_OF: Final = [sorted(set(_PLACES)).index(place) for place in _PLACES]

_DURATION_FRACTION: Final = 0.5
"""Fraction of what all joints of a patient share that is the duration of the disease; a choice."""

_REFERENCE: Final = 2500  # blocks of patients
_REFERENCE_SEED: Final = 2022
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Correlations:
    """How the severities of two joints go together.

    A severity is a standard normal number for each joint and finding at each visit; the grade says
    between which thresholds the highest so far lies. The paper says that damage is bilateral and
    symmetric (its references 1, 3, 16-18), the wrist's more than the fingers' (16, 44), and that
    the joints of a group progress alike (22, 23). It gives no numbers: these are choices that
    follow what it says.

    Attributes:
        patient: Of any two joints of a patient, whatever the finding.
        group: Of two joints of a group, in one hand or both.
        fingers: Of the same finger joint of both hands (groups PIP-IP, PIP and MCP).
        wrist: Of the same joint of both hands in the other groups.
        place: Of erosion and JSN of the same place.
        year: Of what is not due to the duration of the disease, with the same a year later.

    Raises:
        ValueError: No severities have these correlations.
    """

    patient: float = 0.3
    group: float = 0.5
    fingers: float = 0.6
    wrist: float = 0.75
    place: float = 0.5
    year: float = 0.97

    def __post_init__(self) -> None:
        if self.variances().min() < -_ROUNDING or not 0.0 <= self.year <= 1.0:
            message = (
                f"{self}: no severities have these; group and place must be at least patient, "
                "fingers and wrist at least group, and with place at most 1 + patient"
            )
            raise ValueError(message)

    def variances(self) -> Array:
        """Variances of the parts that a severity is the sum of, shape (5, 31).

        What it shares with all joints of the patient; what with its group; what with the same
        joint of the other hand; what with the other finding of its place; and its own.
        """
        across = np.where(_IS_FINGER, self.fingers, self.wrist)
        parts = np.empty((5, len(TARGETS)))
        parts[0] = self.patient
        parts[1] = self.group - self.patient
        parts[2] = across - self.group
        parts[3] = self.place - self.patient
        parts[4] = 1.0 - across - parts[3]
        return parts


DEFAULT: Final = Correlations()


def severities(
    rng: np.random.Generator,
    shared: Array,
    elapsed: Array,
    duration: Array,
    correlations: Correlations,
) -> Array:
    """Severity of every joint at a patient's visits.

    Args:
        rng: Source of what is not shared.
        shared: What all joints, then those of each of `JOINT_GROUPS`, share at the first visit,
            standard normal, shape (9,).
        elapsed: Years since the first visit, shape (visits,).
        duration: Of the disease in years, shape (visits,).
        correlations: Of these severities.

    Returns:
        Shape (visits, 2, 31), in the order of `SIDES` and `TARGETS`.
    """
    visits, places = len(elapsed), len(set(_PLACES))
    sizes = (1, len(JOINT_GROUPS), len(TARGETS), 2 * places, 2 * len(TARGETS))
    start = np.concatenate([shared, rng.standard_normal(sum(sizes) - len(shared))])
    drifting = _drift(rng, start, elapsed[:, None], correlations.year)
    rest, group, joint, place, own = np.split(drifting, np.cumsum(sizes)[:-1], axis=1)
    parts = (
        _person(duration[:, None], rest)[:, None],
        group[:, None, _GROUP_OF],
        joint[:, None],
        place.reshape(visits, 2, places)[:, :, _PLACE_OF],
        own.reshape(visits, 2, len(TARGETS)),
    )
    scales = np.sqrt(np.maximum(correlations.variances(), 0.0))
    total = sum(scale * part for scale, part in zip(scales, parts, strict=True))
    return np.asarray(total, dtype=np.float64)


def grades(severity: Array, correlations: Correlations) -> NDArray[np.int64]:
    """SHS grades from severities of shape (visits, 2, 31): damage does not heal."""
    highest = np.maximum.accumulate(severity, axis=0)
    reached = highest[..., None] >= _thresholds(correlations)
    return np.asarray(reached.sum(axis=-1), dtype=np.int64)


def _person(duration: Array, rest: Array) -> Array:
    """What all joints of a patient share, standard normal: the duration of disease and a rest."""
    known = math.sqrt(_DURATION_FRACTION) * standard_duration(duration)
    return np.asarray(known + math.sqrt(1.0 - _DURATION_FRACTION) * rest, dtype=np.float64)


def _drift(rng: np.random.Generator, start: Array, elapsed: Array, year: float) -> Array:
    """Standard normal numbers that drift over the years, shape (visits, N).

    Args:
        rng: Source of the drift.
        start: The numbers at the first visit, shape (N,).
        elapsed: Years since then, shape (visits, N) or (visits, 1).
        year: Correlation with the same a year later.
    """
    values = [start]
    for years in np.diff(elapsed, axis=0):
        kept = year**years
        values.append(kept * values[-1] + np.sqrt(1.0 - kept**2) * rng.standard_normal(len(start)))
    return np.stack(values)


def prevalences() -> dict[tuple[Finding, str], float]:
    """Probability of each joint to be non-intact: `ODDS` in a group, Table 2 on its average."""
    found: dict[tuple[Finding, str], float] = {}
    for (finding, group), prevalence in TABLE_2.items():
        names = GROUP_JOINTS[finding, group]
        odds = np.array([ODDS.get((finding, name), 1.0) for name in names])
        low, high = 0.0, 1e3
        for _ in range(60):
            middle = (low + high) / 2
            fractions = middle * odds / (1.0 + middle * odds)
            low, high = (middle, high) if fractions.mean() < prevalence else (low, middle)
        found.update(zip(((finding, name) for name in names), fractions.tolist(), strict=True))
    return found


@lru_cache(maxsize=4)
def _thresholds(correlations: Correlations) -> Array:
    """Severity at which each grade of each joint begins, shape (31, 5); infinite for none."""
    non_intact = prevalences()
    above = np.zeros((len(TARGETS), max(map(len, GRADE_FRACTIONS.values()))))
    for row, target in zip(above, TARGETS, strict=True):
        of_grades = np.array(GRADE_FRACTIONS[target.finding])
        worse = of_grades[::-1].cumsum()[::-1]
        row[: len(worse)] = non_intact[target.finding, target.joint] * worse
    reached = np.quantile(_reference(correlations), 1.0 - above)
    return np.where(above > 0, reached, np.inf)


def _reference(correlations: Correlations) -> Array:
    """The highest severity so far of one joint, at every visit of a large cohort.

    One joint speaks for all: they differ in what they share with others, not in how they pass.
    """
    rng = np.random.default_rng(_REFERENCE_SEED)
    durations, *starts = rng.standard_normal((3, _REFERENCE * len(STUDIES)))
    passed = courses(rng, durations, max(STUDIES))
    rest, others = (_drift(rng, one, passed.elapsed.T, correlations.year) for one in starts)
    severity = math.sqrt(correlations.patient) * _person(passed.duration.T, rest)
    severity += math.sqrt(1.0 - correlations.patient) * others
    imaged = np.arange(max(STUDIES))[:, None] < np.tile(STUDIES, _REFERENCE)
    return np.asarray(np.maximum.accumulate(severity, axis=0)[imaged], dtype=np.float64)
