"""Adults' joints from children's: growth plates closed, spaces as wide as an adult's, bone of age.

The radiographs that lesions are put into are of young people. What distinguishes their joints
from an adult's must not be what a classifier takes for health.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.synthetic.joint_anatomy import bump, find_anatomy, joint_space
from sharp_cli.synthetic.narrowing import draw_together, normal_gap
from sharp_cli.synthetic.warping import slight_warp, warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy

    Array = NDArray[np.float32]

GAP_SPREAD: Final = 0.13
"""Spread of the logarithm of healthy adults' space widths about the mean of a joint; a choice.

Men's PIP spaces are 15 % wider than women's, and both narrow with age (Pfeil et al., Acad Radiol
2007;14:594-602)."""

GAP_RANGE: Final = (0.72, 1.35)
"""Narrowest and widest healthy space of an adult, as a multiple of the mean; a choice."""

_JOINT_SPREAD: Final = 0.06
"""The same spread between the joints of one person; a choice."""

_PLATE_MM: Final = (2.2, 3.0)
"""Dark slits narrower than this across the bone are growth plates: from, to."""

_SCLEROTIC: Final = 0.2
"""How often bone below the joint surface is denser, as in osteoarthritis."""


def random_gap(rng: np.random.Generator) -> float:
    """How wide a healthy adult's joint spaces are, as a multiple of the mean."""
    return float(np.clip(np.exp(rng.normal(0, GAP_SPREAD)), *GAP_RANGE))


def grow_up(
    pixels: NDArray[np.float32], rng: np.random.Generator, *, joint: str, gap: float
) -> NDArray[np.float32]:
    """A copy of a patch of a young person's intact joint as an adult might have it.

    Args:
        pixels: See `lesions.implant`.
        rng: Decides what differs from adult to adult.
        joint: Name of the joint.
        gap: Width of this adult's joint spaces as a multiple of the mean, see `random_gap`.

    Returns:
        float32, shape (H, W), 0 to 1.

    Raises:
        UsageError: There is no such joint.
    """
    anatomy = find_anatomy(pixels, joint)
    shift = slight_warp(anatomy, rng)
    if anatomy.has_line:
        space = joint_space(anatomy)
        goal = normal_gap(joint) * gap * np.exp(rng.normal(0, _JOINT_SPREAD)) / 2
        slope = 1 + rng.normal(0, _JOINT_SPREAD) * space.along / 6
        # The joint keeps its own relief while its mean goes down to the goal.
        scaled = space.half * min(goal / float(np.median(space.half)), 1.0) * slope
        wide = space.half > goal
        new_half = np.where(wide, (scaled + goal * slope) / 2, space.half)
        out = draw_together(pixels, anatomy, space, np.minimum(new_half, space.half), shift).pixels
    else:
        out = warp(pixels, anatomy, shift)
    anatomy = find_anatomy(out, joint)
    out = _close_growth_plates(out, anatomy, rng)
    out = _age(out, anatomy, rng)
    if anatomy.has_line and rng.random() < _SCLEROTIC:
        out = _add_sclerosis(out, anatomy, rng)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _distance_from_space(anatomy: JointAnatomy) -> tuple[Array, Array]:
    """Of each pixel: position along the joint line, and distance from the joint surface, in mm."""
    space = joint_space(anatomy)
    x, y = anatomy.grid()
    line, across = anatomy.line, anatomy.across
    s, t = x * line[0] + y * line[1], x * across[0] + y * across[1]
    middle = np.interp(s.ravel(), space.along, space.middle).reshape(s.shape)
    half = np.interp(s.ravel(), space.along, space.half).reshape(s.shape)
    return s.astype(np.float32), (np.abs(t - middle) - half).astype(np.float32)


def _close_growth_plates(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """Fill dark slits that run along the joint line through bone, away from the joint space."""
    half_scale = anatomy.scale / 2
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.12 * half_scale)
    reach = round(rng.uniform(*_PLATE_MM) * half_scale / 2)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    axis = anatomy.across if anatomy.has_line else np.array([0.0, -1.0])
    ends = [[round(float(reach + sign * reach * part)) for part in axis] for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
    soft, bone = anatomy.tissue_levels()
    contrast = max(bone - soft, 1e-3)
    filled = np.maximum(closed - small - 0.04 * contrast, 0)
    filled = filled * np.clip((closed - soft) / (0.4 * contrast) - 0.3, 0, 1)  # in bone alone
    filled = cv2.GaussianBlur(filled, (0, 0), 0.1 * half_scale)
    filled = cv2.resize(filled, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
    if anatomy.has_line:
        _, distance = _distance_from_space(anatomy)
        filled = filled * np.clip((distance - 0.9) / 0.8, 0, 1)
    out = pixels + np.float32(rng.uniform(0.7, 1.1)) * filled
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _age(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """Change the contrast of cortices and trabeculae, and the density of bone beside the joint."""
    fine = cv2.GaussianBlur(pixels, (0, 0), 0.15 * anatomy.scale)
    coarse = cv2.GaussianBlur(pixels, (0, 0), 0.6 * anatomy.scale)
    out = pixels + np.float32(rng.normal(0, 0.25)) * (fine - coarse)
    out = out + np.float32(rng.normal(0, 0.3)) * (pixels - fine)
    if rng.random() < 0.35:
        soft, _ = anatomy.tissue_levels()
        x, y = anatomy.grid()
        near = bump(np.hypot(x, y) / np.float32(rng.uniform(7, 14)))
        out = out + np.float32(rng.normal(0, 0.12)) * near * np.maximum(coarse - soft, 0)
    return np.asarray(out, dtype=np.float32)


def _add_sclerosis(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """An even bright band below the joint surface."""
    along, depth = _distance_from_space(anatomy)
    soft, bone = anatomy.tissue_levels()
    middle = np.float32(rng.uniform(0.4, 1.2))
    band = np.exp(-(((depth - middle) / middle) ** 2)) * bump(along / 9) * (depth > 0)
    return np.asarray(
        pixels + np.float32(rng.uniform(0.08, 0.3) * (bone - soft)) * band, np.float32
    )
