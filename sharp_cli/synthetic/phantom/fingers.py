"""Metacarpals, phalanges and sesamoids; lengths in units of the median proximal phalanx."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.synthetic.phantom.bone import (
    Bone,
    Growth,
    Maturity,
    Ridge,
    ellipse,
    growth_lines,
    lump,
    smooth,
)
from sharp_cli.synthetic.phantom.shape import carry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.synthetic.phantom.shape import Shape

    Array = NDArray[np.float64]

# Widths at base, shaft and head of the middle finger's bones, and how other fingers compare;
# measured by eye on radiographs, relative to the proximal phalanx.
_METACARPAL: Final = (0.3, 0.17, 0.29)
_PROXIMAL: Final = (0.33, 0.218, 0.255)
_MIDDLE: Final = (0.285, 0.182, 0.2)
_DISTAL: Final = (0.21, 0.105, 0.16)
_THUMB_METACARPAL: Final = (0.325, 0.2, 0.305)
_THUMB_PROXIMAL: Final = (0.33, 0.2, 0.245)
_THUMB_DISTAL: Final = (0.24, 0.15, 0.19)
_KINDS: Final = ("metacarpal", "proximal", "middle", "distal")  # from the wrist outwards
_FINGER_WIDTH: Final[Mapping[int, float]] = {1: 1.05, 2: 1.0, 3: 1.0, 4: 0.92, 5: 0.76}
# Landmarks of each finger's joints, from MCP to the tip.
_FINGER: Final[Mapping[int, tuple[int, ...]]] = {
    1: (18, 19, 20),
    2: (21, 22, 23, 24),
    3: (25, 26, 27, 28),
    4: (29, 30, 31, 32),
    5: (33, 34, 35, 36),
}
_METACARPAL_BASE: Final[Mapping[int, tuple[float, float]]] = {
    1: (0.70, 1.18),
    2: (0.345, 1.005),
    3: (0.034, 0.977),
    4: (-0.250, 1.0),
    5: (-0.42, 1.09),
}
# The outer metacarpals' bases spread towards their neighbours'.
_SPREADS: Final[Mapping[int, float]] = {1: 1.0, 2: 1.25, 3: 1.0, 4: 1.05, 5: 1.08}
# By how much a base's joint surface leans to the radial side.
_LEAN: Final[Mapping[int, tuple[float, float, float, float]]] = {
    1: (0.0, 0.0, 0.0, 0.0),
    2: (0.0, 0.1, 0.0, 0.0),
    3: (0.0, 0.1, 0.0, 0.0),
    4: (0.0, -0.03, -0.05, 0.0),
    5: (0.0, -0.1, -0.18, -0.05),
}
# By how much the radial side of a metacarpal and a proximal phalanx is narrower than the ulnar.
_NARROW: Final = (0.22, -0.06)
# Thickness of the cortex at the ends, and in the shaft in half widths; density of the marrow at the
# ends; `Bone.taper` and `Bone.shaft`.
_METACARPAL_MAKE: Final = (0.012, 0.55, 0.27, 1.28, (0.2, 0.26, 0.7, 0.92))
_PHALANX_MAKE: Final = (0.009, 0.47, 0.33, 1.3, (0.26, 0.45, 0.8, 0.95))
_TWISTED: Final = (2, 3)
_SLIP: Final = (0.16, 0.2)  # a fully subluxed phalanx lies this far to the ulnar side and proximal


def finger_bones(
    shape: Shape, maturity: Maturity, subluxation: float, rng: np.random.Generator
) -> list[Bone]:
    """Metacarpals, phalanges and sesamoids of the five fingers.

    Args:
        shape: Of the hand.
        maturity: Of its bones.
        subluxation: How far the proximal phalanges have slipped off their metacarpals, 0…1.
        rng: Of what is this hand's own.
    """
    made: list[Bone] = []
    gap = float(rng.uniform(0.03, 0.048))
    for finger, landmarks in _FINGER.items():
        thickness = _FINGER_WIDTH[finger] * maturity.width * float(rng.normal(1.0, 0.03))
        base = carry(shape, (_METACARPAL_BASE[finger],))[0]
        joints = [base, *(shape.landmarks[number] for number in landmarks)]
        kinds = [_METACARPAL, _PROXIMAL, _MIDDLE, _DISTAL]
        if finger == 1:
            kinds = [_THUMB_METACARPAL, _THUMB_PROXIMAL, _THUMB_DISTAL]
        # How far a finger is turned about its axis: its two sides are not alike.
        turned = float(rng.normal(-0.2, 0.12) if finger == 1 else rng.normal(0.0, 0.08))
        slips = subluxation * float(rng.uniform(0.5, 1.0)) * (finger > 1)
        for number, (kind, start, end) in enumerate(zip(kinds, joints, joints[1:], strict=False)):
            widths = np.array(kind) * thickness * rng.normal(1.0, 0.03, 3)
            if number == 0:
                widths[0] *= _SPREADS[finger]
            last = end is joints[-1]
            form: Growth = "metacarpal" if number == 0 else "tip" if last else "phalanx"
            # Spaces are the narrower the further distal; the thumb's IP joint is seen obliquely.
            ends = np.array([gap, gap, 0.72 * gap, 0.6 * gap])[number : number + 2] / 2
            if finger == 1:
                ends[number > 0] -= rng.uniform(0.005, 0.035)
            near = float(ends[0]) - 0.045 * widths[0]  # a base is hollow: its rims reach further
            if number == 0:
                near = float(rng.uniform(0.0, 0.026)) + 0.02 * (finger == 1)
            begin = start
            if number == 1 and slips > 0:
                axis = (end - start) / np.hypot(*(end - start))
                begin = start - slips * (_SLIP[0] * np.array([1.0, 0.0]) + _SLIP[1] * axis)
            made.append(
                _long_bone(
                    begin,
                    end,
                    widths / 2,
                    (near, -0.02 if last else float(ends[-1])),
                    maturity,
                    name=f"{_KINDS[number]} {finger}",
                    form=form,
                    thumb=finger == 1,
                    turned=turned
                    + (_NARROW[number] if finger in _TWISTED and number < len(_NARROW) else 0.0),
                    lean=_LEAN[finger][number],
                    saddle=kind in (_MIDDLE, _THUMB_DISTAL),
                    rng=rng,
                )
            )
            if number == 0:
                made.append(_condyle(start, end, widths[2] / 2, maturity, rng))
    return [*made, *_sesamoids(shape, rng)]


def _long_bone(
    start: Array,
    end: Array,
    widths: Array,
    gaps: tuple[float, float],
    maturity: Maturity,
    *,
    name: str,
    form: Growth,
    thumb: bool,
    turned: float,
    lean: float,
    saddle: bool,
    rng: np.random.Generator,
) -> Bone:
    axis = (end - start) / np.hypot(*(end - start))
    across = np.array([-axis[1], axis[0]])
    base, head = start + axis * gaps[0], end - axis * gaps[1]
    length = float(np.hypot(*(head - base)))
    sides = [
        _profile(widths * rng.normal(1.0, 0.03, 3), length, form)
        * np.array([1.0 + sign * turned * 0.5, 1.0])
        for sign in (-1.0, 1.0)
    ]
    local = np.vstack([sides[0], (sides[1] * np.array([-1.0, 1.0]))[::-1]])
    local = local + rng.normal(0.0, 0.006, local.shape)
    # A bone seen from the side is bowed.
    local[:, 0] += 0.05 * length * turned * np.sin(np.pi * np.clip(local[:, 1] / length, 0, 1))
    b, s, h = widths
    if form == "phalanx":  # the bases' radial sides lie lower, the little finger's higher
        near = local[:, 1] < b
        local[near, 1] -= rng.normal(lean, 0.05) * local[near, 0]
    if saddle:  # a ridge between two hollows, to fit between the condyles
        middle = (np.abs(local[:, 0]) < 0.3 * b) & (local[:, 1] < b)
        local[middle, 1] -= 0.06 * b
    if form == "metacarpal":  # their bases are cut obliquely
        near = local[:, 1] < length / 4
        local[near, 1] += rng.normal(-0.15, 0.12) * local[near, 0]
    # A growth plate sits at the head of metacarpals 2 to 5, at the base of all others.
    x = np.linspace(-1.0, 1.0, 11)
    if form == "metacarpal" and not thumb:
        bow, reach, level = 0.3 * h, 1.1 * h, length - h * rng.uniform(1.4, 1.9)
    else:
        bow, reach, level = -0.14 * b, 1.15 * b, 0.68 * b
    plate = np.column_stack([x * reach, level + bow * (1 - x**2) + rng.normal(0.0, 0.035, 11) * b])

    def place(places: Array) -> Array:
        return np.asarray(base + places[:, :1] * across + places[:, 1:] * axis, dtype=np.float64)

    plates, ridges = growth_lines(place(plate), form, maturity, rng)
    edges = _edges(widths, length, form, rng, saddle=saddle)
    rind, wall, marrow, taper, shaft = _METACARPAL_MAKE if form == "metacarpal" else _PHALANX_MAKE
    return Bone(
        outline=place(smooth(local)),
        base=base,
        head=head,
        depth=tuple(
            0.85 * np.array([b * 0.7, b * 0.55, 0.88 * s, 0.9 * s, s, s * 1.15, h * 0.9, h * 0.85])
        ),
        cortex=(rind, float(wall * s * maturity.cortex)),
        marrow=(marrow * maturity.marrow, 0.11 * maturity.marrow),
        taper=taper,
        shaft=shaft,
        columns=0.75,
        plates=plates,
        ridges=ridges + tuple(replace(edge, line=place(edge.line)) for edge in edges),
        name=name,
    )


def _edges(
    widths: Array, length: float, form: Growth, rng: np.random.Generator, *, saddle: bool
) -> tuple[Ridge, ...]:
    """Where the beam runs along the surface of a long bone; places as `_profile` gives them."""
    b, _, h = widths
    t = np.linspace(-0.74, 0.74, 15)
    made: list[Ridge] = []
    if form != "metacarpal":
        # The dense plate under a base's hollow joint surface, and beside it that of its far rim.
        hollow = 0.13 * b - 0.2 * b * t**2 + 0.012
        if saddle:
            hollow -= 0.05 * b * np.exp(-((t / 0.35) ** 2))
        rim = hollow + b * rng.uniform(0.04, 0.26) * (1 - t**2)
        for y, strength in zip((hollow, rim), rng.uniform(0.01, 0.042, 2), strict=True):
            made.append(Ridge(np.column_stack([t * b, y]), float(strength)))
        # What bears the load is denser than the rest.
        band = np.column_stack([t * b, hollow + 0.1 * b])
        made.append(Ridge(band, float(rng.uniform(0.015, 0.035)), 0.045))
    else:
        for part in rng.normal(0.0, 0.05, (2, 4)):
            y = 0.25 * b * rng.uniform(0.2, 1.6) + b * np.interp(t, np.linspace(-1, 1, 4), part)
            made.append(Ridge(np.column_stack([t * b, y]), float(rng.uniform(0.0, 0.05))))
    if form == "phalanx":  # the two condyles overlap, and leave a notch between them
        y = length - 0.25 * h + 0.16 * h * np.cos(2 * np.pi * t) * rng.uniform(0.3, 1.0)
        arc = np.column_stack([0.9 * t * h, y - rng.uniform(0.0, 0.3) * h])
        made.append(Ridge(arc, float(rng.uniform(0.0, 0.035))))
    return tuple(made)


def _condyle(
    start: Array, end: Array, half: float, maturity: Maturity, rng: np.random.Generator
) -> Bone:
    """The palmar part of a metacarpal's head, whose outline shows inside it."""
    axis = (end - start) / np.hypot(*(end - start))
    across = np.array([-axis[1], axis[0]])
    ring = ellipse((half * rng.uniform(0.6, 0.9), half * rng.uniform(0.6, 0.85)))
    ring = ring * rng.normal(1.0, 0.06, (10, 1))
    centre = end - axis * half * rng.uniform(0.8, 1.15) + across * half * rng.normal(0.0, 0.12)
    return lump(smooth(ring + centre), float(rng.uniform(0.003, 0.011)), 0.3 * maturity.marrow)


def _profile(widths: Array, length: float, form: Growth) -> Array:
    """Control points of one side from base to head: (distance from the axis, along it)."""
    b, s, h = widths
    if form == "metacarpal":
        foot = [(0.0, -0.06 * b), (0.5 * b, 0.0), (0.92 * b, 0.2 * b), (1.08 * b, 0.6 * b)]
        shaft = [(0.8 * b, 0.17 * length), (1.08 * s, 0.33 * length), (s, 0.52 * length)]
        # A short one's head is short, and flares no more abruptly than a long one's.
        flare = length - min(2.0 * h, 0.22 * length)
        neck = min(0.7 * length, flare - h)
        top = [(1.1 * s, neck), (0.97 * h, flare), (1.08 * h, length - 1.2 * h)]
        cap = [(0.98 * h, length - 0.42 * h), (0.55 * h, length - 0.02 * h), (0.0, length)]
        return np.array(foot + shaft + top + cap)
    foot = [(0.0, 0.14 * b), (0.6 * b, 0.05 * b), (0.96 * b, -0.05 * b), (1.1 * b, 0.34 * b)]
    if form == "tip":
        shaft = [(0.8 * b, 0.8 * b), (s * 1.02, 0.48 * length), (s * 0.96, 0.68 * length)]
        cap = [(1.05 * h, length - 0.85 * h), (1.1 * h, length - 0.3 * h), (0.6 * h, length)]
        return np.array([*foot, *shaft, *cap, (0.0, length)])
    shaft = [(0.98 * b, 0.75 * b), (1.26 * s, 0.3 * length), (s * 1.02, 0.52 * length)]
    top = [(1.2 * s, 0.74 * length), (0.97 * h, length - 1.2 * h), (1.06 * h, length - 0.6 * h)]
    cap = [(0.98 * h, length - 0.04 * h), (0.5 * h, length + 0.02 * h), (0.0, length - 0.09 * h)]
    return np.array(foot + shaft + top + cap)


def _sesamoids(shape: Shape, rng: np.random.Generator) -> list[Bone]:
    """Two at the thumb's MCP joint, sometimes one at the index's and the little finger's."""
    made: list[Bone] = []
    for joint, below, offsets, chance in (
        (18, 17, (-0.14, 0.1), 0.8),
        (21, 16, (0.1,), 0.25),
        (33, 13, (-0.08,), 0.25),
    ):
        if rng.random() > chance:
            continue
        axis = shape.landmarks[below] - shape.landmarks[joint]
        axis = axis / np.hypot(*axis)
        across = np.array([-axis[1], axis[0]])
        for offset in offsets:
            size = rng.uniform(0.03, 0.06)
            ring = ellipse((0.8 * size, 1.1 * size)) * rng.normal(1.0, 0.08, (10, 1))
            sign = np.sign(offset)
            shift = axis * rng.uniform(0.06, 0.16) + across * (offset + sign * rng.uniform(0, 0.06))
            density = float(rng.uniform(0.25, 0.5))
            made.append(lump(smooth(ring + shape.landmarks[joint] + shift), 0.04, density))
    return made
