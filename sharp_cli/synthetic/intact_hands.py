"""Hands without damage, kept as one region a joint for patches to be generated from.

A region is the joint's box with its surroundings in the canonical view at the common scale.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.geometry import sample, similarity
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.joints import BOXES, POINTS, SIDES
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.synthetic.phantom import generate_hand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.datasets.splits import Patient

    Array = NDArray[np.float32]
    Grades = Mapping[Finding, int]

MARGIN: Final = 70
"""Surroundings of a box in pixels at the common scale, for rotating and shifting it."""

_WHITE: Final = 65535


@dataclass(frozen=True, slots=True)
class IntactHand:
    """The joints of a hand, intact unless grades say otherwise.

    Attributes:
        image: File name of its radiograph.
        side: Left or right.
        regions: For each joint uint16 of shape (box height + 2 MARGIN, box width + 2 MARGIN),
            canonical view, the joint in the middle.
        grades: Of a labelled hand, by joint and finding; see `with_grades`.
        patient: Whose it is, see `AnnotatedHand`.
    """

    image: str
    side: Side
    regions: Mapping[str, NDArray[np.uint16]]
    grades: Mapping[str, Grades] = field(default_factory=dict)
    patient: Patient | None = None


def read_intact_hands(
    annotations: Path, images: Path, names: Path | None = None
) -> list[IntactHand]:
    """Read annotated radiographs of intact hands.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`.
        images: Folder of the radiographs.
        names: What the points are called there; None if by their own names.

    Raises:
        DocumentError: The annotations cannot be used.
        RadiographError: A radiograph cannot be read.
    """
    return [
        IntactHand(
            hand.image,
            hand.side,
            cut_regions(picture.pixels, hand.positions(), mirror=hand.side == "right"),
            patient=hand.patient,
        )
        for picture, found in read_square(read_checked(annotations, images, names), images)
        for hand in found
    ]


def with_grades(hands: Iterable[IntactHand], labels: Iterable[LabelledJoint]) -> list[IntactHand]:
    """The hands with what a cohort's labels say of their joints: 1 for non-intact, 0 for intact."""
    grades: dict[tuple[str, Side], dict[str, dict[Finding, int]]] = {}
    for label in labels:
        hand = grades.setdefault((label.image, label.side), {})
        hand.setdefault(label.joint, {})[label.finding] = int(label.damaged)
    return [replace(hand, grades=grades.get((hand.image, hand.side), {})) for hand in hands]


def phantom_hands(patients: int) -> list[IntactHand]:
    """Both hands of some synthetic patients, always the same ones."""
    hands = []
    for seed in range(patients):
        for side in SIDES:
            phantom = generate_hand(seed, side=side)
            positions = np.array([phantom.points[joint] for joint in POINTS])
            regions = cut_regions(phantom.pixels, positions, mirror=side == "right")
            hands.append(IntactHand(f"phantom {seed}", side, regions))
    return hands


def cut_regions(
    pixels: Array, positions: NDArray[np.float64], *, mirror: bool
) -> dict[str, NDArray[np.uint16]]:
    """The regions of a hand's joints.

    Args:
        pixels: The radiograph, float32, shape (height, width), 0…1.
        positions: Of `joints.POINTS` in its pixels, shape (22, 2), NaN where there is none.
        mirror: Whether the thumb is on the left once the fingers are up.
    """
    frame = common_frame(positions, mirror=mirror)
    regions = {}
    for joint, (x, y) in zip(POINTS, frame.inverse()(positions), strict=True):
        if not np.isfinite(x):
            continue
        width, height = (side + 2 * MARGIN for side in BOXES[joint])
        corner = similarity(x=float(x) - (width - 1) / 2, y=float(y) - (height - 1) / 2)
        view = sample(pixels, frame.after(corner), (width, height))
        regions[joint] = as_uint16(view)
    return regions


def other_hand(hand: IntactHand, hands: Iterable[IntactHand]) -> IntactHand | None:
    """The other hand of the same radiograph, if it shows one."""
    return next((o for o in hands if o.image == hand.image and o.side != hand.side), None)


def as_uint16(view: Array) -> NDArray[np.uint16]:
    """Brightness 0…1 in 16 bit."""
    return np.rint(np.clip(view, 0, 1) * _WHITE).astype(np.uint16)


def from_uint16(region: NDArray[np.uint16]) -> Array:
    """Brightness 0…1 of a region, as a new array."""
    return region.astype(np.float32) / np.float32(_WHITE)
