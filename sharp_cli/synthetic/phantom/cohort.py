"""A synthetic cohort: who is imaged when, and how damaged each joint is; no pictures.

It is shaped like that of Miyama et al., Arthritis Res Ther 24:227 (2022): when patients are imaged
is in `sharp_cli.synthetic.phantom.visits`, how damaged their joints are in
`sharp_cli.synthetic.phantom.severity`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import GRADES, SIDES, TARGETS, Finding, Side
from sharp_cli.synthetic.phantom.hand import Condition
from sharp_cli.synthetic.phantom.severity import DEFAULT, Correlations, grades, severities
from sharp_cli.synthetic.phantom.visits import courses, dates, slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Key = tuple[Side, Finding, str]
"""Hand, finding and joint: what a grade is given to."""

KEYS: Final[tuple[Key, ...]] = tuple(
    (side, target.finding, target.joint) for side in SIDES for target in TARGETS
)
"""All 62 of a study."""

# All of these are choices. Density is relative to a healthy adult's.
_PEAK: Final = {"M": 1.05, "F": 1.0}
_LOSS: Final = {"M": 0.005, "F": 0.009}  # a year
_LOSS_FROM: Final = 50.0  # years of age
_OSTEOPENIA: Final = 0.45  # lost where all joints are as damaged as they can be
_DENSITIES: Final = (0.5, 1.2)
# Damage of the MCP joints, 0…1, below which there is no deformity, growth beyond it, and the most.
_DRIFT: Final = (0.16, 80.0, 30.0)
_SUBLUXATION: Final = (0.2, 2.2, 1.0)


@dataclass(frozen=True, slots=True)
class Study:
    """One visit of a patient.

    Attributes:
        number: 1 for the first.
        date: Of the radiographs.
        age: In years.
        duration: Of the disease, in years.
        grades: SHS grade of all 62 `KEYS`; 0 is intact.
        condition: Of the bones of each hand.
    """

    number: int
    date: date
    age: float
    duration: float
    grades: Mapping[Key, int]
    condition: Mapping[Side, Condition]


@dataclass(frozen=True, slots=True)
class Patient:
    """A synthetic person.

    Attributes:
        id: A pseudonym.
        seed: What the hands are drawn from.
        site: 1…9.
        sex: `M` or `F`.
        studies: In order of time.
    """

    id: str
    seed: int
    site: int
    sex: str
    studies: tuple[Study, ...]


def cohort(seed: int, patients: int, correlations: Correlations = DEFAULT) -> Iterator[Patient]:
    """Make up patients 1 to `patients`; each is the same however many there are.

    Every 40 of them have the paper's 113 studies, sites and sexes, and the same range of severity.
    """
    for number in range(1, patients + 1):
        yield patient(seed, number, correlations)


def study_count(seed: int, patients: int) -> int:
    """Studies that the first `patients` of a cohort have together."""
    return sum(slot(seed, number).studies for number in range(1, patients + 1))


def patient(seed: int, number: int, correlations: Correlations = DEFAULT) -> Patient:
    """Make up one patient, `number` counting from 1."""
    rng = np.random.default_rng([seed, number])
    assigned = slot(seed, number)
    hands = int(rng.integers(2**31))
    passed = courses(rng, np.array([assigned.duration]), assigned.studies)
    elapsed, ages, durations = passed.elapsed[0], passed.age[0], passed.duration[0]
    days = dates(rng, elapsed)
    severity = severities(rng, assigned.severity, elapsed, durations, correlations)
    graded = grades(severity, correlations)
    conditions = _conditions(rng, graded, ages, assigned.sex)
    studies = tuple(
        Study(
            number=visit + 1,
            date=days[visit],
            age=float(ages[visit]),
            duration=float(durations[visit]),
            grades=dict(zip(KEYS, graded[visit].ravel().tolist(), strict=True)),
            condition=conditions[visit],
        )
        for visit in range(assigned.studies)
    )
    return Patient(f"PHANTOM-{number:04d}", hands, assigned.site, assigned.sex, studies)


def _conditions(
    rng: np.random.Generator, graded: NDArray[np.int64], ages: Array, sex: str
) -> list[dict[Side, Condition]]:
    """The condition of each hand at each visit.

    Bone is lost with age and with the damage of all joints; deformity follows the damage of the
    hand's own MCP joints, in one patient more than in another.

    Args:
        rng: Source of what differs between patients.
        graded: Shape (visits, 2, 31).
        ages: Shape (visits,).
        sex: `M` or `F`.
    """
    own = rng.normal(0.0, 0.07)
    prone = rng.uniform(0.2, 1.0, 2)
    damage = graded / np.array([GRADES[target.finding][-1] for target in TARGETS])
    knuckles = damage[..., [target.group == "MCP" for target in TARGETS]].mean(axis=-1)
    lost = _LOSS[sex] * np.maximum(ages - _LOSS_FROM, 0.0) + _OSTEOPENIA * damage.mean(axis=(1, 2))
    density = np.clip(_PEAK[sex] + own - lost, *_DENSITIES)
    drift, subluxation = (
        np.minimum(susceptible * slope * np.maximum(knuckles - above, 0.0), most)
        for susceptible, (above, slope, most) in zip(prone, (_DRIFT, _SUBLUXATION), strict=True)
    )
    return [
        {
            side: Condition(
                young=False,
                density=float(density[visit]),
                drift=float(drift[visit, hand]),
                subluxation=float(subluxation[visit, hand]),
            )
            for hand, side in enumerate(SIDES)
        }
        for visit in range(len(ages))
    ]
