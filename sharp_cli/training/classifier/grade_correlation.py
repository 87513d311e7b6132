"""How the errors of grades go together, learned from patients not trained on.

The covariance of two joints' grades in a Gaussian copula is a power series in the correlation of
their latent variables (the tetrachoric series: Pearson, Phil Trans R Soc A 195:1, 1900), with
coefficients that follow from each joint's own probabilities. Sums of it over all pairs of a kind
are set equal to the sums of the products of residuals, and solved for the correlation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from sharp_cli.inference.grading import Correlation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint

    Array: TypeAlias = NDArray[np.float64]

_TERMS: Final = 16
"""Of the series; what is left out is less than the highest correlation to this power."""

_HIGHEST: Final = 0.95
"""Correlation."""

_EDGE: Final = 1e-6
"""The lowest probability of a grade."""

_FINEST: Final = 10_000
"""Shares are given in as many parts of 1."""


class GradedJoint(NamedTuple):
    """A joint of known grade, and what is predicted of it.

    Attributes:
        joint: The joint.
        at_least: The probabilities of a grade of at least 1, 2, ..., shape (G,).
    """

    joint: LabelledJoint
    at_least: Array


def fit_correlation(graded: Sequence[GradedJoint]) -> Correlation:
    """How errors go together in one model's predictions.

    Args:
        graded: Joints of known grade, each once for a finding.
    """
    joints = [one.joint for one in graded]
    errors = np.array([(one.joint.grade or 0) - one.at_least.sum() for one in graded])
    series = np.array([_coefficients(one.at_least) for one in graded])
    study = [(one.patient, one.study) for one in joints]
    finding = [(*where, one.finding) for where, one in zip(study, joints, strict=True)]
    hand = [(*where, one.side) for where, one in zip(finding, joints, strict=True)]
    place = [(one.patient, one.finding, one.side) for one in joints]
    joint = [(*where, one.joint) for where, one in zip(place, joints, strict=True)]
    single = [*range(len(joints))]

    def solved(*signed: tuple[int, Sequence[object]]) -> float:
        products = sum(sign * _squares(errors, groups) for sign, groups in signed)
        terms = sum(sign * _squares(series, groups) for sign, groups in signed)
        return _solve(float(products), np.atleast_1d(terms))

    other_finding = solved((1, study), (-1, finding))
    other_hand = max(other_finding, solved((1, finding), (-1, hand)))
    same_hand = max(other_hand, solved((1, hand), (-1, single)))
    visits = len(set(study)) > len({one.patient for one in joints})
    lasting, same_joint = same_hand, same_hand
    if visits:
        # Of other visits: the pairs of a place without those of the same visit, or joint.
        lasting = solved((1, place), (-1, hand), (-1, joint), (1, single))
        lasting = min(max(other_hand, lasting), same_hand)
        same_joint = min(max(lasting, solved((1, joint), (-1, single))), 1 - same_hand + lasting)
    return Correlation(
        *(
            math.floor(share * _FINEST) / _FINEST
            for share in (
                other_finding,
                other_hand - other_finding,
                lasting - other_hand,
                same_joint - lasting,
                same_hand - lasting,
            )
        )
    )


def _coefficients(at_least: Array) -> Array:
    """Those of the series for one joint, to be multiplied by another's, shape (`_TERMS`,)."""
    limits = ndtri(1 - np.clip(at_least, _EDGE, 1 - _EDGE))
    density = np.exp(-np.square(limits) / 2) / math.sqrt(2 * math.pi)
    before, polynomial = np.zeros_like(limits), np.ones_like(limits)
    found = []
    for power in range(1, _TERMS + 1):
        found.append(float((density * polynomial).sum()) / math.sqrt(math.factorial(power)))
        # Hermite polynomials by their recurrence.
        before, polynomial = polynomial, limits * polynomial - (power - 1) * before
    return np.array(found)


def _squares(values: Array, groups: Sequence[object]) -> Array:
    """The sum of the squares of the sums within groups: that over all pairs in the same group."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(numbers), *values.shape[1:]))
    np.add.at(sums, [numbers[group] for group in groups], values)
    return np.asarray(np.square(sums).sum(axis=0))


def _solve(products: float, terms: Array) -> float:
    """The correlation, 0 to `_HIGHEST`, at which the series has a value."""
    powers = np.arange(1, len(terms) + 1)

    def excess(correlation: float) -> float:
        return float(terms @ correlation**powers) - products

    if terms[0] <= _EDGE or excess(0.0) >= 0:
        return 0.0
    if excess(_HIGHEST) <= 0:
        return _HIGHEST
    return float(brentq(excess, 0.0, _HIGHEST))
