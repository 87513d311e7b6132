"""When synthetic patients are imaged, where, and how old they and their disease are.

The numbers are those of Table 1 of Miyama et al., Arthritis Res Ther 24:227 (2022): 40 patients of
nine sites, 2008 to 2019, with 113 studies of two hands together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import JOINT_GROUPS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

STUDIES: Final = (1,) * 6 + (2,) * 12 + (3,) * 11 + (4,) * 6 + (5,) * 4 + (6,)
"""Studies of each patient of a block; 113 together, which the paper has. The split is a choice."""

BLOCK: Final = len(STUDIES)
"""The paper's number of patients, over which studies, sites and sexes are those of the paper."""

_SITES: Final = ((0, 3), (0, 1), (0, 2), (2, 12), (0, 2), (0, 2), (0, 1), (0, 1), (2, 12))
"""Men and women of each site."""

_FIRST_DAY: Final = date(2008, 1, 1)
_LAST_DAY: Final = date(2019, 12, 31)
_DAYS: Final = 365.25  # a year
_INTERVAL: Final = (0.8, 2.2)  # years between visits, a choice; six visits fit between the days

_AGE: Final = (61.5, 11.6)  # years, mean and standard deviation
_AGES: Final = (20.0, 90.0)
_ONSET: Final = 16.0  # years; before it the disease is not that of adults
_DURATION: Final = (11.4, 9.7)  # years, mean and standard deviation

# Those of a log-normal duration's logarithm.
_LOG_SD: Final = math.sqrt(math.log1p((_DURATION[1] / _DURATION[0]) ** 2))
_LOG_MEAN: Final = math.log(_DURATION[0]) - _LOG_SD**2 / 2


@dataclass(frozen=True, slots=True)
class Slot:
    """What a patient of a block is assigned.

    Attributes:
        studies: How many.
        site: 1…9.
        sex: `M` or `F`.
        duration: Of the disease at the first visit, a standard normal number.
        severity: What the joints of the patient, then those of each of
            `sharp_cli.core.joints.JOINT_GROUPS`, share at the first visit, standard normal,
            shape (9,).
    """

    studies: int
    site: int
    sex: str
    duration: float
    severity: Array


def slot(seed: int, number: int) -> Slot:
    """What patient `number`, counted from 1, is assigned."""
    block, place = divmod(number - 1, BLOCK)
    return _block(seed, block)[place]


@lru_cache(maxsize=2)
def _block(seed: int, number: int) -> tuple[Slot, ...]:
    # No patient has the number 0, so this stream is nobody's.
    rng = np.random.default_rng([seed, 0, number])
    people = [
        (site, sex)
        for site, counts in enumerate(_SITES, start=1)
        for sex, count in zip("MF", counts, strict=True)
        for _ in range(count)
    ]
    studies, order = rng.permutation(STUDIES).tolist(), rng.permutation(BLOCK).tolist()
    # Every fortieth of the distribution once, so that few patients, too, are like many.
    strata = np.stack([rng.permutation(BLOCK) for _ in range(2 + len(JOINT_GROUPS))], axis=1)
    quantiles = (strata + rng.uniform(size=strata.shape)) / BLOCK
    normal = np.vectorize(NormalDist().inv_cdf)(quantiles)
    slots = zip(studies, [people[n] for n in order], normal, strict=True)
    return tuple(
        Slot(count, site, sex, float(row[0]), row[1:]) for count, (site, sex), row in slots
    )


@dataclass(frozen=True, slots=True)
class Courses:
    """How the years pass for some patients, all in years and of shape (patients, visits).

    Attributes:
        elapsed: Since the first visit.
        age: Of the patient.
        duration: Of the disease.
    """

    elapsed: Array
    age: Array
    duration: Array


def courses(rng: np.random.Generator, durations: Array, visits: int) -> Courses:
    """Draw ages and visits; Table 1 is taken to be of the first visit.

    Args:
        rng: Source of them.
        durations: Of the disease at the first visit, standard normal, shape (patients,).
        visits: Of each patient.
    """
    patients = len(durations)
    elapsed = rng.uniform(*_INTERVAL, (patients, visits))
    elapsed[:, 0] = 0.0
    elapsed = elapsed.cumsum(axis=1)
    age = np.clip(rng.normal(*_AGE, (patients, 1)), *_AGES)
    onset = np.maximum(_ONSET, age - np.exp(_LOG_MEAN + _LOG_SD * durations[:, None]))
    return Courses(elapsed, age + elapsed, age - onset + elapsed)


def dates(rng: np.random.Generator, elapsed: Array) -> list[date]:
    """Days of a patient's visits, given the years since the first, shape (visits,)."""
    days = np.rint(elapsed * _DAYS).astype(int).tolist()
    room = (_LAST_DAY - _FIRST_DAY).days - days[-1]
    first = _FIRST_DAY + timedelta(days=int(rng.integers(room + 1)))
    return [first + timedelta(days=day) for day in days]


def standard_duration(duration: Array) -> Array:
    """Durations as standard normal numbers."""
    return np.asarray((np.log(duration) - _LOG_MEAN) / _LOG_SD, dtype=np.float64)
