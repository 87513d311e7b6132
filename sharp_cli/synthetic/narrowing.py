"""Joint space narrowing: bone ends drawn together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli.core.joints import GRADES
from sharp_cli.synthetic.joint_anatomy import bump, joint_kind, joint_space
from sharp_cli.synthetic.warping import warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy, Space

    Array = NDArray[np.float32]

NORMAL_GAP: Final = {"IP": 1.1, "PIP": 1.1, "MCP": 1.6, "CMC": 1.3}
"""Mean width of a healthy adult's joint space in mm, by kind of joint, where the proximal phalanges
are 40 mm long.

Finger joints average 1.6 mm (Angwin et al., J Rheumatol 2001;28:1825-36: 0.11 mm is 7 % of it), PIP
joints less than MCP joints; carpal and carpometacarpal spaces are 1 to 2 mm wide on PA radiographs
(Gilula, AJR 1979;133:503-17)."""

NORMAL_WRIST_GAP: Final = 1.7
"""The same in the wrist. In children part of the gap is cartilage that has yet to
turn into bone: that excess goes first, and the loss is counted from the adult's width."""

REMAINING_GAP: Final = {1: (0.6, 0.78), 2: (0.5, 0.62), 3: (0.12, 0.42), 4: (0.0, 0.06)}
"""Fraction of the joint space that remains, by grade: from, to."""

_SLID: Final = 0.5
"""How often, where the technique is varied, one bone slides over the other."""

_FUSED: Final = 0.6
"""How often the worst grade is a fusion; else bone lies on bone."""


def normal_gap(joint: str) -> float:
    """Mean width of a healthy adult's joint space in mm."""
    return NORMAL_GAP.get(joint_kind(joint), NORMAL_WRIST_GAP)


class Approach(NamedTuple):
    """A patch whose bone ends were drawn together, and where its space lies now.

    Attributes:
        pixels: The patch.
        along: Position of each pixel along the joint line in mm, shape (H, W); so are the others.
        across: Distance from the middle of the space in mm, distal positive.
        before: Half the width of the space that was there, in mm.
        after: Half the width that is left.
    """

    pixels: Array
    along: Array
    across: Array
    before: Array
    after: Array


def narrow(
    pixels: NDArray[np.float32],
    anatomy: JointAnatomy,
    grade: int,
    rng: np.random.Generator,
    shift: tuple[Array, Array],
    *,
    varied: bool = False,
) -> Array:
    """A copy of a patch with its joint space narrowed, fused where the space is lost.

    There are two techniques: both bone ends are drawn together by a warp, or one picture of the
    joint slides over another, as bones that approach do, and their shadows add up.

    Args:
        pixels: The patch, shape (H, W), 0 to 1, bones bright.
        anatomy: What was found in it.
        grade: SHS grade, 1 to 4.
        rng: Decides how much is lost, where and how it looks.
        shift: A warp applied with it, as `warping.slight_warp` gives it.
        varied: Whether the technique is a matter of chance; else it is the first.
    """
    technique = _slide_over if varied and rng.random() < _SLID else _draw_ends_together
    return technique(pixels, anatomy, grade, rng, shift)


def draw_together(
    pixels: NDArray[np.float32],
    anatomy: JointAnatomy,
    space: Space,
    new_half: NDArray[np.float64],
    shift: tuple[Array, Array],
) -> Approach:
    """Warp a patch until half the width of its joint space is `new_half` mm, column by column.

    Args:
        pixels: The patch, shape (H, W), 0 to 1.
        anatomy: What was found in it.
        space: Its joint space.
        new_half: No wider than `space.half`, of the same shape.
        shift: A warp applied with it, in mm.
    """
    s, t = _along_and_across(anatomy)
    columns = (s - np.float32(space.along[0])) * np.float32(1 / (space.along[1] - space.along[0]))
    table = np.stack([space.half, new_half, space.middle], axis=-1).astype(np.float32)[None]
    zero = np.zeros_like(columns)
    found = cv2.remap(table, columns, zero, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    half, shut, middle = cv2.split(found)
    # The bones keep their shape near the joint, and stay where they are at the patch's border.
    shut = half + (shut - half) * _near_joint(s)
    off = t - middle
    beyond = np.abs(off) - shut
    stretched = np.abs(off) * (half / np.maximum(shut, 0.02) - 1)
    pulled = np.where(beyond > 0, (half - shut) * bump(beyond / 10), stretched)
    pulled = np.minimum(pulled, half - shut) * np.sign(off)
    across = anatomy.across.astype(np.float32)
    out = warp(pixels, anatomy, (shift[0] + pulled * across[0], shift[1] + pulled * across[1]))
    return Approach(out, s, off, half, shut)


def _along_and_across(anatomy: JointAnatomy) -> tuple[Array, Array]:
    """Position of each pixel along the joint line and across it, in mm."""
    x, y = anatomy.grid()
    line, across = anatomy.line.astype(np.float32), anatomy.across.astype(np.float32)
    return x * line[0] + y * line[1], x * across[0] + y * across[1]


def _interpolated(along: Array, space: Space, values: NDArray[np.float64]) -> Array:
    """What is known column by column of a joint space, at every pixel."""
    found = np.interp(along.ravel(), space.along, values)
    return found.reshape(along.shape).astype(np.float32)


def _near_joint(along: Array) -> Array:
    """1 beside the joint, 0 far from it along the joint line."""
    return bump(np.clip((np.abs(along) - 6) / 6, 0, None))


def _remaining(space: Space, grade: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Fraction of a space that remains, column by column."""
    left = np.full(len(space.along), rng.uniform(*REMAINING_GAP[grade]))
    slope = np.clip(space.along / rng.uniform(3, 6), -1, 1) * rng.choice([-1, 1])
    if grade == 1 and rng.random() < 0.5:  # focal: one side of the joint only
        return np.asarray(1 - (1 - left + 0.12) * (0.5 + 0.5 * slope))
    return np.clip(left * (1 - 0.15 * slope), 0, 1) if grade < max(GRADES["jsn"]) else left


def _draw_ends_together(
    pixels: NDArray[np.float32],
    anatomy: JointAnatomy,
    grade: int,
    rng: np.random.Generator,
    shift: tuple[Array, Array],
) -> Array:
    space = joint_space(anatomy)
    normal = normal_gap(anatomy.joint)
    left = _remaining(space, grade, rng)
    excess = np.maximum(space.half - normal / 2, 0)
    new_half = (space.half - excess) * left + excess * np.clip(3 * left - 2, 0, 1)
    out, s, off, half, shut = draw_together(pixels, anatomy, space, new_half, shift)
    # A space this narrow is no longer seen through by the whole beam.
    loss = np.clip(1 - shut / np.minimum(half, normal / 2), 0, 1)
    fused = grade == max(GRADES["jsn"]) and rng.random() < _FUSED
    strength = 0.9 if fused else 0.45
    thickness = shut + (0.7 if fused else 0.25)
    veil = strength * loss**2 * _near_joint(s) * bump(off / (2 * thickness)) * bump(s / 9)
    wide = 2 * round(2 * anatomy.scale) + 1
    around = cv2.blur(out, (wide, wide))
    local = cv2.GaussianBlur(out, (0, 0), 0.25 * anatomy.scale)
    fill = around - local
    fill = fill if fused else np.maximum(fill, 0)
    seam = loss * bump(off / (2 * shut + 0.6))
    out = out + veil * fill + 0.5 * seam * (local - out)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)


def _slide_over(
    pixels: NDArray[np.float32],
    anatomy: JointAnatomy,
    grade: int,
    rng: np.random.Generator,
    shift: tuple[Array, Array],
) -> Array:
    space = joint_space(anatomy)
    s, t = _along_and_across(anatomy)
    off, half = (t - _interpolated(s, space, space.middle), _interpolated(s, space, space.half))
    normal = normal_gap(anatomy.joint)
    width = 2 * float(np.median(space.half))
    left = _remaining(space, grade, rng)
    lost = _interpolated(s, space, width - min(width, normal) * left)
    lost = lost * bump(np.clip((np.abs(s) - 7) / 7, 0, None))
    fade = bump(np.clip((np.abs(off) - half) / 14, 0, None))
    across = anatomy.across.astype(np.float32)
    distal_part = np.float32(rng.uniform(0.2, 0.8))  # how much of the way the distal bone goes
    views = []
    for part in (distal_part, distal_part - 1):
        moved = [one + part * lost * fade * axis for one, axis in zip(shift, across, strict=True)]
        views.append(warp(pixels, anatomy, (moved[0], moved[1])))
    distal, proximal = views
    off = off - lost * (np.float32(0.5) - distal_part)
    weight = np.clip(0.5 + off / 0.5, 0, 1)
    out = weight * distal + (1 - weight) * proximal
    # Where the bones overlap along the beam, their shadows add up.
    loss = np.clip(lost / max(width, normal), 0, 1)
    touching = np.clip(1 - np.abs(off) / (0.35 + 0.25 * half), 0, 1) * np.clip(
        1.4 * loss - 0.3, 0, 1
    )
    out = out + rng.uniform(0.2, 0.8) * touching * (np.maximum(distal, proximal) - out)
    if grade == max(GRADES["jsn"]) and rng.random() < _FUSED:
        bone = np.maximum(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.2) * anatomy.scale), out)
        bridge = np.clip(1 - np.abs(off) / rng.uniform(0.8, 1.8), 0, 1) * bump(s / 9)
        out = out + rng.uniform(0.4, 0.95) * bridge * (bone - out)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)
