"""What a bone is: outline, thickness along the beam, cortex, spongy bone and growth plates.

Lengths are in units of the median proximal phalanx (about 40 mm in an adult), in the frame of
`sharp_cli.phantom.shape`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_RIND: Final = 0.013  # thickness of a short bone's cortex
_TAPER: Final = 1.15  # short bones are lenses: where two overlap, both are thin


@dataclass(frozen=True, slots=True)
class Maturity:
    """How grown and how dense the bones are.

    Attributes:
        plate: Width of the growth plates; 0 where they are closed.
        scar: Strength of the line a closed plate leaves, 0…1.
        carpal: Size of the carpal bones relative to an adult's.
        width: Widths of long bones relative to an adult's.
        cortex: Thickness of the cortex in the shafts relative to a healthy adult's.
        marrow: Density of the spongy bone relative to a healthy adult's.
    """

    plate: float
    scar: float
    carpal: float
    width: float
    cortex: float
    marrow: float


@dataclass(frozen=True, slots=True)
class Bone:
    """One bone, ready to be rendered.

    Attributes:
        outline: Closed outline, shape (N, 2).
        base: Proximal end of its axis, shape (2,).
        head: Distal end of its axis, shape (2,).
        depth: Half thickness along the beam at equal steps from base to head.
        cortex: Thickness of the cortex at the ends and in the shaft.
        marrow: Density of the spongy bone (cortex is 1) at the ends and in the shaft.
        taper: How it thins out towards its edges: 1 as a tube does, more the more sharply.
        plates: Lines of open growth plates, each of shape (M, 2).
        scars: Lines of closed ones.
    """

    outline: Array
    base: Array
    head: Array
    depth: tuple[float, ...]
    cortex: tuple[float, float]
    marrow: tuple[float, float]
    taper: float = 1.0
    plates: tuple[Array, ...] = ()
    scars: tuple[Array, ...] = ()


def smooth(control: Array, rounds: int = 4) -> Array:
    """Round a closed polygon's corners (Chaikin 1974): a quadratic B-spline in the limit."""
    for _ in range(rounds):
        following = np.roll(control, -1, axis=0)
        cut = np.stack([0.75 * control + 0.25 * following, 0.25 * control + 0.75 * following], 1)
        control = cut.reshape(-1, 2)
    return control


def lump(outline: Array, depth: float, marrow: float) -> Bone:
    """A short bone, or a ridge of one: the same all along its axis."""
    centre = outline.mean(axis=0)
    up = np.array([0.0, -0.2])
    ends = centre - up, centre + up
    return Bone(outline, *ends, (depth, depth), (_RIND, _RIND), (marrow, marrow), taper=_TAPER)


def ellipse(axes: tuple[float, float], count: int = 10) -> Array:
    """Control points of an ellipse around the origin, shape (count, 2)."""
    turns = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([axes[0] * np.cos(turns), axes[1] * np.sin(turns)])
