"""What a findings bundle says of SHS grades: how severe damage is, given that there is any.

Beside its binary head a joint group may have a head that grades, of the same layouts, whose output
is the joint's severity. It is a cumulative-logit model (McCullagh, J R Stat Soc B 42:109, 1980):
the probability that a damaged joint's grade is at least k is logistic(slope x severity - cut_k),
for k = 2, 3, ..., with cut-points in order. The first cut, between the grades 0 and 1, is the
binary answer itself: the probability of a grade of at least k is the probability of damage times
that. So both cannot contradict each other, and labels without grades teach the first cut.

`bundle.json` holds under `grades` the `calibration`, by model and `<finding>/<group>`: `slope` and
`cuts`, in an ensemble of the mean of its members' severities, and the `correlation` of each model,
see `Correlation`.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.core.inputs import MODELS
from sharp_cli.core.joints import GRADES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.inference.heads import HeadKey

LEVEL: Final = 0.95
"""How often intervals should hold what is true."""

LOWEST_CUT: Final = 2
"""The lowest grade that has a cut-point."""

_HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class GradeCalibration:
    """The cumulative-logit model of a head.

    Attributes:
        slope: Of severity; positive.
        cuts: Cut-points of the grades 2, 3, ..., in order.
    """

    slope: float
    cuts: tuple[float, ...]

    def at_least(
        self, probabilities: NDArray[np.float64], severities: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The probabilities of a grade of at least 1, 2, ..., shape (N, G).

        Args:
            probabilities: Of damage, shape (N,).
            severities: Of damage, if there is any, shape (N,).
        """
        odds = self.slope * severities[:, None] - np.array(self.cuts)
        given = np.hstack([np.ones_like(severities)[:, None], 1 / (1 + np.exp(-odds))])
        return np.asarray(probabilities[:, None] * given)


@dataclass(frozen=True, slots=True)
class Correlation:
    """How the errors of grades go together: shares of the variance of latent normal variables.

    A joint's grade is taken as a normal variable that is cut where the model's probabilities say (a
    Gaussian copula). What joints share of it are variables of their own, of these variances; the
    rest, up to 1, is each joint's.

    Attributes:
        patient: Of all joints of a patient, at all visits.
        finding: Of those of a finding.
        hand: Of those of a finding and hand.
        joint: Of one joint and finding, at all visits.
        visit: Of the joints of a finding and hand at one visit.
        level: Probability of the central interval of drawn totals of a hand and finding that holds
            what is true of 95 % of patients not trained on.
        change_level: The same of changes between visits.
        study_level: As `level`, of totals of both hands.
        study_change_level: As `change_level`, likewise.
        both_level: As `level`, of totals of both findings; so are the next three.
        both_change_level: As `change_level`.
        both_study_level: As `study_level`.
        both_study_change_level: As `study_change_level`.
    """

    patient: float
    finding: float
    hand: float
    joint: float
    visit: float
    level: float = LEVEL
    change_level: float = LEVEL
    study_level: float = LEVEL
    study_change_level: float = LEVEL
    both_level: float = LEVEL
    both_change_level: float = LEVEL
    both_study_level: float = LEVEL
    both_study_change_level: float = LEVEL

    @property
    def rest(self) -> float:
        """The share that is a joint's own at one visit."""
        return 1 - (self.patient + self.finding + self.hand + self.joint + self.visit)


def level_name(*, findings: int, hands: int, change: bool) -> str:
    """The attribute of `Correlation` that is the level of some joints' sum, or of its change."""
    words = ("both" if findings > 1 else "", "study" if hands > 1 else "", "change" * change)
    return "_".join([*filter(None, words), "level"])


def grade(at_least: Sequence[float] | NDArray[np.float64], *, damaged: bool) -> int:
    """The median grade among those that the binary answer leaves: 0 where it is intact, else not.

    Args:
        at_least: The probabilities of a grade of at least 1, 2, ...
        damaged: Whether the joint is called non-intact.
    """
    return max(1, sum(one >= _HALF for one in at_least)) if damaged else 0


def read_grades(
    meta: Mapping[str, Any], known: Mapping[str, HeadKey]
) -> dict[HeadKey, GradeCalibration]:
    """The models of grades of a bundle's heads; none if its `bundle.json` holds none.

    Args:
        meta: The content of `bundle.json`.
        known: Its heads, by `<model>/<finding>/<group>`.

    Raises:
        KeyError: One is of no head; likewise TypeError or ValueError for what is no such model.
    """
    found = {}
    for model, heads in meta.get("grades", {}).get("calibration", {}).items():
        for head, held in heads.items():
            key = known[f"{model}/{head}"]
            one = GradeCalibration(float(held["slope"]), tuple(map(float, held["cuts"])))
            ordered = all(lower <= upper for lower, upper in pairwise(one.cuts))
            complete = len(one.cuts) == GRADES[key[1]][-1] - 1
            finite = all(map(math.isfinite, (one.slope, *one.cuts)))
            if not (ordered and complete and finite and one.slope > 0):
                message = f"grades of {model}/{head}"
                raise ValueError(message)
            found[key] = one
    return found


def read_correlations(meta: Mapping[str, Any]) -> dict[ModelName, Correlation]:
    """How the errors of a bundle's grades go together, by model; none if it holds none.

    Raises:
        TypeError: It is no `Correlation`; likewise ValueError.
    """
    found = {}
    for model in MODELS:
        held = meta.get("grades", {}).get("correlation", {}).get(model)
        if held is not None:
            one = Correlation(**{name: float(share) for name, share in held.items()})
            if min(*astuple(one), one.rest) < 0 or max(astuple(one)) >= 1:
                message = f"correlation of the grades of {model}"
                raise ValueError(message)
            found[model] = one
    return found
