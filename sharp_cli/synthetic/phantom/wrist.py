"""Carpal bones, radius and ulna: outlines drawn by eye in the frame of the mean hand.

Lengths are in units of the median proximal phalanx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.synthetic.phantom.bone import (
    Bone,
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
    Outline = tuple[tuple[float, float], ...]

_ELBOW: Final = 4.2  # well below any picture's lower edge
_CARPALS: Final[Mapping[str, Outline]] = {
    "capitate": (
        (-0.11, 1.01), (-0.02, 0.98), (0.10, 0.99), (0.20, 1.05), (0.22, 1.16), (0.20, 1.30),
        (0.20, 1.46), (0.17, 1.58), (0.05, 1.63), (-0.08, 1.60), (-0.14, 1.50), (-0.12, 1.38),
        (-0.10, 1.25), (-0.13, 1.12),
    ),
    "hamate": (
        (-0.49, 1.15), (-0.44, 1.11), (-0.40, 1.07), (-0.30, 1.00), (-0.19, 1.01), (-0.14, 1.09),
        (-0.13, 1.20), (-0.13, 1.35), (-0.14, 1.49), (-0.20, 1.52), (-0.29, 1.43), (-0.37, 1.31),
        (-0.44, 1.22), (-0.51, 1.19),
    ),
    "trapezoid": (
        (0.21, 1.10), (0.23, 1.00), (0.32, 0.99), (0.41, 1.06), (0.40, 1.17), (0.38, 1.30),
        (0.29, 1.31), (0.21, 1.25),
    ),
    "trapezium": (
        (0.37, 1.10), (0.45, 1.01), (0.57, 1.00), (0.63, 1.09), (0.64, 1.18), (0.70, 1.26),
        (0.68, 1.355), (0.57, 1.395), (0.47, 1.37), (0.40, 1.30), (0.37, 1.20),
    ),
    "navicular": (
        (0.23, 1.385), (0.35, 1.335), (0.44, 1.38), (0.485, 1.48), (0.48, 1.58), (0.43, 1.66),
        (0.33, 1.73), (0.20, 1.77), (0.09, 1.76), (0.08, 1.66), (0.15, 1.61), (0.19, 1.54),
        (0.20, 1.45),
    ),
    "lunate": (
        (-0.25, 1.565), (-0.17, 1.515), (-0.08, 1.56), (0.02, 1.64), (0.07, 1.66), (0.06, 1.73),
        (-0.01, 1.80), (-0.12, 1.82), (-0.24, 1.79), (-0.32, 1.72), (-0.30, 1.64),
    ),
    "triquetrum": (
        (-0.51, 1.24), (-0.42, 1.29), (-0.35, 1.41), (-0.26, 1.52), (-0.30, 1.61), (-0.37, 1.70),
        (-0.44, 1.72), (-0.52, 1.68), (-0.55, 1.55), (-0.57, 1.42), (-0.55, 1.29),
    ),
}  # fmt: skip
_CARPAL_DEPTH: Final = 0.145
_OVERLAPPING: Final = {
    "trapezium": 0.1,
    "trapezoid": 0.09,
    "capitate": 0.125,
    "hamate": 0.13,
}  # half of one lies behind the other
_OVERLAP: Final = 1.08  # neighbours hide each other's edges by about this much
# Overlying parts: centre, half axes, half depth.
_PISIFORM: Final = ((-0.47, 1.56), (0.115, 0.135), 0.014)
_HAMATE_HOOK: Final = ((-0.315, 1.14), (0.075, 0.1), 0.012)

_FOREARM_SHAFT: Final = (0.28, 0.42, 0.78, 0.94)  # see `Bone.shaft`
_LUNATE_FOSSA: Final[Outline] = ((-0.22, 1.93), (0.0, 1.94), (0.18, 1.91))
_WAVES: Final = 6  # points at which a slightly wavy line is bent
_RADIUS: Final[Outline] = (
    (-0.28, 1.805), (-0.15, 1.815), (0.00, 1.805), (0.15, 1.775), (0.28, 1.74), (0.37, 1.73),
    (0.38, 1.745), (0.39, 1.83), (0.36, 1.93), (0.315, 2.08), (0.27, 2.25), (0.265, 2.50),
    (0.25, _ELBOW), (-0.16, _ELBOW), (-0.20, 2.50), (-0.25, 2.20), (-0.29, 2.05), (-0.30, 1.93),
)  # fmt: skip
_ULNA: Final[Outline] = (
    (-0.66, 1.77), (-0.60, 1.775), (-0.56, 1.84), (-0.50, 1.86), (-0.42, 1.85), (-0.34, 1.88),
    (-0.335, 1.97), (-0.375, 2.08), (-0.42, 2.25), (-0.46, 2.50), (-0.47, _ELBOW), (-0.74, _ELBOW),
    (-0.71, 2.50), (-0.69, 2.20), (-0.705, 2.00), (-0.70, 1.85), (-0.68, 1.75),
)  # fmt: skip
_RADIUS_DEPTH: Final = (0.16, 0.16, 0.16, 0.17, 0.2)
_ULNA_DEPTH: Final = (0.14, 0.14, 0.13, 0.13, 0.13)
_RADIUS_SURFACE: Final[Outline] = (
    (-0.27, 1.855), (-0.14, 1.865), (0.00, 1.855), (0.12, 1.83), (0.22, 1.805), (0.30, 1.775),
)  # fmt: skip
_RADIUS_RIM: Final[Outline] = (
    (-0.26, 1.87), (-0.14, 1.91), (0.00, 1.915), (0.12, 1.89), (0.22, 1.85), (0.31, 1.80),
)  # fmt: skip
_RADIUS_PLATE: Final[Outline] = ((-0.34, 1.965), (-0.10, 1.99), (0.12, 1.97), (0.56, 1.93))
_ULNA_PLATE: Final[Outline] = ((-0.78, 1.93), (-0.55, 1.955), (-0.26, 1.95))


def wrist_bones(shape: Shape, maturity: Maturity, rng: np.random.Generator) -> list[Bone]:
    """Carpal bones, radius and ulna."""
    made: list[Bone] = []
    marrow = 0.31 * maturity.marrow
    for name, outline in _CARPALS.items():
        places = np.array(outline)
        centre = places.mean(axis=0)
        # Smoothing shrinks an outline, the more the fewer its corners.
        size = _OVERLAP * rng.normal(1.0, 0.025) + 0.6 / len(outline)
        places = centre + (places - centre) * maturity.carpal * size
        places = places + rng.normal(0.0, 0.018, 2) + rng.normal(0.0, 0.013, places.shape)
        density = marrow * rng.uniform(0.8, 1.25)
        outer = smooth(places)
        # Front and back of a carpal bone differ: parts of a second contour show inside the first.
        contours = tuple(_contour(shape, outer, rng) for _ in range(3))
        depth = _OVERLAPPING.get(name, _CARPAL_DEPTH)
        made.append(lump(carry(shape, outer), depth, density, contours, name))
        inner = centre + (places - centre) * rng.uniform(0.6, 0.9, 2) + rng.normal(0.0, 0.03, 2)
        made.append(
            lump(smooth(carry(shape, inner)), rng.uniform(0.003, 0.015), density, name=name)
        )
    for centre_, axes, depth in (_PISIFORM, _HAMATE_HOOK):
        ring = ellipse(axes) * maturity.carpal * rng.normal(1.0, 0.08, (10, 1))
        ring = smooth(ring + np.array(centre_) + rng.normal(0.0, 0.025, 2))
        # Seen from its end, the cortex of the hook is an open ring.
        rings = (_contour(shape, ring, rng), _contour(shape, ring, rng))
        made.append(lump(carry(shape, ring), depth * rng.uniform(0.7, 1.4), marrow * 0.8, rings))
    for name, outline, plate, rims, depths in (
        (
            "radius",
            _RADIUS,
            _RADIUS_PLATE,
            (_RADIUS_SURFACE, _RADIUS_RIM),
            (0.16, 0.16, 0.16, 0.17, 0.2),
        ),
        ("ulna", _ULNA, _ULNA_PLATE, (), (0.14, 0.14, 0.13, 0.13, 0.13)),
    ):
        places = np.array(outline) * rng.normal(1.0, (0.05, 0.006)) + rng.normal(
            0.0, 0.01, (len(outline), 2)
        )
        middle = float(places[places[:, 1] > _ELBOW - 1][:, 0].mean())
        ends = carry(shape, ((middle, _ELBOW), (middle, 1.85)))
        plates, ridges = growth_lines(_fine(shape, plate, 15, rng), "forearm", maturity, rng)
        ridges += tuple(
            Ridge(_fine(shape, rim, 15, rng), float(rng.uniform(0.03, 0.08))) for rim in rims
        )
        if rims:  # where the radius bears the lunate it is dense
            fossa = _fine(shape, _LUNATE_FOSSA, 8, rng)
            ridges += (Ridge(fossa, float(rng.uniform(0.01, 0.04)), 0.1),)
        made.append(
            Bone(
                outline=smooth(carry(shape, places)),
                base=ends[0],
                head=ends[1],
                depth=depths,
                cortex=(0.011, 0.042 * maturity.cortex),
                marrow=(0.44 * maturity.marrow, 0.12 * maturity.marrow),
                taper=1.7,
                shaft=_FOREARM_SHAFT,
                columns=0.85,
                plates=plates,
                ridges=ridges,
                name=name,
            )
        )
    return made


def _contour(shape: Shape, outline: Array, rng: np.random.Generator) -> Ridge:
    """A part of a bone's outline, drawn inwards."""
    centre = outline.mean(axis=0)
    start, count = int(rng.integers(len(outline))), int(len(outline) * rng.uniform(0.15, 0.5))
    part = np.roll(outline, -start, axis=0)[:count]
    part = centre + (part - centre) * rng.uniform(0.65, 0.97) + rng.normal(0.0, 0.015, 2)
    return Ridge(carry(shape, part), float(rng.uniform(0.01, 0.05)))


def _fine(shape: Shape, line: Outline, count: int, rng: np.random.Generator) -> Array:
    """A line of `count` points, slightly wavy, carried to a hand."""
    places = np.array(line)
    at = np.linspace(0, len(places) - 1, count)
    fine = np.column_stack([np.interp(at, np.arange(len(places)), axis) for axis in places.T])
    wave = np.interp(at, np.linspace(0, len(places) - 1, _WAVES), rng.normal(0.0, 0.012, _WAVES))
    return carry(shape, fine + np.array([0.0, 1.0]) * wave[:, None])
