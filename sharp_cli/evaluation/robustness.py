"""How well hands and their joints are found in perturbed radiographs."""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli import radiograph as radiographs
from sharp_cli.core.errors import NoHandError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.evaluation.metrics.detection import joint_errors, summarise
from sharp_cli.inference.sides import MOST_HANDS, decide_sides
from sharp_cli.synthetic.perturbations import (
    LENGTH,
    PERTURBATIONS,
    UNPERTURBED,
    Perturbation,
    shrink,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from sharp_cli.core.geometry import Affine
    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.evaluation.metrics.detection import JointError
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector

_NEAR: Final = 0.25  # of the hand's length: a centre nearer than this is this hand's


@dataclass(frozen=True, slots=True)
class Robustness:
    """What was found under one perturbation.

    Attributes:
        change: Its kind.
        severity: How much of it.
        hands: Annotated hands.
        found_hands: Those that were found, of whichever side.
        wrong_side: Those of them that were taken for the other side.
        joints: Annotated joints that the perturbed picture still shows, for erosion and for JSN.
        found: Percent of them within `detection.TOLERANCE`; none of a hand that was not found or
            was taken for the other side is.
        median: Median distance of the joints that were given a place, in percent of the hand's
            median proximal phalanx length; NaN if none was.
    """

    change: str
    severity: str
    hands: int
    found_hands: int
    wrong_side: int
    joints: int
    found: float
    median: float


@dataclass
class _Tally:
    hands: int = 0
    found: int = 0
    wrong_side: int = 0
    errors: list[JointError] = field(default_factory=list)

    def result(self, perturbation: Perturbation) -> Robustness:
        summary = summarise(self.errors)
        return Robustness(
            perturbation.kind,
            perturbation.severity,
            self.hands,
            self.found,
            self.wrong_side,
            summary.joints,
            summary.found,
            summary.median,
        )


def measure_robustness(
    finder: HandFinder,
    parts: Iterable[tuple[JointDetector, Sequence[AnnotatedHand]]],
    images: Path,
    *,
    on_progress: Callable[[str], None],
) -> list[Robustness]:
    """Find annotated hands and their joints in radiographs, as these are and perturbed.

    Tags of the radiographs are not used.

    Args:
        finder: Finds the hands.
        parts: What finds the joints of which annotated hands, with the side that the anatomy of a
            PA view shows; those without a proximal phalanx have no scale and are excluded.
        images: Folder of their radiographs.
        on_progress: Called with the name of each radiograph before it is read.

    Returns:
        For the radiographs as they are, then for each of `perturbations.PERTURBATIONS`.

    Raises:
        RadiographError: A radiograph cannot be read.
    """
    tallies = [(one, _Tally()) for one in (UNPERTURBED, *PERTURBATIONS)]
    for line, image, hands in _by_radiograph(finder, parts):
        on_progress(image)
        radiograph = replace(radiographs.read(images / image), side=None)
        # Most perturbations are applied to a smaller picture: it is far quicker, and noise and blur
        # are then alike for all radiographs.
        small = shrink(radiograph.pixels)
        for perturbation, tally in tallies:
            pixels, move = (radiograph.pixels, similarity()) if perturbation.own_size else small
            points = [move(hand.positions()) for hand in hands]
            perturbed, further = perturbation.apply(pixels, points, _generator(image, perturbation))
            to_file = further.after(move).inverse()
            line.measure(tally, hands, replace(radiograph, pixels=perturbed), to_file)
    return [tally.result(perturbation) for perturbation, tally in tallies]


def _by_radiograph(
    finder: HandFinder, parts: Iterable[tuple[JointDetector, Sequence[AnnotatedHand]]]
) -> Iterator[tuple[_Line, str, list[AnnotatedHand]]]:
    for detector, truth in parts:
        own: dict[str, list[AnnotatedHand]] = defaultdict(list)
        for hand in truth:
            if math.isfinite(hand.phalanx):
                own[hand.image].append(hand)
        for image, hands in own.items():
            yield _Line(finder, detector), image, hands


def _generator(image: str, perturbation: Perturbation) -> np.random.Generator:
    """Draws the same for a picture, whichever others are measured."""
    name = f"{image} {perturbation.kind} {perturbation.severity}"
    return np.random.default_rng(zlib.crc32(name.encode()))


@dataclass(frozen=True)
class _Line:
    """The finder and the detector one after the other, as in `sharp detect`."""

    finder: HandFinder
    detector: JointDetector

    def measure(
        self,
        tally: _Tally,
        truth: Sequence[AnnotatedHand],
        radiograph: Radiograph,
        to_file: Affine,
    ) -> None:
        """Count what is found in a perturbed radiograph.

        Args:
            tally: Where it is counted.
            truth: Its hands, in the file's own pixels.
            radiograph: Perturbed.
            to_file: From its pixels to the file's.
        """
        try:
            candidates, _ = self.finder.find(radiograph)
            found, _ = decide_sides(candidates[:MOST_HANDS], radiograph)
        except NoHandError:
            found = ()
        for true in truth:
            hand = _nearest(true, found, to_file)
            # In a mirrored picture, a left hand is a right one.
            wrong = hand is not None and (hand.side == true.side) == to_file.mirrors
            tally.hands += 1
            tally.found += hand is not None
            tally.wrong_side += wrong
            points: Sequence[Point] = ()
            if hand is not None and not wrong:
                with suppress(NoHandError):  # then all its joints are missed
                    points = self.detector.detect(radiograph, hand)[1]
            places = {
                (true.image, true.side, point.joint): (x, y)
                for point in points
                for x, y in [to_file((point.x, point.y)).tolist()]
            }
            shown = _shown(true, radiograph, to_file.inverse())
            tally.errors += [one for one in joint_errors(places, [true]) if one.joint in shown]


def _nearest(true: AnnotatedHand, found: Sequence[Hand], to_file: Affine) -> Hand | None:
    """The hand that was found where a true one is, if any."""
    frame = fit_hand(true.positions())

    def gap(hand: Hand) -> float:
        return float(np.hypot(*(to_file(hand.to_image((0, 0))) - frame((0, 0)))))

    nearest = min(found, key=gap, default=None)
    return nearest if nearest and gap(nearest) <= _NEAR * LENGTH * frame.scale else None


def _shown(true: AnnotatedHand, radiograph: Radiograph, to_perturbed: Affine) -> set[str]:
    """The points of a hand that lie inside a perturbed radiograph."""
    size = np.array(radiograph.pixels.shape[::-1])
    return {
        joint
        for joint, place in true.points.items()
        if (np.abs(to_perturbed(place) - (size - 1) / 2) <= size / 2).all()
    }
