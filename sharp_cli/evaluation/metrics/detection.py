"""Metrics of detection: how far detected joints lie from annotated ones, and how many are found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.annotations.hands import AnnotatedHand

TOLERANCE: Final = 0.15
"""A joint counts as found within this fraction of the hand's median proximal phalanx length."""

ALL_JOINTS: Final = "all joints"
"""What the joints of all groups of a finding are called together."""


class _OfGroup(Protocol):
    @property
    def finding(self) -> Finding: ...

    @property
    def group(self) -> str: ...


Grouped = TypeVar("Grouped", bound=_OfGroup)
"""What belongs to a finding and a joint group."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How distances are spread; all but `measured` NaN where there are none.

    Attributes:
        measured: How many there are.
        mean: Their mean.
        sd: The standard deviation of the sample (n - 1); NaN of a single one.
        median: Their median.
        p95: Their 95th percentile.
    """

    measured: int
    mean: float
    sd: float
    median: float
    p95: float


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
        found: Percent of the annotated joints within the tolerance.
    """

    joints: int
    detected: int
    mean: float
    median: float
    p95: float
    found: float


@dataclass(frozen=True, slots=True)
class FlagSummary:
    """How well flags separate joints that are off from the others, over a set of joints.

    Attributes:
        off: Annotated joints that are not found within the tolerance.
        off_flagged: Percent of them that are uncertain or not detected.
        good_flagged: Percent of the others that are uncertain.
    """

    off: int
    off_flagged: float
    good_flagged: float


@dataclass(frozen=True, slots=True)
class JointError:
    """One annotated joint and how far off it was found.

    Attributes:
        image: File name of the radiograph.
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        group: Joint group.
        joint: Name of the joint.
        error: Its distance in lengths of the hand's median proximal phalanx, both in the file's
            own pixels; infinite if it was not detected.
        flagged: Whether it was called uncertain or not detected.
        mm: Its distance in mm; NaN if it was not detected or the spacing is not known.
    """

    image: str
    side: Side
    finding: Finding
    group: str
    joint: str
    error: float
    flagged: bool = False
    mm: float = math.nan


def joint_errors(
    detected: Mapping[tuple[str, Side, str], tuple[float, float]],
    truth: Iterable[AnnotatedHand],
    uncertain: Container[tuple[str, Side, str]] = (),
    spacing: Mapping[str, tuple[float, float]] | None = None,
) -> list[JointError]:
    """Match detected joints with annotated ones by picture, side and name.

    Args:
        detected: Position (x, y) in the file's own pixels by file name, side and joint.
        truth: The annotated hands; a hand without a proximal phalanx has no scale and is excluded.
        uncertain: Which of the detected joints are called uncertain.
        spacing: Height and width of a pixel in mm by file name, where known.
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
            error, mm = math.inf, math.nan
            if seen is not None:
                error = math.dist(seen, place) / length
                high, wide = (spacing or {}).get(hand.image, (math.nan, math.nan))
                mm = math.hypot((seen[0] - place[0]) * wide, (seen[1] - place[1]) * high)
            errors.append(
                JointError(
                    hand.image,
                    hand.side,
                    target.finding,
                    target.group,
                    target.joint,
                    error,
                    flagged=seen is None or key in uncertain,
                    mm=mm,
                )
            )
    return errors


def spread(distances: Iterable[float]) -> Spread:
    """How those of the distances that are finite are spread."""
    values = np.array([one for one in distances if math.isfinite(one)])
    if values.size == 0:
        return Spread(0, math.nan, math.nan, math.nan, math.nan)
    return Spread(
        measured=values.size,
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)) if values.size > 1 else math.nan,
        median=float(np.median(values)),
        p95=float(np.percentile(values, 95)),
    )


def summarise(errors: Sequence[JointError], tolerance: float = TOLERANCE) -> DetectionSummary:
    """Summarise the errors of a set of joints, found within `tolerance` phalanx lengths."""
    distances = spread(item.error * 100 for item in errors)
    found = [item.error <= tolerance for item in errors]
    return DetectionSummary(
        joints=len(errors),
        detected=distances.measured,
        mean=distances.mean,
        median=distances.median,
        p95=distances.p95,
        found=float(np.mean(found) * 100) if errors else math.nan,
    )


def summarise_flags(errors: Sequence[JointError], tolerance: float = TOLERANCE) -> FlagSummary:
    """Summarise which joints of a set are flagged; see `summarise`."""
    off = [item.flagged for item in errors if item.error > tolerance]
    good = [item.flagged for item in errors if item.error <= tolerance]
    percents = (float(np.mean(flags) * 100) if flags else math.nan for flags in (off, good))
    return FlagSummary(len(off), *percents)


def detection_table(errors: Sequence[JointError]) -> dict[str, DetectionSummary]:
    """Summaries per finding and joint group, and over all joints of a finding."""
    return {
        f"{finding} {joints}": summarise(members)
        for (finding, joints), members in grouped(errors).items()
    }


def grouped(items: Sequence[Grouped]) -> dict[tuple[Finding, str], list[Grouped]]:
    """The items by finding and joint group, and, as `ALL_JOINTS`, all of a finding."""
    rows: dict[tuple[Finding, str], list[Grouped]] = {}
    for finding in FINDINGS:
        own = [item for item in items if item.finding == finding]
        for _, group in (key for key in JOINT_GROUPS if key[0] == finding):
            rows[finding, group] = [item for item in own if item.group == group]
        rows[finding, ALL_JOINTS] = own
    return rows
