"""Harmless changes of an intact joint that a classifier must not take for lesions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.synthetic.erosion import carve
from sharp_cli.synthetic.joint_anatomy import (
    bump,
    edge_sites,
    find_anatomy,
    inside_bone,
    rotated,
)
from sharp_cli.synthetic.warping import slight_warp, warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy

    Array = NDArray[np.float32]


def add_look_alikes(
    pixels: NDArray[np.float32], seed: int | np.random.Generator, *, joint: str
) -> NDArray[np.float32]:
    """A copy of a patch of an intact joint with harmless look-alikes, resampled as lesions are.

    The joint is shifted by a smooth warp, its space as wide as before. A cyst inside the bone, a
    bony spur, a vessel's channel and a blob of other brightness are each added by chance.

    Args:
        pixels: See `lesions.implant`.
        seed: See `lesions.implant`.
        joint: Name of the joint.

    Returns:
        float32, shape (H, W), 0 to 1.

    Raises:
        UsageError: There is no such joint.
    """
    rng = np.random.default_rng(seed)
    anatomy = find_anatomy(pixels, joint)
    x, y = anatomy.grid()
    size = rng.normal(0, 0.5)
    weight = bump(np.hypot(x, y) / 11)
    along = [np.float32(size * part) * weight for part in anatomy.across]
    shift = slight_warp(anatomy, rng)
    out = warp(pixels, anatomy, (shift[0] + along[0], shift[1] + along[1]))
    anatomy = find_anatomy(out, joint)
    soft, bone = anatomy.tissue_levels()
    for chance, change in ((0.35, _cyst), (0.3, _spur), (0.3, _channel)):
        if rng.random() < chance:
            out = change(out, anatomy, rng)
    if rng.random() < 0.5:
        place = rng.uniform(-8, 8, 2)
        spread = rng.uniform(2, 6)
        blob = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * spread**2))
        out = out + np.float32(rng.normal(0, 0.08) * (bone - soft)) * blob.astype(np.float32)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _cyst(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """A small round hole with a thin rim, inside a bone, its cortex intact."""
    radius = rng.uniform(0.5, 1.3)
    place = inside_bone(anatomy, rng, radius + 1.2)
    dark, bright = anatomy.tissue_levels()
    soft = float(anatomy.brightness(place)) - (bright - dark) * rng.uniform(0.3, 0.6)
    return carve(
        pixels,
        anatomy,
        rng,
        centre=place,
        axis=rotated(np.array([1.0, 0.0]), rng.uniform(0, np.pi)),
        radii=(radius, radius * rng.uniform(0.8, 1.0)),
        soft=soft,
        strength=rng.uniform(0.3, 0.7),
        rim=rng.uniform(0.05, 0.3),
    )


def _spur(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """A bright spot on a bone's edge, as an osteophyte makes."""
    for site in edge_sites(anatomy, rng, 1):
        centre = site.position + site.outwards * rng.uniform(0.0, 0.6)
        bone = np.float32(anatomy.brightness(site.position - site.outwards * 1.2))
        first, second = _along(anatomy, centre, site.outwards)
        radius = np.hypot(first / rng.uniform(0.8, 1.8), second / rng.uniform(1.0, 2.2))
        gain = np.float32(rng.uniform(0.4, 0.9)) * np.maximum(bone - pixels, 0)
        return np.asarray(pixels + gain * bump(radius), dtype=np.float32)
    return pixels


def _channel(pixels: Array, anatomy: JointAnatomy, rng: np.random.Generator) -> Array:
    """A thin, slightly bent dark line in a bone, as a vessel's channel makes."""
    place = inside_bone(anatomy, rng, 1.5)
    axis = rotated(np.array([1.0, 0.0]), rng.uniform(0, np.pi))
    soft, bone = anatomy.tissue_levels()
    u, v = _along(anatomy, place, axis)
    v = v + u * u * np.float32(rng.normal(0, 0.08))
    line = np.exp(-((v / np.float32(rng.uniform(0.15, 0.3))) ** 2))
    line = line * bump(u / np.float32(rng.uniform(1.5, 3.5)))
    depth = np.float32((bone - soft) * rng.uniform(0.08, 0.25))
    return np.asarray(pixels - depth * line, dtype=np.float32)


def _along(
    anatomy: JointAnatomy, centre: NDArray[np.float64], axis: NDArray[np.float64]
) -> tuple[Array, Array]:
    """Position of each pixel along an axis through `centre`, and across it, in mm."""
    x, y = anatomy.grid()
    dx, dy = x - np.float32(centre[0]), y - np.float32(centre[1])
    ax, ay = np.float32(axis[0]), np.float32(axis[1])
    return dx * ax + dy * ay, dx * ay - dy * ax
