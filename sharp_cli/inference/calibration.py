"""How sure it is that the joints of a hand are where they were found, and that it is a hand at all.

What the networks saw of a hand becomes a few numbers a joint, and a logistic regression, whose
weights lie in the detector's bundle, makes a probability of them: that the joint lies within 15 %
of the hand's median proximal phalanx length of its true place.
`sharp_cli.training.detector.certainty` fits the weights on radiographs that the networks have not
learned from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sharp_cli.core.joints import POINTS
from sharp_cli.inference import shape_prior

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine

    Array = NDArray[np.float64]

FEATURES: Final = (
    "likelihood", "moved", "misfit", "misfit_squared", "hand_likelihood", "hand_moved",
)  # fmt: skip
"""What is known of a joint.

- `likelihood`: log odds of what the network gives, the mean over the views.
- `moved`: logarithm of how far the views disagree.
- `misfit`: Mahalanobis distance from where the other joints say that it is; and its square.
- `hand_likelihood`, `hand_moved`: the medians of the first two over the hand's joints.
"""

CUT_OFF: Final = "cut off"
UNLIKE: Final = "unlike a hand seen from the back or the palm"
UNCLEAR: Final = "joints hard to make out"

_LEAST: Final = 1e-3  # likelihoods are taken as this far from 0 and 1
_STEADY: Final = 4.0  # px at the common scale: views of a clear joint disagree by about as much
_ASTRAY: Final = 10.0  # misfits are taken as no larger: about half the hand's width


class Sight(NamedTuple):
    """What the networks saw of one hand, in the canonical frame of the views after the first.

    Attributes:
        to_image: Maps that frame to the radiograph's pixels.
        views: x, y and likelihood of `joints.POINTS` in each view, shape (views, 22, 3); NaN where
            no network gives a point.
        size: Width and height of the radiograph in pixels.
    """

    to_image: Affine
    views: Array
    size: tuple[int, int]

    @property
    def answer(self) -> Array:
        """The mean of the views, shape (22, 3); the likelier a place, the more it counts."""
        weights = np.maximum(self.views[..., 2:], _LEAST)
        places = (weights * self.views[..., :2]).sum(axis=0) / weights.sum(axis=0)
        return np.hstack([places, self.views[..., 2:].mean(axis=0)])


class Evidence(NamedTuple):
    """What a sight says of a hand.

    Attributes:
        features: `FEATURES` of each of `joints.POINTS`, shape (22, 6).
        places: Where the points are by all of them together, see `shape_prior.Fit`.
        oddity: Of the hand's shape, see `shape_prior.Fit`.
        cut_off: Whether a scored joint lies outside the picture, so that half of its box is empty.
    """

    features: Array
    places: Array
    oddity: float
    cut_off: bool


def weigh(sight: Sight) -> Evidence:
    """Put what was seen in numbers."""
    answer = sight.answer
    share = np.clip(answer[:, 2], _LEAST, 1 - _LEAST)
    likelihood = np.log(share / (1 - share))
    off = sight.views[..., :2] - answer[:, :2]
    moved = np.log1p(np.sqrt(np.square(off).sum(axis=2).mean(axis=0)) / _STEADY)
    fit = shape_prior.fit(answer[:, :2])
    of_hand = np.nanmedian([likelihood, moved], axis=1)
    misfit = np.minimum(fit.misfit, _ASTRAY)
    features = np.column_stack(
        [likelihood, moved, misfit, misfit**2, np.broadcast_to(of_hand, (len(POINTS), 2))]
    )
    beyond = np.abs(sight.to_image(fit.places) - (np.array(sight.size) - 1) / 2)
    outside = bool((beyond > np.array(sight.size) / 2).any())
    return Evidence(features, fit.places, fit.oddity, outside)


@dataclass(frozen=True, slots=True)
class Certainty:
    """How the evidence is judged.

    Attributes:
        weights: Of each of `FEATURES` in the log odds.
        intercepts: The log odds of each of `joints.POINTS` where all features are 0.
        threshold: A joint less likely than this is uncertain.
        least_mean: A hand whose joints are less likely on average is uncertain.
        most_oddity: So is a hand whose shape is odder.
    """

    weights: tuple[float, ...]
    intercepts: tuple[float, ...]
    threshold: float
    least_mean: float
    most_oddity: float

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Certainty:
        """Read what `meta` wrote.

        Raises:
            KeyError: Something is missing; likewise ValueError and TypeError for what is no number.
        """
        weights = tuple(float(meta["weights"][name]) for name in FEATURES)
        intercepts = tuple(float(meta["intercepts"][name]) for name in POINTS)
        limits = ("threshold", "least_mean", "most_oddity")
        return cls(weights, intercepts, *(float(meta[name]) for name in limits))

    def meta(self) -> dict[str, Any]:
        """As it stands in a bundle under `certainty`."""
        return {
            "weights": dict(zip(FEATURES, self.weights, strict=True)),
            "intercepts": dict(zip(POINTS, self.intercepts, strict=True)),
            "threshold": self.threshold,
            "least_mean": self.least_mean,
            "most_oddity": self.most_oddity,
        }

    def likelihoods(self, evidence: Evidence) -> Array:
        """The probability that each of `joints.POINTS` is well placed, NaN without a place."""
        odds = evidence.features @ np.array(self.weights) + np.array(self.intercepts)
        return np.asarray(1 / (1 + np.exp(-odds)))

    def reasons(self, evidence: Evidence) -> tuple[str, ...]:
        """What speaks against a whole hand in PA view."""
        unclear = float(np.nanmean(self.likelihoods(evidence))) < self.least_mean
        found = {
            CUT_OFF: evidence.cut_off,
            UNLIKE: evidence.oddity > self.most_oddity,
            UNCLEAR: unclear,
        }
        return tuple(reason for reason, holds in found.items() if holds)
