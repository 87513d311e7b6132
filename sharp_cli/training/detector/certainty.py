"""Calibrate a detector's likelihoods on hands that are held out of its training.

Each fold's detector finds the joints of its own pictures, as they are, perturbed
(`sharp_cli.synthetic.perturbations`) and made hard (`hard_pictures`). A logistic regression learns
from that which joints are well placed. What is reported of it is cross-validated once more: of each
fold by the others.
"""

from __future__ import annotations

import logging
import math
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from sharp_cli.core.errors import NoHandError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS
from sharp_cli.core.records import Hand
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.evaluation.metrics.detection import TOLERANCE
from sharp_cli.inference.calibration import Certainty, Evidence, measure_evidence
from sharp_cli.synthetic.perturbations import PERTURBATIONS, UNPERTURBED, Perturbation, shrink
from sharp_cli.training.detector.hard_pictures import HARD, STRANGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.scoring.stages import Finder
    from sharp_cli.training.detector.fold_files import Fold

    Array = NDArray[np.float64]

LOGGER: Final = logging.getLogger(__name__)

GOOD_FLAGGED: Final = 0.015
"""Fraction of the well placed joints that may be called uncertain, in radiographs as they are and
perturbed, but not made hard; a choice, as are the next two."""

_LEAST_MEAN: Final = 0.9
"""A hand is uncertain where more than a tenth of its joints is expected to be misplaced."""

_MOST_ODDITY: Final = 45.0
"""Of 600 hands that the shape prior gives, two are odder; of those squeezed to 60 %, none is less.
Radiographs of young hands are far below."""

_LEAST_HAND: Final = 0.7
"""What was taken for a hand is none where more than three in ten of the joints that the picture
shows are expected to be misplaced."""

_LEAST_ODD_HAND: Final = 0.85
"""The same where its shape is unlike a hand's. Given where a hand's joints would be, generated feet
reach 0.77 and hands warped to be like feet 0.82, and their shapes are odder than 60; hands squeezed
to 60 % are as odd and above 0.9; generated hands with ulnar drift and subluxation reach 26, and are
above 0.95."""

_LEAST_PART: Final = 0.8
_MOST_PART_ODDITY: Final = 1.2
"""Limits of a wrist or of fingers that fill a radiograph. They are stricter, as a radiograph
without a hand is searched in many frames: some generated feet reach 0.8, but they are odder than
1.3 for each joint; wrists with arthritis are above 0.8 and below 0.9."""

_HANDS_FLAGGED: Final = 0.01  # fraction of the unchanged hands that each limit may flag
_ENOUGH: Final = 20  # joints of either kind, for a few weights
_ITERATIONS: Final = 1000
_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class ObservedHand:
    """One hand that was found in a picture.

    Attributes:
        fold: Number of the fold.
        perturbation: Of the picture.
        evidence: Of the detector's predictions.
        errors: How far off each of `joints.POINTS` is, in phalanx lengths, shape (22,); NaN where
            the true place is not known.
    """

    fold: int
    perturbation: Perturbation
    evidence: Evidence
    errors: Array

    @property
    def good(self) -> NDArray[np.bool_]:
        """Which points are well placed, shape (22,)."""
        return self.errors <= TOLERANCE


@dataclass(frozen=True, slots=True)
class CalibratedHand:
    """A hand, judged by a calibration that was not fitted to it.

    Attributes:
        observed: The hand.
        likelihoods: Of its points, shape (22,).
        flagged: Which points it calls uncertain, shape (22,).
        reasons: Why it calls the hand uncertain.
    """

    observed: ObservedHand
    likelihoods: Array
    flagged: NDArray[np.bool_]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibration gave.

    Attributes:
        certainty: Its `meta()` goes into the bundle as `certainty`.
        judged: All hands by the calibration of the other folds.
    """

    certainty: Certainty
    judged: Sequence[CalibratedHand]


def calibrate(
    folds: Sequence[Fold], images: Path, finder: Finder, load: Callable[[Path], JointDetector]
) -> Calibration | None:
    """Calibrate a detector on the hands of all folds.

    Args:
        folds: From `detector.folds.train_fold`, at least two.
        images: Folder of their radiographs.
        finder: Finds the hands.
        load: Loads a detector from its folder.

    Returns:
        None if too few joints are found well, or too few badly, to learn from.
    """
    observed = [
        one
        for number, fold in enumerate(folds)
        for one in observe_fold(fold, number, images, finder, load(fold.bundle))
    ]
    certainty = fit(observed)
    judged: list[CalibratedHand] = []
    for number in range(len(folds)):
        others = fit([one for one in observed if one.fold != number])
        if certainty is None or others is None:
            return None
        judged += [_judge(others, one) for one in observed if one.fold == number]
    return None if certainty is None else Calibration(certainty, judged)


def fit(observed: Sequence[ObservedHand]) -> Certainty | None:
    """Fit a calibration to hands; None if there is too little to learn from."""
    usual = [one for one in observed if one.perturbation not in STRANGE]
    calm = [one for one in usual if one.perturbation not in HARD]
    if sum(int(one.good.sum()) for one in calm) < _ENOUGH:
        return None
    known = np.concatenate([np.isfinite(one.errors) for one in usual])
    # Each joint has an intercept of its own.
    joints = np.eye(len(POINTS))
    features = np.concatenate([np.hstack([one.evidence.features, joints]) for one in usual])[known]
    good = np.concatenate([one.good for one in usual])[known]
    if (~good).sum() < _ENOUGH:
        return None
    model = LogisticRegression(max_iter=_ITERATIONS, fit_intercept=False).fit(features, good)
    weights = [round(weight, _DECIMALS) for weight in model.coef_[0].tolist()]
    bare = Certainty(
        tuple(weights[: -len(POINTS)]),
        tuple(weights[-len(POINTS) :]),
        threshold=0.0,
        least_mean=_LEAST_MEAN,
        most_oddity=_MOST_ODDITY,
        least_hand=_LEAST_HAND,
        least_odd_hand=_LEAST_ODD_HAND,
        least_part=_LEAST_PART,
        most_part_oddity=_MOST_PART_ODDITY,
    )
    spared = np.concatenate([bare.likelihoods(one.evidence)[one.good] for one in calm])
    plain = [one.evidence for one in usual if one.perturbation is UNPERTURBED]
    means = [float(np.nanmean(bare.likelihoods(one))) for one in plain] or [_LEAST_MEAN]
    oddities = [one.oddity for one in plain] or [_MOST_ODDITY]
    low = float(np.quantile(means, _HANDS_FLAGGED))
    high = float(np.quantile(oddities, 1 - _HANDS_FLAGGED))
    return replace(
        bare,
        threshold=round(float(np.quantile(spared, GOOD_FLAGGED)), _DECIMALS),
        least_mean=round(min(_LEAST_MEAN, low), _DECIMALS),
        most_oddity=round(max(_MOST_ODDITY, high), _DECIMALS),
    )


def observe_fold(
    fold: Fold, number: int, images: Path, finder: Finder, detector: JointDetector
) -> Iterator[ObservedHand]:
    """Detect all hands of a fold: as they are, perturbed, made hard, and made strange.

    Strange hands are given to the detector where they are: the finder finds few of them.

    Args:
        fold: Its hands.
        number: Of the fold.
        images: Folder of their radiographs.
        finder: Finds the hands.
        detector: Was not trained on them.
    """
    scaled = [hand for hand in fold.hands if math.isfinite(hand.phalanx)]
    for original, hands in read_square(scaled, images):
        image = hands[0].image
        LOGGER.info("calibrating: %s", image)
        small, to_small = shrink(original.pixels)
        for perturbation in (UNPERTURBED, *PERTURBATIONS, *HARD, *STRANGE):
            pixels, move = (
                (original.pixels, similarity()) if perturbation.own_size else (small, to_small)
            )
            places = [move(hand.positions()) for hand in hands]
            name = f"{image} {perturbation.kind} {perturbation.severity}"
            rng = np.random.default_rng(zlib.crc32(name.encode()))
            perturbed, further = perturbation.apply(pixels, places, rng)
            to_file = further.after(move).inverse()
            picture = replace(original, pixels=perturbed)
            forced = [
                Hand(image, hand.side, "anatomy", fit_hand(further(points)), 1.0)
                for hand, points in zip(hands, places, strict=True)
            ]
            for found in forced if perturbation in STRANGE else _found(finder, picture):
                predictions = detector.predict(picture, found)
                detected = to_file(predictions.to_image(predictions.mean[:, :2]))
                evidence = measure_evidence(predictions)
                yield ObservedHand(number, perturbation, evidence, _errors(detected, hands))


def _found(finder: Finder, picture: Radiograph) -> Sequence[Hand]:
    try:
        hands, _ = finder.find(picture)
    except NoHandError:
        return ()
    return hands


def _errors(places: Array, hands: Sequence[AnnotatedHand]) -> Array:
    """How far places lie from those of the annotated hand that they are nearest to."""
    errors = [np.hypot(*(places - hand.positions()).T) / hand.phalanx for hand in hands]
    return min(errors, key=lambda each: float(np.nanmedian(each)))


def _judge(certainty: Certainty, observed: ObservedHand) -> CalibratedHand:
    likelihoods = certainty.likelihoods(observed.evidence)
    reasons = certainty.reasons(observed.evidence)
    return CalibratedHand(observed, likelihoods, likelihoods < certainty.threshold, reasons)
