"""Bones that overlap a sound joint of an adult in the picture: rims of bases, sesamoid bones.

The rim of the distal bone's base reaches over the head of the proximal bone where a finger is
slightly bent, or where the beam does not go through the joint space. Young people's radiographs
show it rarely, and their sesamoid bones are cartilage. What is not cited is a choice, by eye, on
radiographs of adults' hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.synthetic.joint_anatomy import bump, find_anatomy, joint_kind, joint_space
from sharp_cli.synthetic.warping import smooth_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy

    Array = NDArray[np.float32]

OVERLAPPING: Final = 0.3
"""How often the bones of a finger's joint overlap."""

_HALF_WIDTH: Final = {"MCP": 7.5, "PIP": 6.0, "IP": 6.5}
"""Of the base of the distal bone in mm, by kind of joint."""

_REACH: Final = (-0.6, 2.6)
"""How far its rim reaches beyond the joint space in mm: from, to."""

SESAMOIDS: Final = {"MCP1": (0.999, 0.996), "MCP2": (0.4,), "MCP5": (0.628,), "IP": (0.478,)}
"""How often radiographs of adults show each sesamoid bone of a joint (Yammine, Clin Anat
2014;27:1291-303)."""

_SEEN: Final = 0.7
"""How often a sesamoid bone stands out from the bones beside it."""


def random_overlap(pixels: Array, rng: np.random.Generator, *, joint: str) -> Array:
    """What the shadows of overlapping bones add to a patch, by chance nothing.

    They are to be added last, after lesions: what is behind them shows through.

    Args:
        pixels: See `lesions.implant`.
        rng: Decides what overlaps, how far and how densely.
        joint: Name of the joint.

    Returns:
        float32, shape (H, W).

    Raises:
        UsageError: There is no such joint.
    """
    anatomy = find_anatomy(pixels, joint)
    added = np.zeros_like(pixels)
    if joint_kind(joint) in _HALF_WIDTH and rng.random() < OVERLAPPING:
        added += _rim(pixels, anatomy, rng)
    for frequency in SESAMOIDS.get(joint, ()):
        if rng.random() < frequency * _SEEN:
            added += _sesamoid(anatomy, rng)
    return added


def _rim(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """The rim of the distal bone, over the joint space and the head of the proximal one."""
    space = joint_space(anatomy)
    width = np.float32(_HALF_WIDTH[joint_kind(anatomy.joint)] * rng.uniform(0.9, 1.1))
    along, across = _frame(anatomy)
    wall = np.interp(along.ravel(), space.along, space.middle + space.half)
    # How far a place is from the distal bone's joint surface, towards the proximal bone.
    depth = wall.reshape(along.shape).astype(np.float32) - across
    sides = np.clip(1 - (along / width) ** 2, 0, 1)
    farthest = np.float32(2 * np.median(space.half) + rng.uniform(*_REACH))
    reach = farthest * sides ** np.float32(rng.uniform(0.4, 1.0))
    reach = reach + np.float32(rng.normal(0, 0.04)) * along * (sides > 0)
    blur = np.float32(rng.uniform(0.15, 0.35))
    inside = np.clip((reach - depth) / blur, 0, 1) * np.clip((depth + 1.2) / 1.2, 0, 1)
    cortex = np.exp(-(((depth - reach + blur) / np.float32(rng.uniform(0.2, 0.4))) ** 2)) * inside
    soft, bone = anatomy.tissue_levels()
    texture = _moved(pixels, anatomy, rng.uniform(3.0, 4.5))  # that of the bone it belongs to
    thickness = np.clip((texture - soft) / max(bone - soft, 1e-3), 0, 1.2)
    shadow = rng.uniform(0.3, 0.85) * thickness * inside
    shadow += rng.uniform(0.05, 0.3) * cortex * bump(along / (1.2 * width))
    return np.asarray((bone - soft) * shadow, dtype=np.float32)


def _sesamoid(anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """A small oval bone beside or over the head of the proximal bone."""
    along, across = _frame(anatomy)
    place = rng.choice([-1, 1]) * rng.uniform(1.5, 9.0), rng.uniform(-6.5, -2.0)
    angle = rng.uniform(0, np.pi)
    u, v = along - np.float32(place[0]), across - anatomy.offset - np.float32(place[1])
    first = (u * np.cos(angle) + v * np.sin(angle)) / rng.uniform(1.6, 3.4)
    second = (v * np.cos(angle) - u * np.sin(angle)) / rng.uniform(1.4, 2.6)
    radius = np.hypot(first, second) + np.float32(0.06) * smooth_noise(rng, 6, anatomy.size)
    blur = rng.uniform(0.1, 0.25)
    inside = np.clip((1 - radius) / blur, 0, 1)
    cortex = np.exp(-(((radius - 1 + blur) / 0.12) ** 2)) * inside
    grain = 1 + np.float32(rng.uniform(0, 0.25)) * smooth_noise(rng, 40, anatomy.size)
    soft, bone = anatomy.tissue_levels()
    shadow = rng.uniform(0.15, 0.6) * inside * grain + rng.uniform(0.05, 0.25) * cortex
    return np.asarray((bone - soft) * np.maximum(shadow, 0), dtype=np.float32)


def _frame(anatomy: JointAnatomy) -> tuple[Array, Array]:
    """Position of each pixel along the joint line and across it, in mm."""
    x, y = anatomy.grid()
    line, across = (axis.astype(np.float32) for axis in (anatomy.line, anatomy.across))
    return x * line[0] + y * line[1], x * across[0] + y * across[1]


def _moved(pixels: Array, anatomy: JointAnatomy, distance: float) -> Array:
    """The patch, moved proximally by some mm."""
    step = np.float32(distance * anatomy.scale) * anatomy.across.astype(np.float32)
    columns, rows = np.meshgrid(*(np.arange(size, dtype=np.float32) for size in anatomy.size))
    out = cv2.remap(
        pixels, columns + step[0], rows + step[1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(out, dtype=np.float32)
