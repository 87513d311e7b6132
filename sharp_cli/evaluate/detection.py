"""Compare detected joints with annotated ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.joints import FINDINGS, HEADS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from sharp_cli.dataset import AnnotatedHand
    from sharp_cli.joints import Finding, Side

TOLERANCE: Final = 0.15
"""A joint counts as found within this share of the hand's median proximal phalanx length."""


@dataclass(frozen=True, slots=True)
class DetectionSummary:
    """How far detected joints lie from annotated ones, over a set of joints.

    Lengths are in percent of the hand's median proximal phalanx length; joints that were not
    detected count in `found`, not in the distances.

    Attributes:
        joints: Annotated joints.
        detected: Joints with a position.
        mean: Mean distance.
        median: Median distance.
        p95: 95th percentile of the distances.
        found: Percent of the annotated joints within `TOLERANCE`.
    """

    joints: int
    detected: int
    mean: float
    median: float
    p95: float
    found: float


@dataclass(frozen=True, slots=True)
class FlagSummary:
    """How well joints that are off are told from the others, over a set of joints.

    Attributes:
        off: Annotated joints that are not found within `TOLERANCE`.
        off_flagged: Percent of them that are uncertain or not detected.
        good_flagged: Percent of the others that are uncertain.
    """

    off: int
    off_flagged: float
    good_flagged: float


@dataclass(frozen=True, slots=True)
class JointError:
    """One annotated joint and how far off it was found, in phalanx lengths; infinite if not.

    `flagged` says whether it was called uncertain or not detected.
    """

    image: str
    side: Side
    finding: Finding
    group: str
    joint: str
    error: float
    flagged: bool = False


def joint_errors(
    detected: Mapping[tuple[str, Side, str], tuple[float, float]],
    truth: Iterable[AnnotatedHand],
    uncertain: Container[tuple[str, Side, str]] = (),
) -> list[JointError]:
    """Match detected joints with annotated ones by picture, side and name.

    Args:
        detected: Position (x, y) in the file's own pixels by file name, side and joint.
        truth: The annotated hands; a hand without a proximal phalanx has no scale and is left out.
        uncertain: Which of the detected joints are called uncertain.
    """
    errors = []
    for hand in truth:
        length = hand.phalanx
        if not math.isfinite(length):
            continue
        for target in TARGETS:
            place = hand.points.get(target.joint)
            if place is None:
                continue
            key = (hand.image, hand.side, target.joint)
            seen = detected.get(key)
            error = math.inf if seen is None else math.dist(seen, place) / length
            errors.append(
                JointError(
                    hand.image,
                    hand.side,
                    target.finding,
                    target.group,
                    target.joint,
                    error,
                    flagged=seen is None or key in uncertain,
                )
            )
    return errors


def annotated_name(file: str, images: Container[str]) -> str:
    """Which of the annotated `images` a file is: the longest end of its path that is one of them.

    A file that is none keeps its name.
    """
    parts = Path(file).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in images), parts[-1])


def summarise(errors: Sequence[JointError]) -> DetectionSummary:
    """Summarise the errors of a set of joints."""
    distances = np.array([item.error for item in errors])
    finite = distances[np.isfinite(distances)] * 100
    if finite.size == 0:
        mean = median = p95 = math.nan
    else:
        mean, median, p95 = (
            float(value) for value in (finite.mean(), np.median(finite), np.percentile(finite, 95))
        )
    return DetectionSummary(
        joints=len(errors),
        detected=int(finite.size),
        mean=mean,
        median=median,
        p95=p95,
        found=float(np.mean(distances <= TOLERANCE) * 100) if errors else math.nan,
    )


def summarise_flags(errors: Sequence[JointError]) -> FlagSummary:
    """Summarise which joints of a set are flagged."""
    off = [item.flagged for item in errors if item.error > TOLERANCE]
    good = [item.flagged for item in errors if item.error <= TOLERANCE]
    shares = (float(np.mean(flags) * 100) if flags else math.nan for flags in (off, good))
    return FlagSummary(len(off), *shares)


def detection_table(errors: Sequence[JointError]) -> dict[str, DetectionSummary]:
    """Summaries per finding and joint group, and over all joints of a finding."""
    return {name: summarise(group) for name, group in grouped(errors).items()}


def grouped(errors: Sequence[JointError]) -> dict[str, list[JointError]]:
    """The joints per finding and joint group, and all joints of a finding."""
    rows: dict[str, list[JointError]] = {}
    for finding in FINDINGS:
        of_finding = [item for item in errors if item.finding == finding]
        for _, group in (head for head in HEADS if head[0] == finding):
            rows[f"{finding} {group}"] = [item for item in of_finding if item.group == group]
        rows[f"{finding} all joints"] = of_finding
    return rows
