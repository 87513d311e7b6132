"""Patches to train and measure on: joints of intact hands, into which lesions can be put.

A patch is taken from a hand's region as the detector's errors would have it cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, sample, similarity
from sharp_cli.core.joints import BOXES, SCORED_FINDINGS
from sharp_cli.synthetic.acquisition import reacquire
from sharp_cli.synthetic.adult_bones import grow_up
from sharp_cli.synthetic.intact_hands import MARGIN, as_uint16, from_uint16
from sharp_cli.synthetic.lesions import LESION_GRADES, implant
from sharp_cli.synthetic.look_alikes import add_look_alikes
from sharp_cli.synthetic.overlap import random_overlap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.synthetic.intact_hands import Grades, IntactHand

    Array = NDArray[np.float32]

SYMMETRY: Final = 0.6
"""Probability that the other hand's joint is non-intact if this one is; a choice."""

# A pixel counts as changed by a lesion from this fraction of the patch's contrast on, after a blur
# over which the slight warp that lesions and look-alikes both get averages out.
_CHANGE: Final = 0.15
_CHANGE_BLUR: Final = 5.0

_OBVIOUS: Final = 3
"""From this grade on nobody overlooks a lesion."""

# Spread of the detector's errors: positions in pixels at the common scale (about 4 % of a
# proximal phalanx in two dimensions), degrees and scale of the hand's frame.
_SHIFT: Final = 12.0
_LARGEST_SHIFT: Final = 30.0
_DEGREES: Final = 5.0
_SCALE: Final = 0.06


def random_grades(
    joint: str, rng: np.random.Generator, *, favour_obvious: bool = False
) -> tuple[dict[Finding, int], ...]:
    """Grades of one joint in both hands, half of them 0, correlated between hands by `SYMMETRY`.

    Args:
        joint: The joint.
        rng: Decides.
        favour_obvious: Whether obvious lesions are likelier than slight ones; otherwise all grades
            of a lesion are equally likely.
    """
    pair: tuple[dict[Finding, int], ...] = ({}, {})
    for finding in SCORED_FINDINGS[joint]:
        damaged = rng.random() < 0.5
        alike = rng.random() < SYMMETRY
        for grades, is_damaged in zip(pair, (damaged, damaged == alike), strict=True):
            weights = np.array(
                [min(grade, _OBVIOUS) if favour_obvious else 1 for grade in LESION_GRADES[finding]]
            )
            grade = int(rng.choice(LESION_GRADES[finding], p=weights / weights.sum()))
            grades[finding] = grade if is_damaged else 0
    for grades in pair:
        # The worst erosion takes the joint space with it.
        if grades.get("erosion") == max(LESION_GRADES["erosion"]) and grades.get("jsn") == 0:
            grades["jsn"] = int(rng.choice(LESION_GRADES["jsn"]))
    return pair


@dataclass(frozen=True, slots=True)
class SyntheticPatch:
    """A patch and where it was damaged.

    Attributes:
        pixels: uint16, shape (box height, box width).
        damage: For each finding put in, bool of the same shape.
    """

    pixels: NDArray[np.uint16]
    damage: Mapping[Finding, NDArray[np.bool_]]


def generate_patch(
    hand: IntactHand,
    joint: str,
    grades: Grades,
    rng: np.random.Generator,
    *,
    augment: bool,
    look_alikes: bool = True,
    gap: float | None = None,
) -> SyntheticPatch:
    """Generate a patch of one joint as the detector's errors might have it cut.

    Args:
        hand: An intact hand.
        joint: The joint.
        grades: Grades of the lesions to put in; 0 for none.
        rng: Decides everything else.
        augment: Whether to warp it slightly and change how it was acquired: exposure, sharpness,
            noise, processing.
        look_alikes: Whether it may be given harmless look-alikes.
        gap: Width of an adult's joint spaces, see `adult_bones.random_gap`: the bones become an
            adult's first. None leaves them as they are.
    """
    region = from_uint16(hand.regions[joint])
    inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    if gap is not None:
        region[inner] = grow_up(region[inner], rng, joint=joint, gap=gap)
        overlap = random_overlap(region[inner], rng, joint=joint)
    lesions = [(finding, grade) for finding, grade in grades.items() if grade]
    if look_alikes and rng.random() < (0.3 if lesions else 0.6):
        region[inner] = add_look_alikes(region[inner], rng, joint=joint)
    # Narrowing comes first: an erosion lies at the margin of the joint as it has become.
    damage = {}
    for finding, grade in sorted(lesions, reverse=True):
        before = region[inner].copy()
        region[inner] = implant(before, finding, grade, rng, joint=joint, varied=True)
        damage[finding] = np.zeros_like(region)
        damage[finding][inner] = _visible_change(before, region[inner])
    if gap is not None:
        region[inner] = np.clip(region[inner] + overlap, 0, 1)
    box = BOXES[joint]
    to_region = _misplaced_box(region, box, rng)
    masks = {finding: sample(mask, to_region, box) > 0.5 for finding, mask in damage.items()}
    if augment:
        view = reacquire(_vary_exposure(_warped(region, to_region, box, rng), rng), rng)
    else:
        view = sample(region, to_region, box)
    return SyntheticPatch(as_uint16(view), masks)


def _visible_change(before: Array, after: Array) -> Array:
    """1 where a lesion changed a patch, 0 where its bones were only shifted a little."""
    change = np.abs(cv2.GaussianBlur(after - before, (0, 0), _CHANGE_BLUR))
    contrast = float(np.ptp(np.percentile(before[::4, ::4], [5, 95])))
    return np.asarray(change > _CHANGE * contrast, dtype=np.float32)


def _misplaced_box(region: Array, box: tuple[int, int], rng: np.random.Generator) -> Affine:
    """The map from a box to the region around it, misplaced by the detector's errors."""
    width, height = box
    x, y = np.clip(rng.normal(0, _SHIFT, 2), -_LARGEST_SHIFT, _LARGEST_SHIFT)
    middle = similarity(x=(region.shape[1] - 1) / 2 + x, y=(region.shape[0] - 1) / 2 + y)
    turn = similarity(
        scale=1 + rng.uniform(-_SCALE, _SCALE), degrees=rng.uniform(-_DEGREES, _DEGREES)
    )
    return middle.after(turn).after(similarity(x=-(width - 1) / 2, y=-(height - 1) / 2))


def _warped(
    region: Array, to_region: Affine, box: tuple[int, int], rng: np.random.Generator
) -> Array:
    """Sample `box` through an affine map and a slight smooth warp."""
    width, height = box
    wave = rng.normal(0, 2.5, (2, 5, 5)).astype(np.float32)
    dx, dy = (cv2.resize(part, box, interpolation=cv2.INTER_CUBIC) for part in wave)
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32), copy=False
    )
    (a, b, c), (d, e, f) = to_region.matrix.astype(np.float32)
    view = cv2.remap(region, a * x + b * y + c + dx, d * x + e * y + f + dy, cv2.INTER_LINEAR)
    return np.asarray(view, dtype=np.float32)


def _vary_exposure(view: Array, rng: np.random.Generator) -> Array:
    """Change gamma and evenness of exposure, sharpness and noise."""
    height, width = view.shape
    low, high = float(view.min()), float(view.max())
    spread = max(high - low, 1e-3)
    view = ((view - low) / spread) ** np.float32(np.exp(rng.normal(0, 0.25)))
    slope_x, slope_y = rng.normal(0, 0.1, 2)
    view = view + np.linspace(-slope_x, slope_x, width, dtype=np.float32)
    view = view + np.linspace(-slope_y, slope_y, height, dtype=np.float32)[:, None]
    if rng.random() < 0.5:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.5, 2.0))
    if rng.random() < 0.5:
        # Noise as coarse as the pixels of a radiograph are at the common scale.
        grain = rng.standard_normal((height // 2, width // 2), dtype=np.float32)
        grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
        view = view + np.float32(rng.uniform(0, 0.05)) * grain
    low, high = float(view.min()), float(view.max())
    return np.asarray((view - low) / max(high - low, 1e-3), dtype=np.float32)
