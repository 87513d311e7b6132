"""Carpal bones, radius and ulna: outlines drawn by eye in the frame of the mean hand.

Lengths are in units of the median proximal phalanx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.phantom.bone import Bone, Maturity, ellipse, lump, smooth
from sharp_cli.phantom.shape import carry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.phantom.shape import Shape

    Outline = tuple[tuple[float, float], ...]

_ELBOW: Final = 4.2  # well below any picture's lower edge
_CARPALS: Final[Mapping[str, Outline]] = {
    "capitate": (
        (-0.11, 1.01), (-0.02, 0.98), (0.10, 0.99), (0.20, 1.05), (0.22, 1.16), (0.20, 1.30),
        (0.20, 1.46), (0.17, 1.58), (0.05, 1.63), (-0.08, 1.60), (-0.14, 1.50), (-0.12, 1.38),
        (-0.10, 1.25), (-0.13, 1.12),
    ),
    "hamate": (
        (-0.54, 1.09), (-0.48, 1.06), (-0.40, 1.05), (-0.30, 1.00), (-0.19, 1.01), (-0.14, 1.09),
        (-0.13, 1.20), (-0.13, 1.35), (-0.14, 1.49), (-0.20, 1.52), (-0.29, 1.43), (-0.37, 1.31),
        (-0.45, 1.22), (-0.53, 1.18),
    ),
    "trapezoid": (
        (0.20, 1.12), (0.25, 1.05), (0.36, 1.02), (0.47, 1.07), (0.47, 1.18), (0.42, 1.28),
        (0.30, 1.29), (0.21, 1.26),
    ),
    "trapezium": (
        (0.44, 1.10), (0.51, 1.00), (0.60, 1.01), (0.65, 1.10), (0.66, 1.19), (0.74, 1.27),
        (0.73, 1.38), (0.60, 1.43), (0.49, 1.42), (0.41, 1.34), (0.40, 1.22),
    ),
    "navicular": (
        (0.27, 1.36), (0.36, 1.31), (0.46, 1.36), (0.52, 1.47), (0.51, 1.58), (0.45, 1.67),
        (0.33, 1.73), (0.20, 1.77), (0.09, 1.76), (0.09, 1.66), (0.17, 1.62), (0.22, 1.54),
        (0.24, 1.44),
    ),
    "lunate": (
        (-0.25, 1.59), (-0.17, 1.55), (-0.08, 1.59), (0.02, 1.65), (0.09, 1.67), (0.08, 1.74),
        (0.00, 1.81), (-0.12, 1.84), (-0.25, 1.81), (-0.34, 1.73), (-0.31, 1.64),
    ),
    "triquetrum": (
        (-0.51, 1.24), (-0.42, 1.29), (-0.35, 1.41), (-0.26, 1.52), (-0.30, 1.61), (-0.37, 1.70),
        (-0.46, 1.73), (-0.56, 1.68), (-0.59, 1.55), (-0.61, 1.42), (-0.58, 1.29),
    ),
}  # fmt: skip
_CARPAL_DEPTH: Final = 0.145
# Overlying parts: centre, half axes, half depth.
_PISIFORM: Final = ((-0.47, 1.56), (0.115, 0.135), 0.035)
_HAMATE_HOOK: Final = ((-0.315, 1.14), (0.085, 0.11), 0.02)

_RADIUS: Final[Outline] = (
    (-0.28, 1.85), (-0.15, 1.87), (0.00, 1.86), (0.15, 1.83), (0.30, 1.77), (0.42, 1.70),
    (0.49, 1.69), (0.52, 1.80), (0.49, 1.93), (0.41, 2.08), (0.33, 2.25), (0.28, 2.50),
    (0.25, _ELBOW), (-0.16, _ELBOW), (-0.20, 2.50), (-0.25, 2.20), (-0.29, 2.05), (-0.30, 1.93),
)  # fmt: skip
_ULNA: Final[Outline] = (
    (-0.64, 1.70), (-0.57, 1.71), (-0.56, 1.83), (-0.50, 1.87), (-0.40, 1.85), (-0.32, 1.88),
    (-0.32, 1.97), (-0.37, 2.08), (-0.43, 2.25), (-0.46, 2.50), (-0.47, _ELBOW), (-0.74, _ELBOW),
    (-0.72, 2.50), (-0.715, 2.20), (-0.73, 2.00), (-0.72, 1.85), (-0.69, 1.75),
)  # fmt: skip
_RADIUS_RIM: Final[Outline] = (
    (-0.28, 1.85), (-0.10, 1.87), (0.10, 1.84), (0.30, 1.77), (0.46, 1.71), (0.47, 1.82),
    (0.22, 1.92), (-0.08, 1.96), (-0.28, 1.94),
)  # fmt: skip
_RADIUS_PLATE: Final[Outline] = ((-0.32, 1.965), (-0.10, 1.99), (0.12, 1.97), (0.54, 1.93))
_ULNA_PLATE: Final[Outline] = ((-0.76, 1.93), (-0.55, 1.955), (-0.28, 1.95))


def wrist_bones(shape: Shape, maturity: Maturity, rng: np.random.Generator) -> list[Bone]:
    """Carpal bones, radius and ulna."""
    made: list[Bone] = []
    marrow = 0.31 * maturity.marrow
    for outline in _CARPALS.values():
        places = np.array(outline)
        centre = places.mean(axis=0)
        # Smoothing shrinks an outline, the more the fewer its corners.
        size = rng.normal(1.04, 0.02) + 0.6 / len(outline)
        places = centre + (places - centre) * maturity.carpal * size
        places = places + rng.normal(0.0, 0.01, 2) + rng.normal(0.0, 0.01, places.shape)
        density = marrow * rng.uniform(0.8, 1.25)
        made.append(lump(smooth(carry(shape, places)), _CARPAL_DEPTH, density))
        # Front and back of a carpal bone differ: a second, smaller contour shows inside the first.
        inner = centre + (places - centre) * rng.uniform(0.6, 0.85, 2) + rng.normal(0.0, 0.03, 2)
        made.append(lump(smooth(carry(shape, inner)), rng.uniform(0.005, 0.03), density))
    for centre_, axes, depth in (_PISIFORM, _HAMATE_HOOK):
        ring = ellipse(axes) * maturity.carpal * rng.normal(1.0, 0.06, (10, 1))
        ring = ring + np.array(centre_) + rng.normal(0.0, 0.02, 2)
        made.append(lump(smooth(carry(shape, ring)), depth, marrow * 0.8))
    if maturity.plate == 0:  # the far rim of the radius' joint surface
        rim = np.array(_RADIUS_RIM) + rng.normal(0.0, 0.01, (len(_RADIUS_RIM), 2))
        made.append(lump(smooth(carry(shape, rim)), rng.uniform(0.02, 0.06), marrow))
    for outline, plate, depths in (
        (_RADIUS, _RADIUS_PLATE, (0.16, 0.16, 0.16, 0.17, 0.2)),
        (_ULNA, _ULNA_PLATE, (0.14, 0.14, 0.13, 0.13, 0.13)),
    ):
        places = np.array(outline) + rng.normal(0.0, 0.006, (len(outline), 2))
        middle = float(places[places[:, 1] > _ELBOW - 1][:, 0].mean())
        ends = carry(shape, ((middle, _ELBOW), (middle, 1.85)))
        line = carry(shape, plate)
        made.append(
            Bone(
                outline=smooth(carry(shape, places)),
                base=ends[0],
                head=ends[1],
                depth=depths,
                cortex=(0.02, 0.075 * maturity.cortex),
                marrow=(0.34 * maturity.marrow, 0.15 * maturity.marrow),
                plates=(line,) if maturity.plate > 0 else (),
                scars=(line,) if maturity.scar > 0 else (),
            )
        )
    return made
