"""Patches to train and measure on: joints of intact hands, into which lesions can be put.

A hand is kept as one region a joint, a box with its surroundings in the canonical view; patches
are drawn from it as the detector's errors would have them cut.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, fit_similarity, sample, similarity
from sharp_cli.core.joints import COMMON_PHALANX, FINDINGS, POINTS, SIDES, TARGETS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.radiograph import read
from sharp_cli.synthetic.lesions import GRADES, decoy, implant
from sharp_cli.synthetic.phantom import draw as draw_phantom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.labels import LabelledJoint

    Array = NDArray[np.float32]
    Grades = Mapping[Finding, int]

SCORED: Final[Mapping[str, tuple[Finding, ...]]] = {
    joint: tuple(
        finding
        for finding in FINDINGS
        if any((t.finding, t.joint) == (finding, joint) for t in TARGETS)
    )
    for joint in POINTS
}
"""What each joint is scored for."""

BOXES: Final[Mapping[str, tuple[int, int]]] = {target.joint: target.box for target in TARGETS}

MARGIN: Final = 70
"""Surroundings of a box in pixels at the common scale, for turning and shifting it."""

SYMMETRY: Final = 0.6
"""Chance that the other hand's joint is non-intact where this one is; a choice."""

_WHITE: Final = 65535

# What counts as changed by a lesion: a change of this share of the patch's contrast, after a blur
# over which the slight warp that lesions and look-alikes both get averages out.
_CHANGE: Final = 0.15
_CHANGE_BLUR: Final = 5.0

_PLAIN: Final = 3
"""From this grade on nobody overlooks a lesion."""

# Spread of the detector's errors: positions in pixels at the common scale (about 4 % of a
# proximal phalanx in two dimensions), degrees and scale of the hand's frame.
_SHIFT: Final = 12.0
_LARGEST_SHIFT: Final = 30.0
_DEGREES: Final = 5.0
_SCALE: Final = 0.06


@dataclass(frozen=True, slots=True)
class IntactHand:
    """The joints of a hand, without damage unless grades say so.

    Attributes:
        image: File name of its radiograph.
        side: Left or right.
        regions: For each joint uint16 of shape (box height + 2 MARGIN, box width + 2 MARGIN),
            canonical view, the joint in the middle.
        grades: Of a labelled hand, by joint what it was graded for.
    """

    image: str
    side: Side
    regions: Mapping[str, NDArray[np.uint16]]
    grades: Mapping[str, Grades] = field(default_factory=dict)


def read_hands(annotations: Path, images: Path, names: Path | None = None) -> list[IntactHand]:
    """Read annotated radiographs of intact hands.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`.
        images: Folder of the radiographs.
        names: What the points are called there; None if by their own names.

    Raises:
        DocumentError: The annotations cannot be used.
        RadiographError: A radiograph cannot be read.
    """
    hands = []
    pictures: dict[str, Array] = {}
    for hand in read_checked(annotations, images, names):
        if hand.image not in pictures:
            pictures[hand.image] = read(images / hand.image).pixels
        regions = cut(pictures[hand.image], hand.positions(), mirror=hand.side == "right")
        hands.append(IntactHand(hand.image, hand.side, regions))
    return hands


def graded(hands: Iterable[IntactHand], labels: Iterable[LabelledJoint]) -> list[IntactHand]:
    """Hands with the grades that a cohort's labels give them."""
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
            phantom = draw_phantom(seed, side=side)
            positions = np.array([phantom.points[joint] for joint in POINTS])
            regions = cut(phantom.pixels, positions, mirror=side == "right")
            hands.append(IntactHand(f"phantom {seed}", side, regions))
    return hands


def cut(
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
        regions[joint] = _as_uint16(view)
    return regions


def common_frame(positions: NDArray[np.float64], *, mirror: bool) -> Affine:
    """The map from a hand's canonical view at the common scale to the picture.

    Args:
        positions: Of `joints.POINTS` in the picture's pixels, shape (22, 2), NaN where there is
            none.
        mirror: Whether the thumb is on the left once the fingers are up.
    """
    known = np.isfinite(positions).all(axis=1)
    frame = fit_similarity(TEMPLATE[known], positions[known], mirror=mirror)
    canonical = dict(zip(POINTS, frame.inverse()(positions), strict=True))
    length = np.nanmedian(
        [np.hypot(*(canonical[f"PIP{i}"] - canonical[f"MCP{i}"])) for i in range(2, 6)]
    )
    return frame.after(similarity(scale=float(length) / COMMON_PHALANX))


def partner(hand: IntactHand, hands: Iterable[IntactHand]) -> IntactHand | None:
    """The other hand of the same radiograph, if it shows one."""
    return next((o for o in hands if o.image == hand.image and o.side != hand.side), None)


def draw_grades(
    joint: str, rng: np.random.Generator, *, plain: bool = False
) -> tuple[dict[Finding, int], ...]:
    """Grades of both hands' joint, half of them 0, alike in the two hands by `SYMMETRY`.

    Args:
        joint: The joint.
        rng: Decides.
        plain: Whether plain lesions come oftener than slight ones; else all grades alike often.
    """
    pair: tuple[dict[Finding, int], ...] = ({}, {})
    for finding in SCORED[joint]:
        damaged = rng.random() < 0.5
        alike = rng.random() < SYMMETRY
        for grades, is_damaged in zip(pair, (damaged, damaged == alike), strict=True):
            weights = np.array([min(g, _PLAIN) if plain else 1 for g in GRADES[finding]])
            drawn = int(rng.choice(GRADES[finding], p=weights / weights.sum()))
            grades[finding] = drawn if is_damaged else 0
    for grades in pair:
        # The worst erosion takes the joint space with it.
        if grades.get("erosion") == max(GRADES["erosion"]) and grades.get("jsn") == 0:
            grades["jsn"] = int(rng.choice(GRADES["jsn"]))
    return pair


@dataclass(frozen=True, slots=True)
class Drawn:
    """A patch and where it was damaged.

    Attributes:
        pixels: uint16, shape (box height, box width).
        damage: For each finding put in, bool of the same shape.
    """

    pixels: NDArray[np.uint16]
    damage: Mapping[Finding, NDArray[np.bool_]]


def draw(
    hand: IntactHand,
    joint: str,
    grades: Grades,
    rng: np.random.Generator,
    *,
    vary: bool,
    touch: bool = True,
) -> Drawn:
    """Draw a patch of one joint as the detector might have had it cut.

    Args:
        hand: An intact hand.
        joint: The joint.
        grades: Grades of the lesions to put in; 0 for none.
        rng: Decides all that is left to chance.
        vary: Whether to bend it slightly and change its exposure, sharpness and noise too.
        touch: Whether an intact joint may be given harmless look-alikes.
    """
    region = hand.regions[joint].astype(np.float32) / np.float32(_WHITE)
    inner = (slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN))
    lesions = [(finding, grade) for finding, grade in grades.items() if grade]
    if touch and rng.random() < (0.3 if lesions else 0.6):
        region[inner] = decoy(region[inner], rng, joint=joint)
    # Bone ends are drawn together first: an erosion is seen at the joint as it has become.
    damage = {}
    for finding, grade in sorted(lesions, reverse=True):
        before = region[inner].copy()
        region[inner] = implant(before, finding, grade, rng, joint=joint)
        damage[finding] = np.zeros_like(region)
        damage[finding][inner] = _changed(before, region[inner])
    to_region = _off(region, BOXES[joint], rng)
    places = {
        finding: sample(mask, to_region, BOXES[joint]) > 0.5 for finding, mask in damage.items()
    }
    if not vary:
        return Drawn(_as_uint16(sample(region, to_region, BOXES[joint])), places)
    view = _expose(_bent(region, to_region, BOXES[joint], rng), rng)
    return Drawn(_as_uint16(view), places)


def _changed(before: Array, after: Array) -> Array:
    """1 where a lesion changed a patch, 0 where its bones were only shifted a little."""
    change = np.abs(cv2.GaussianBlur(after - before, (0, 0), _CHANGE_BLUR))
    contrast = float(np.ptp(np.percentile(before[::4, ::4], [5, 95])))
    return np.asarray(change > _CHANGE * contrast, dtype=np.float32)


def _off(region: Array, box: tuple[int, int], rng: np.random.Generator) -> Affine:
    """The map from a box to a region that has it in its middle, off by the detector's errors."""
    width, height = box
    x, y = np.clip(rng.normal(0, _SHIFT, 2), -_LARGEST_SHIFT, _LARGEST_SHIFT)
    middle = similarity(x=(region.shape[1] - 1) / 2 + x, y=(region.shape[0] - 1) / 2 + y)
    turn = similarity(
        scale=1 + rng.uniform(-_SCALE, _SCALE), degrees=rng.uniform(-_DEGREES, _DEGREES)
    )
    return middle.after(turn).after(similarity(x=-(width - 1) / 2, y=-(height - 1) / 2))


def _bent(
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


def _expose(view: Array, rng: np.random.Generator) -> Array:
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
        # Grain of the film: as coarse as the pixels of a radiograph are at the common scale.
        grain = rng.standard_normal((height // 2, width // 2), dtype=np.float32)
        grain = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
        view = view + np.float32(rng.uniform(0, 0.05)) * grain
    low, high = float(view.min()), float(view.max())
    return np.asarray((view - low) / max(high - low, 1e-3), dtype=np.float32)


def _as_uint16(view: Array) -> NDArray[np.uint16]:
    return np.rint(np.clip(view, 0, 1) * _WHITE).astype(np.uint16)
