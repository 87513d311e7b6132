"""How sure it is that the joints of a hand are where they were found, and that it is a hand at all.

The networks' predictions for a hand become a few features a joint, and a logistic regression, whose
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

- `likelihood`: log odds of what the networks give, the mean over the views.
- `moved`: logarithm of how far the views disagree.
- `misfit`: Mahalanobis distance from where the other joints say that it is; and its square.
- `hand_likelihood`, `hand_moved`: the medians of the first two over the hand's joints.
"""

CUT_OFF: Final = "cut off"
UNLIKE: Final = "unlike a hand seen from the back or the palm"
UNCLEAR: Final = "joints hard to make out"

_LEAST: Final = 1e-3  # likelihoods are taken as this far from 0 and 1
_STEADY: Final = 4.0  # px at the common scale: views of a clear joint disagree by about as much
_MARGIN: Final = 60.0  # px at the common scale: joints nearer to the picture's edge are hard to see
_FEWEST: Final = 8  # joints of a hand that a picture must show: without its wrist it has 10
_EDGE: Final = 0.5  # px of the picture: its outermost pixels reach this far beyond their centres
_ASTRAY: Final = 10.0  # misfits are taken as no larger: about half the hand's width


class ViewPredictions(NamedTuple):
    """What the networks predict for one hand, in the canonical frame of the views after the first.

    Attributes:
        to_image: Maps that frame to the radiograph's pixels.
        views: x, y and likelihood of `joints.POINTS` in each view, shape (views, 22, 3); NaN where
            no network gives a point, or the picture does not show it.
        size: Width and height of the radiograph in pixels.
    """

    to_image: Affine
    views: Array
    size: tuple[int, int]

    @property
    def mean(self) -> Array:
        """The mean of the views, shape (22, 3); the likelier a place, the more it counts."""
        weights = np.maximum(self.views[..., 2:], _LEAST)
        places = (weights * self.views[..., :2]).sum(axis=0) / weights.sum(axis=0)
        return np.hstack([places, self.views[..., 2:].mean(axis=0)])


class Evidence(NamedTuple):
    """What the predictions for a hand say of how sure they are.

    Attributes:
        features: `FEATURES` of each of `joints.POINTS`, shape (22, 6).
        places: Where the points are by all of them together, see `shape_prior.Fit`.
        oddity: Of the hand's shape, see `shape_prior.Fit`.
        cut_off: Whether a scored joint lies outside the picture, so that half of its box is empty.
        clear: Which points are found, and not at the picture's edge, shape (22,).
        clear_oddity: The same as `oddity`, of these points alone.
    """

    features: Array
    places: Array
    oddity: float
    cut_off: bool
    clear: NDArray[np.bool_]
    clear_oddity: float


def depth(places: Array, to_image: Affine, size: tuple[int, int]) -> Array:
    """How far inside a picture places lie, in px at the common scale; negative outside.

    Args:
        places: In a canonical frame, shape (N, 2).
        to_image: Maps that frame to the picture's pixels.
        size: Width and height of the picture.

    Returns:
        Shape (N,): the distance from the nearest edge.
    """
    middle = (np.array(size) - 1) / 2
    room = middle + _EDGE - np.abs(to_image(places) - middle)
    return np.asarray((room / to_image.scales).min(axis=1))


def measure_evidence(
    predictions: ViewPredictions, seen: NDArray[np.bool_] | None = None
) -> Evidence:
    """Compute how sure, how steady and how much like a hand's the predicted joints are.

    Args:
        predictions: For one hand.
        seen: Which points are to be seen, shape (22,): what holds of the hand is taken from these,
            if they are enough; None where that is not known.
    """
    mean = predictions.mean
    probability = np.clip(mean[:, 2], _LEAST, 1 - _LEAST)
    likelihood = np.log(probability / (1 - probability))
    off = predictions.views[..., :2] - mean[:, :2]
    moved = np.log1p(np.sqrt(np.square(off).sum(axis=2).mean(axis=0)) / _STEADY)
    fit = shape_prior.fit(mean[:, :2])
    of_all = np.array([likelihood, moved])
    of_hand = np.nanmedian(
        of_all[:, seen] if seen is not None and seen.sum() >= _FEWEST else of_all, axis=1
    )
    misfit = np.minimum(fit.misfit, _ASTRAY)
    features = np.column_stack(
        [likelihood, moved, misfit, misfit**2, np.broadcast_to(of_hand, (len(POINTS), 2))]
    )
    inside = depth(fit.places, predictions.to_image, predictions.size)
    known = np.isfinite(mean[:, 2])
    clear = known & (inside >= _MARGIN)
    of_clear = np.where(clear[:, None], mean[:, :2], np.nan)
    clear_fit = fit if (clear == known).all() else shape_prior.fit(of_clear)
    cut_off = bool((inside < 0).any())
    return Evidence(features, fit.places, fit.oddity, cut_off, clear, clear_fit.oddity)


@dataclass(frozen=True, slots=True)
class Certainty:
    """How the evidence is judged.

    Attributes:
        weights: Of each of `FEATURES` in the log odds.
        intercepts: The log odds of each of `joints.POINTS` where all features are 0.
        threshold: A joint less likely than this is uncertain.
        least_mean: A hand whose joints are less likely on average is uncertain.
        most_oddity: So is a hand whose shape is odder.
        least_hand: What was found is no hand where its clear joints are less likely on average.
        least_odd_hand: The same, where their shape is odder than `most_oddity`.
        least_part: The same, of a part of a hand that fills the picture.
        most_part_oddity: It is no such part either where the shape is odder for each clear joint.
    """

    weights: tuple[float, ...]
    intercepts: tuple[float, ...]
    threshold: float
    least_mean: float
    most_oddity: float
    least_hand: float = 0.0
    least_odd_hand: float = 0.0
    least_part: float = 1.0
    most_part_oddity: float = 0.0

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any]) -> Certainty:
        """Read what `meta` wrote.

        Raises:
            KeyError: Something is missing; likewise ValueError and TypeError for what is no number.
        """
        weights = tuple(float(meta["weights"][name]) for name in FEATURES)
        intercepts = tuple(float(meta["intercepts"][name]) for name in POINTS)
        limits = {name: float(meta[name]) for name in ("threshold", "least_mean", "most_oddity")}
        # Bundles from before there were these limits refuse no hand, and find no part of one.
        later = ("least_hand", "least_odd_hand", "least_part", "most_part_oddity")
        limits |= {name: float(meta[name]) for name in later if name in meta}
        return cls(weights, intercepts, **limits)

    def meta(self) -> dict[str, Any]:
        """As it stands in a bundle under `certainty`."""
        return {
            "weights": dict(zip(FEATURES, self.weights, strict=True)),
            "intercepts": dict(zip(POINTS, self.intercepts, strict=True)),
            "threshold": self.threshold,
            "least_mean": self.least_mean,
            "most_oddity": self.most_oddity,
            "least_hand": self.least_hand,
            "least_odd_hand": self.least_odd_hand,
            "least_part": self.least_part,
            "most_part_oddity": self.most_part_oddity,
        }

    def likelihoods(self, evidence: Evidence) -> Array:
        """The probability that each of `joints.POINTS` is well placed, NaN without a place."""
        odds = evidence.features @ np.array(self.weights) + np.array(self.intercepts)
        return np.asarray(1 / (1 + np.exp(-odds)))

    def is_hand(self, evidence: Evidence) -> bool:
        """Whether enough of the joints that the picture shows are where a hand's are."""
        odd = evidence.clear_oddity > self.most_oddity * evidence.clear.mean()
        least = max(self.least_hand, self.least_odd_hand) if odd else self.least_hand
        return self.mean_of_clear(evidence) >= least

    def is_part(self, evidence: Evidence) -> bool:
        """Whether it is a part of a hand: that looks like one more often, and must be like one."""
        odd = evidence.clear_oddity > self.most_part_oddity * evidence.clear.sum()
        return not odd and self.mean_of_clear(evidence) >= self.least_part

    def reasons(self, evidence: Evidence) -> tuple[str, ...]:
        """What speaks against a whole hand in PA view."""
        unclear = float(np.nanmean(self.likelihoods(evidence))) < self.least_mean
        found = {
            CUT_OFF: evidence.cut_off,
            UNLIKE: evidence.oddity > self.most_oddity,
            UNCLEAR: unclear,
        }
        return tuple(reason for reason, holds in found.items() if holds)

    def mean_of_clear(self, evidence: Evidence) -> float:
        """The mean likelihood of the clear joints; 0 where they are too few for a hand."""
        if evidence.clear.sum() < _FEWEST:
            return 0.0
        return float(self.likelihoods(evidence)[evidence.clear].mean())
