"""Joint space narrowing: bone ends drawn together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.joints import GRADES
from sharp_cli.synthetic.joint_anatomy import bump, joint_kind, joint_space
from sharp_cli.synthetic.warping import warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy

    Array = NDArray[np.float32]

NORMAL_GAP: Final = {"IP": 1.1, "PIP": 1.1, "MCP": 1.6, "CMC": 1.3}
"""Width of an adult's joint space in mm, by kind of joint."""

NORMAL_WRIST_GAP: Final = 1.7
"""The same in the wrist. In children part of the gap is cartilage that has yet to
turn into bone: that excess goes first, and the loss is counted from the adult's width."""

REMAINING_GAP: Final = {1: (0.6, 0.78), 2: (0.5, 0.62), 3: (0.12, 0.42), 4: (0.0, 0.06)}
"""Fraction of the joint space that remains, by grade: from, to."""


def narrow(
    pixels: NDArray[np.float32],
    anatomy: JointAnatomy,
    grade: int,
    rng: np.random.Generator,
    shift: tuple[Array, Array],
) -> Array:
    """A copy of a patch with its bone ends drawn together, fused where the space is lost.

    Args:
        pixels: The patch, shape (H, W), 0 to 1, bones bright.
        anatomy: What was found in it.
        grade: SHS grade, 1 to 4.
        rng: Decides how much is lost, where and how it looks.
        shift: A warp applied with it, as `warping.slight_warp` gives it.
    """
    space = joint_space(anatomy)
    normal = NORMAL_GAP.get(joint_kind(anatomy.joint), NORMAL_WRIST_GAP)
    left = np.full(len(space.along), rng.uniform(*REMAINING_GAP[grade]))
    slope = np.clip(space.along / rng.uniform(3, 6), -1, 1) * rng.choice([-1, 1])
    if grade == 1 and rng.random() < 0.5:  # focal: one side of the joint only
        left = 1 - (1 - left + 0.12) * (0.5 + 0.5 * slope)
    elif grade < max(GRADES["jsn"]):
        left = np.clip(left * (1 - 0.15 * slope), 0, 1)
    excess = np.maximum(space.half - normal / 2, 0)
    new_half = (space.half - excess) * left + excess * np.clip(3 * left - 2, 0, 1)
    x, y = anatomy.grid()
    line, across = anatomy.line.astype(np.float32), anatomy.across.astype(np.float32)
    s, t = x * line[0] + y * line[1], x * across[0] + y * across[1]
    columns = (s - np.float32(space.along[0])) * 4
    table = np.stack([space.half, new_half, space.middle], axis=-1).astype(np.float32)[None]
    zero = np.zeros_like(columns)
    found = cv2.remap(table, columns, zero, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    half, shut, middle = cv2.split(found)
    # The bones keep their shape near the joint, and stay where they are at the patch's border.
    aside = bump(np.clip((np.abs(s) - 6) / 6, 0, None))
    shut = half + (shut - half) * aside
    off = t - middle
    beyond = np.abs(off) - shut
    stretched = np.abs(off) * (half / np.maximum(shut, 0.02) - 1)
    pulled = np.where(beyond > 0, (half - shut) * bump(beyond / 10), stretched)
    pulled = np.minimum(pulled, half - shut) * np.sign(off)
    out = warp(pixels, anatomy, (shift[0] + pulled * across[0], shift[1] + pulled * across[1]))
    # A space this narrow is no longer seen through by the whole beam.
    loss = np.clip(1 - shut / np.minimum(half, normal / 2), 0, 1)
    fused = grade == max(GRADES["jsn"]) and rng.random() < 0.6
    strength = 0.9 if fused else 0.45
    thickness = shut + (0.7 if fused else 0.25)
    veil = strength * loss**2 * aside * bump(off / (2 * thickness)) * bump(s / 9)
    wide = 2 * round(2 * anatomy.scale) + 1
    around = cv2.blur(out, (wide, wide))
    local = cv2.GaussianBlur(out, (0, 0), 0.25 * anatomy.scale)
    fill = around - local
    fill = fill if fused else np.maximum(fill, 0)
    seam = loss * bump(off / (2 * shut + 0.6))
    out = out + veil * fill + 0.5 * seam * (local - out)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)
