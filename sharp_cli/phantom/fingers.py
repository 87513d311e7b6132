"""Metacarpals, phalanges and sesamoids; lengths in units of the median proximal phalanx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.phantom.bone import Bone, Maturity, ellipse, lump, smooth
from sharp_cli.phantom.shape import carry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.phantom.shape import Shape

    Array = NDArray[np.float64]

# Widths at base, shaft and head of the middle finger's bones, and how other fingers compare;
# measured by eye on radiographs, relative to the proximal phalanx.
_METACARPAL: Final = (0.32, 0.195, 0.33)
_PROXIMAL: Final = (0.37, 0.225, 0.275)
_MIDDLE: Final = (0.305, 0.185, 0.225)
_DISTAL: Final = (0.235, 0.115, 0.17)
_THUMB_METACARPAL: Final = (0.35, 0.24, 0.33)
_THUMB_PROXIMAL: Final = (0.36, 0.235, 0.27)
_THUMB_DISTAL: Final = (0.31, 0.17, 0.21)
_FINGER_WIDTH: Final[Mapping[int, float]] = {1: 1.06, 2: 0.99, 3: 1.0, 4: 0.92, 5: 0.82}
# Landmarks of each finger's joints, from MCP to the tip.
_FINGER: Final[Mapping[int, tuple[int, ...]]] = {
    1: (18, 19, 20),
    2: (21, 22, 23, 24),
    3: (25, 26, 27, 28),
    4: (29, 30, 31, 32),
    5: (33, 34, 35, 36),
}
_METACARPAL_BASE: Final[Mapping[int, tuple[float, float]]] = {
    1: (0.668, 1.16),
    2: (0.375, 1.015),
    3: (0.034, 0.977),
    4: (-0.250, 0.985),
    5: (-0.485, 1.045),
}


def finger_bones(shape: Shape, maturity: Maturity, rng: np.random.Generator) -> list[Bone]:
    """Metacarpals, phalanges and sesamoids of the five fingers."""
    made: list[Bone] = []
    gap = float(rng.uniform(0.038, 0.055))
    for finger, landmarks in _FINGER.items():
        thickness = _FINGER_WIDTH[finger] * maturity.width * float(rng.normal(1.0, 0.03))
        base = carry(shape, (_METACARPAL_BASE[finger],))[0]
        joints = [base, *(shape.landmarks[number] for number in landmarks)]
        kinds = [_METACARPAL, _PROXIMAL, _MIDDLE, _DISTAL]
        if finger == 1:
            kinds = [_THUMB_METACARPAL, _THUMB_PROXIMAL, _THUMB_DISTAL]
        for kind, start, end in zip(kinds, joints, joints[1:], strict=False):
            widths = np.array(kind) * thickness * rng.normal(1.0, 0.025, 3)
            tip = end is joints[-1]
            made.extend(
                _long_bone(
                    start,
                    end,
                    widths / 2,
                    (gap / 4 if start is base else gap / 2, -0.02 if tip else gap / 2),
                    maturity,
                    form="metacarpal" if start is base else "tip" if tip else "phalanx",
                    thumb=finger == 1,
                    rng=rng,
                )
            )
    return [*made, *_sesamoids(shape, rng)]


def _long_bone(
    start: Array,
    end: Array,
    widths: Array,
    gaps: tuple[float, float],
    maturity: Maturity,
    *,
    form: str,
    thumb: bool,
    rng: np.random.Generator,
) -> list[Bone]:
    axis = (end - start) / np.hypot(*(end - start))
    across = np.array([-axis[1], axis[0]])
    base, head = start + axis * gaps[0], end - axis * gaps[1]
    length = float(np.hypot(*(head - base)))
    sides = [_profile(widths * rng.normal(1.0, 0.02, 3), length, form) for _ in range(2)]
    local = np.vstack([sides[0], (sides[1] * np.array([-1.0, 1.0]))[::-1]])
    b, s, h = widths
    if form == "metacarpal":  # their bases are cut obliquely
        near = local[:, 1] < length / 4
        local[near, 1] += rng.uniform(-0.25, 0.25) * local[near, 0]
    # A growth plate sits at the head of metacarpals 2 to 5, at the base of all others.
    if form == "metacarpal" and not thumb:
        bow, reach, level = 0.25 * h, 1.15 * h, length - 1.35 * h
    else:
        bow, reach, level = -0.12 * b, 1.15 * b, 0.78 * b
    x = np.linspace(-1.0, 1.0, 9)
    wave = rng.normal(0.0, 0.02, 9) * b
    plate = np.column_stack([x * reach, level + bow * (1 - x**2) + wave])

    def place(places: Array) -> Array:
        return np.asarray(base + places[:, :1] * across + places[:, 1:] * axis, dtype=np.float64)

    lines = (place(plate),)
    bone = Bone(
        outline=place(smooth(local)),
        base=base,
        head=head,
        depth=tuple(0.8 * np.array([b * 0.8, b * 0.85, s * 1.1, s, s, s * 1.08, h * 0.92, h])),
        cortex=(0.018, float(0.5 * s * maturity.cortex)),
        marrow=(0.34 * maturity.marrow, 0.08 * maturity.marrow),
        plates=lines if maturity.plate > 0 else (),
        scars=lines if maturity.scar > 0 else (),
    )
    if maturity.plate > 0:
        return [bone]
    # The beam meets the far rim of the base's joint surface too: a second line beside the first.
    rim = ellipse((0.9 * b, 0.24 * b)) * rng.normal(1.0, 0.05, (10, 1))
    rim[:, 1] += b * rng.uniform(0.05, 0.3)
    return [bone, lump(place(smooth(rim)), rng.uniform(0.01, 0.035), 0.3 * maturity.marrow)]


def _profile(widths: Array, length: float, form: str) -> Array:
    """Control points of one side from base to head: (distance from the axis, along it)."""
    b, s, h = widths
    if form == "metacarpal":
        foot = [(0.0, 0.05 * b), (0.7 * b, -0.06 * b), (1.06 * b, 0.05 * b), (1.06 * b, 0.5 * b)]
        shaft = [(0.8 * b, 0.2 * length), (1.08 * s, 0.36 * length), (s, 0.55 * length)]
        top = [(1.05 * s, 0.7 * length), (0.94 * h, length - 1.55 * h), (1.1 * h, length - 1.1 * h)]
        cap = [(0.98 * h, length - 0.42 * h), (0.55 * h, length - 0.02 * h), (0.0, length)]
        return np.array(foot + shaft + top + cap)
    foot = [(0.0, 0.14 * b), (0.6 * b, 0.05 * b), (1.03 * b, -0.1 * b), (1.08 * b, 0.4 * b)]
    if form == "tip":
        shaft = [(0.8 * b, 0.8 * b), (s * 1.02, 0.48 * length), (s * 0.96, 0.68 * length)]
        cap = [(1.05 * h, length - 0.85 * h), (1.1 * h, length - 0.3 * h), (0.6 * h, length)]
        return np.array([*foot, *shaft, *cap, (0.0, length)])
    shaft = [(0.94 * b, 0.75 * b), (1.18 * s, 0.32 * length), (s, 0.55 * length)]
    top = [(0.98 * s, 0.72 * length), (0.96 * h, length - 1.15 * h), (1.08 * h, length - 0.6 * h)]
    cap = [(0.98 * h, length - 0.02 * h), (0.5 * h, length + 0.03 * h), (0.0, length - 0.16 * h)]
    return np.array(foot + shaft + top + cap)


def _sesamoids(shape: Shape, rng: np.random.Generator) -> list[Bone]:
    """Two at the thumb's MCP joint, sometimes one at the index's and the little finger's."""
    made: list[Bone] = []
    for joint, below, offsets, chance in (
        (18, 17, (-0.13, 0.1), 0.9),
        (21, 16, (0.1,), 0.3),
        (33, 13, (-0.08,), 0.3),
    ):
        if rng.random() > chance:
            continue
        axis = shape.landmarks[below] - shape.landmarks[joint]
        axis = axis / np.hypot(*axis)
        across = np.array([-axis[1], axis[0]])
        for offset in offsets:
            size = rng.uniform(0.035, 0.055)
            ring = ellipse((0.8 * size, 1.1 * size))
            sign = np.sign(offset)
            shift = axis * rng.uniform(0.09, 0.14) + across * (offset + sign * rng.uniform(0, 0.03))
            made.append(lump(smooth(ring + shape.landmarks[joint] + shift), 0.05, 0.5))
    return made
