"""Erosions: bone taken away at a joint's margin.

There are two techniques, so that a classifier cannot learn how one of them looks: `carve` takes
brightness away in a blob, `indent` pushes the bone's edge inwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.joints import GRADES
from sharp_cli.synthetic.joint_anatomy import edge_sites, joint_kind, rotated
from sharp_cli.synthetic.warping import smooth_noise, warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import EdgeSite, JointAnatomy

    Array = NDArray[np.float32]

_DEPTHS: Final = {1: (1.1, 1.7), 2: (1.7, 2.8), 3: (2.8, 6.5), 4: (3.5, 6.5), 5: (4.5, 7.0)}
"""Depth of the largest erosion in mm, by grade: from, to. A metacarpal's middle is at about 6."""

_SIZES: Final = {"IP": 0.85, "PIP": 0.8, "radius": 1.3}
"""Depth of erosions in bones smaller or larger than a metacarpal's head, as a multiple."""

_ROUGH: Final = ((0.22, 5), (0.1, 11), (0.06, 23))
"""How ragged an erosion's outline is: fractions of its radius, and the waves across it."""

_COUNTS: Final = {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 4), 5: (4, 6)}
"""Number of erosions, by grade: from, to."""

_INDENTED: Final = 0.5
"""How often, where the technique is varied, an erosion is indented."""


def erode(
    pixels: Array,
    anatomy: JointAnatomy,
    grade: int,
    rng: np.random.Generator,
    site_rng: np.random.Generator,
    *,
    varied: bool = False,
) -> Array:
    """A copy of a patch with erosions of one grade at the joint's margin.

    Args:
        pixels: The patch, shape (H, W), 0 to 1, bones bright.
        anatomy: What was found in it.
        grade: SHS grade, 1 to 5.
        rng: Decides number, size and shape.
        site_rng: Decides where.
        varied: Whether some are indented; else all are carved.
    """
    out = pixels
    low, high = _COUNTS[grade]
    size = _SIZES.get(joint_kind(anatomy.joint), 1.0)
    count = int(rng.integers(low, high + 1))
    sites = edge_sites(anatomy, site_rng, count, anywhere=grade == max(GRADES["erosion"]))
    for order, site in enumerate(sites):
        depth = size * rng.uniform(*_DEPTHS[grade]) * (1 if order == 0 else rng.uniform(0.4, 0.85))
        if varied and rng.random() < _INDENTED:
            strength = _strength(grade, rng)
            out = indent(out, anatomy, rng, site=site, depth=depth, strength=strength)
            continue
        width = depth * rng.uniform(0.55, 0.9)
        centre = site.position - site.outwards * depth * rng.uniform(0.2, 0.35)
        strength = _strength(grade, rng)
        rim = rng.uniform(0.1, 0.4) if rng.random() < 0.35 else 0.0
        out = carve(
            out,
            anatomy,
            rng,
            centre=centre,
            axis=rotated(site.outwards, rng.normal(0, 0.25)),
            radii=(depth * 0.75, width),
            soft=site.soft,
            strength=strength,
            rim=rim,
        )
    return out


def _strength(grade: int, rng: np.random.Generator) -> float:
    """Fraction of bone taken away: seen from the front, an erosion has bone before and behind."""
    return float(min(rng.uniform(0.45, 0.9) + 0.03 * grade, 0.95))


def indent(
    pixels: Array,
    anatomy: JointAnatomy,
    rng: np.random.Generator,
    *,
    site: EdgeSite,
    depth: float,
    strength: float,
) -> Array:
    """A copy of a patch whose bone has a notch: the edge is pushed in, and its cortex with it.

    Args:
        pixels: The patch, shape (H, W), 0 to 1.
        anatomy: What was found in it.
        rng: Decides the notch's width and outline.
        site: Where on the bone's edge.
        depth: In mm.
        strength: Fraction of the bone taken away.
    """
    x, y = anatomy.grid()
    (out_x, out_y), start = site.outwards.astype(np.float32), site.position + 0.3 * site.outwards
    dx, dy = x - np.float32(start[0]), y - np.float32(start[1])
    width = np.float32(depth * rng.uniform(0.5, 1.0))
    inwards = -(dx * out_x + dy * out_y)
    sideways = dx * out_y - dy * out_x + 0.25 * width * smooth_noise(rng, 5, anatomy.size)
    reach = (
        0.75
        * np.float32(depth)
        * np.clip(1 - (sideways / width) ** 2, 0, 1) ** np.float32(rng.uniform(0.6, 1.5))
    )
    reach = reach * (1 + 0.2 * smooth_noise(rng, 9, anatomy.size))
    # Deeper in the bone the warp fades, and outside it nothing moves.
    fade = np.clip(1 - np.maximum(inwards - reach, 0) / (1.2 * np.maximum(reach, 0.3)), 0, 1)
    pull = reach * fade * np.clip(inwards + 2.2, 0, 1)
    notched = warp(pixels, anatomy, (pull * out_x, pull * out_y))
    soft = np.float32(site.soft)
    if rng.random() < 0.5:  # the cortex is lost, not pushed in
        inside = np.clip((reach - inwards) / np.float32(rng.uniform(0.5, 1.5)) + 0.5, 0, 1)
        inside = 0.8 * inside * (reach > 0.15) * np.clip((inwards + 0.8) / 0.6, 0, 1)
        grain = pixels - cv2.GaussianBlur(pixels, (0, 0), 0.4 * anatomy.scale)
        notched = notched + inside * (soft + 0.7 * grain - notched)
    # It is no darker than the soft tissue beside the joint, but for the noise.
    floor = np.minimum(pixels, soft) + 0.3 * np.minimum(notched - soft, 0)
    out = pixels + np.float32(strength) * (np.maximum(notched, floor) - pixels)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def carve(
    pixels: Array,
    anatomy: JointAnatomy,
    rng: np.random.Generator,
    *,
    centre: NDArray[np.float64],
    axis: NDArray[np.float64],
    radii: tuple[float, float],
    soft: float,
    strength: float,
    rim: float,
) -> Array:
    """A copy of a patch without bone in an irregular blob, down to the brightness `soft`.

    Args:
        pixels: The patch, shape (H, W), 0 to 1.
        anatomy: What was found in it.
        rng: Decides the blob's outline.
        centre: Of the blob, in mm.
        axis: Unit vector of its first radius.
        radii: In mm.
        soft: Brightness of what is under the bone.
        strength: Fraction of the bone taken away.
        rim: Brightness of a sclerotic rim, as a fraction of the bone's over `soft`.
    """
    reach = max(radii) * 1.7 + 0.8
    width, height = anatomy.size
    middle = centre * anatomy.scale + [(width - 1) / 2, (height - 1) / 2]
    ends = np.stack([middle - reach * anatomy.scale, middle + reach * anatomy.scale])
    (left, top), (right, bottom) = np.clip(np.rint(ends).astype(int), 0, [width, height])
    if right - left < 2 or bottom - top < 2:
        return pixels
    x, y = anatomy.grid()
    dx, dy = x[:, left:right] - centre[0], y[top:bottom] - centre[1]
    first = (dx * axis[0] + dy * axis[1]) / radii[0]
    second = (dx * axis[1] - dy * axis[0]) / radii[1]
    size = (int(right - left), int(bottom - top))
    rough = sum(part * smooth_noise(rng, cells, size) for part, cells in _ROUGH)
    depth = 1 - np.hypot(first, second) + rough  # 0 at the outline, positive inside
    # The bowl's wall slopes, and some bone in front of it and behind it is left.
    slope = np.clip(rng.uniform(0.3, 1.6) / min(radii), 0.2, 0.9)
    mask = np.clip(depth / slope + 0.3, 0, 1)
    mask = mask * mask * (3 - 2 * mask)
    mask = mask * np.clip(1 - 0.25 * np.abs(smooth_noise(rng, 7, size)), 0.3, 1)
    view = pixels[top:bottom, left:right]
    # What is finer than the structure of bone is noise, and stays.
    over = np.maximum(cv2.GaussianBlur(view, (0, 0), max(0.08 * anatomy.scale, 0.5)) - soft, 0)
    # Soft tissue beside the bone is a little brighter or darker than `soft`, and stays.
    threshold = 0.15 * float(np.percentile(over[::4, ::4], 90))
    change = -strength * mask * np.maximum(over - threshold, 0)
    if rim:
        # Sclerosis is nowhere a closed ring.
        uneven = np.clip(0.5 + 0.6 * smooth_noise(rng, 4, size), 0, 1.3)
        change = change + rim * uneven * over * np.exp(-(((depth + 0.25) / 0.25) ** 2))
    out = pixels.copy()
    out[top:bottom, left:right] = np.clip(view + change, 0, 1)
    return out
