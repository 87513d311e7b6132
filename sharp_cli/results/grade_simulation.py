"""Grades drawn at random from what a model says of them, errors going together as they did.

A joint's grade is a standard normal variable that is cut where the probabilities of its grades say;
what joints and visits share of these variables is in `inference.grading.Correlation`. The same
random numbers serve every study, so equal studies have equal intervals.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import SIDES, TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sharp_cli.core.joints import StudyJoint
    from sharp_cli.inference.grading import Correlation

    Draws: TypeAlias = NDArray[np.int64]

_NORMAL: Final = NormalDist()

COUNT: Final = 10_000
"""Draws; a choice: the ends of an interval then vary by about a hundredth of its width."""

_SEED: Final = 2022

_JOINTS: Final[tuple[StudyJoint, ...]] = tuple(
    (side, target.finding, target.joint) for side in SIDES for target in TARGETS
)


def draw_grades(
    at_least: Mapping[StudyJoint, Sequence[float]], correlation: Correlation, *, visit: int = 0
) -> dict[StudyJoint, Draws]:
    """Draw the grades of the joints of a study.

    Args:
        at_least: By joint the probabilities of a grade of at least 1, 2, ...
        correlation: How errors go together.
        visit: Which of a patient's visits the study is, 0 or 1: what these share is the same in
            both, the rest is not.

    Returns:
        By joint `COUNT` grades, drawn together with those of the other joints.
    """
    latent = _latent(correlation, visit)
    return {
        joint: (latent[joint] > np.array([*map(_normal_quantile, one)])[:, None]).sum(axis=0)
        for joint, one in at_least.items()
    }


def _normal_quantile(above: float) -> float:
    """What a standard normal variable exceeds with a probability."""
    if 0 < above < 1:
        return -_NORMAL.inv_cdf(above)
    return math.inf if above <= 0 else -math.inf


def interval(draws: Draws, level: float) -> tuple[int, int]:
    """The ends of the central interval of draws, of probability `level`."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return int(low), int(high)


@cache
def _latent(correlation: Correlation, visit: int) -> dict[StudyJoint, NDArray[np.float32]]:
    """The variables of all joints of a study, each of shape (`COUNT`,)."""
    shares = (
        correlation.patient,
        correlation.finding,
        correlation.hand,
        correlation.joint,
        correlation.visit,
        correlation.rest,
    )
    return {
        joint: sum(
            (
                np.float32(math.sqrt(share)) * _normal(key)
                for share, key in zip(shares, _keys(joint, visit), strict=True)
            ),
            start=np.zeros(COUNT, np.float32),
        )
        for joint in _JOINTS
    }


def _keys(joint: StudyJoint, visit: int) -> Iterator[tuple[int, ...]]:
    """The numbers of what a joint shares with others, and of its own."""
    side, finding, _ = joint
    group = _JOINTS.index(next(one for one in _JOINTS if one[:2] == (side, finding)))
    both = _JOINTS.index(next(one for one in _JOINTS if one[1] == finding))
    own = _JOINTS.index(joint)
    yield (0,)
    yield (1, both)
    yield (2, group)
    yield (3, own)
    yield (4, group, visit)
    yield (5, own, visit)


@cache
def _normal(key: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng([_SEED, *key]).standard_normal(COUNT, np.float32)
