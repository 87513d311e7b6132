"""Classifiers on wrists of which it is known whether any joint is eroded, but not which."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli import radiograph as radiographs
from sharp_cli.core.errors import DocumentError
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.joints import SIDES, TARGET_OF, WRIST_GROUPS
from sharp_cli.core.records import Hand, Point
from sharp_cli.evaluation.measurements import FALSE_CALLS, Measurement, Measurements
from sharp_cli.evaluation.metrics.bootstrap import estimate
from sharp_cli.evaluation.metrics.detection import grouped
from sharp_cli.evaluation.metrics.ranking import fraction, roc_auc, sensitivity_at
from sharp_cli.fileio.tables import Problem, raise_problems, read_table
from sharp_cli.inference.crop import crop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.inference.classifier import Classifier

_COLUMNS: Final = ("image", "patient", "hand", "erosive")
_ANSWERS: Final = {"1": True, "0": False}


class Wrist(NamedTuple):
    """What is known of a wrist.

    Attributes:
        patient: A pseudonym.
        erosive: Whether any of its joints is eroded.
    """

    patient: str
    erosive: bool


class WristJoint(NamedTuple):
    """What the classifier says of one joint of a wrist."""

    wrist: Wrist
    image: str
    side: Side
    finding: Finding
    group: str
    probability: float
    called: bool


def read_wrists(path: Path) -> dict[tuple[str, str], Wrist]:
    """Read wrist-level truth by image and hand: `image,patient,hand,erosive`, the last 1 or 0.

    Raises:
        DocumentError: Listing every bad row.
    """
    wrists: dict[tuple[str, str], Wrist] = {}
    problems: list[Problem] = []
    for line, row in read_table(path, _COLUMNS):
        key = row["image"], row["hand"]
        wrong = [f"no {name}" for name in ("image", "patient") if not row[name]]
        if row["hand"] not in SIDES:
            wrong.append(f"hand {row['hand']!r} is neither left nor right")
        if row["erosive"] not in _ANSWERS:
            wrong.append(f"erosive {row['erosive']!r} is neither 1 nor 0")
        if key in wrists:
            wrong.append(f"the {row['hand']} wrist of {row['image']} stands twice")
        problems += [Problem(f"line {line}", what) for what in wrong]
        wrists[key] = Wrist(row["patient"], _ANSWERS.get(row["erosive"], False))
    raise_problems(path, problems)
    return wrists


def classify_wrists(
    classifier: Classifier,
    wrists: Mapping[tuple[str, str], Wrist],
    annotated: Sequence[AnnotatedHand],
    images: Path,
    *,
    on_progress: Callable[[str], None],
) -> list[WristJoint]:
    """Classify each joint of the wrists by itself.

    Args:
        classifier: Holds the model `siso`.
        wrists: See `read_wrists`.
        annotated: Where the joints are; of others than those of `WRIST_GROUPS` nothing is made.
        images: Folder of the radiographs.
        on_progress: Called with each image before it is read.

    Raises:
        DocumentError: A wrist has no annotated joints.
        RadiographError: A radiograph cannot be read.
    """
    hands = {(hand.image, hand.side): hand for hand in annotated}
    if lost := [f"{side} wrist of {image}" for image, side in wrists if (image, side) not in hands]:
        message = f"no joint positions of {len(lost)} wrists, the first is the {lost[0]}; add them"
        raise DocumentError(message)
    joints: list[WristJoint] = []
    for hand in annotated:
        if (hand.image, hand.side) in wrists:
            on_progress(hand.image)
            joints += _classify(classifier, wrists[hand.image, hand.side], hand, images)
    return joints


def _classify(
    classifier: Classifier, wrist: Wrist, annotated: AnnotatedHand, images: Path
) -> Iterator[WristJoint]:
    side = annotated.side
    frame = common_frame(annotated.positions(), mirror=side == "right")
    hand = Hand(annotated.image, side, "anatomy", frame, score=1.0)
    points = [Point(joint, x, y, likelihood=1.0) for joint, (x, y) in annotated.points.items()]
    patches = [
        patch
        for patch in crop(radiographs.read(images / annotated.image), hand, points)
        if TARGET_OF[patch.finding, patch.joint].group in WRIST_GROUPS
    ]
    (results,) = classifier.classify([{side: patches}], "siso")
    for one in results:
        group = TARGET_OF[one.finding, one.joint].group
        called = one.label == "non-intact"
        yield WristJoint(wrist, annotated.image, side, one.finding, group, one.probability, called)


def measure_wrists(joints: Sequence[WristJoint]) -> Measurements:
    """Measure how classifications of joints agree with what is known of their wrists.

    `roc_auc_highest` and `roc_auc_mean` are of the highest and the mean probability of a wrist's
    joints, as is `sensitivity_at_5_percent` of the mean; `called_…` are the fractions of wrists
    with a joint that is called non-intact at the bundle's thresholds, `joints_called_…` those of
    single joints, both by truth.
    """
    return Measurements(
        [
            one
            for (finding, group), own in grouped(joints).items()
            if own
            for one in _measure(finding, group, own)
        ]
    )


def _measure(finding: Finding, group: str, joints: Sequence[WristJoint]) -> Iterator[Measurement]:
    wrists = [
        (members[0].wrist, members)
        for members in (
            [*own] for _, own in groupby(joints, lambda joint: (joint.image, joint.side))
        )
    ]
    erosive = np.array([wrist.erosive for wrist, _ in wrists])
    highest = np.array([max(one.probability for one in own) for _, own in wrists])
    mean = np.array([np.mean([one.probability for one in own]) for _, own in wrists])
    counts = np.array([len(own) for _, own in wrists])
    calls = np.array([sum(one.called for one in own) for _, own in wrists])

    def pooled(chosen: NDArray[np.intp]) -> float:
        return float(calls[chosen].sum() / counts[chosen].sum()) if len(chosen) else math.nan

    def metrics(drawn: NDArray[np.intp]) -> dict[str, float]:
        yes, no = drawn[erosive[drawn]], drawn[~erosive[drawn]]
        return {
            "roc_auc_highest": roc_auc(highest[yes], highest[no]),
            "roc_auc_mean": roc_auc(mean[yes], mean[no]),
            "sensitivity_at_5_percent": sensitivity_at(FALSE_CALLS, mean[yes], mean[no]),
            "called_erosive": fraction(calls[yes] > 0),
            "called_not_erosive": fraction(calls[no] > 0),
            "joints_called_erosive": pooled(yes),
            "joints_called_not_erosive": pooled(no),
        }

    cases = {
        "called_erosive": int(erosive.sum()),
        "called_not_erosive": int((~erosive).sum()),
        "joints_called_erosive": int(counts[erosive].sum()),
        "joints_called_not_erosive": int(counts[~erosive].sum()),
    }
    for name, found in estimate(metrics, [wrist.patient for wrist, _ in wrists]).items():
        yield Measurement(finding, group, name, cases.get(name, len(wrists)), *found)
