"""What a bone is: outline, thickness along the beam, cortex, spongy bone, plates and ridges.

Lengths are in units of the median proximal phalanx (about 40 mm in an adult), in the frame of
`sharp_cli.synthetic.phantom.shape`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_RIND: Final = 0.014  # thickness of a short bone's cortex
_TAPER: Final = 1.6  # short bones are lenses: where two overlap, both are thin

Growth = Literal["tip", "phalanx", "metacarpal", "forearm"]

_CLOSES: Final[dict[Growth, float]] = {
    "tip": 0.45,
    "phalanx": 0.62,
    "metacarpal": 0.52,
    "forearm": 0.95,
}
"""Stage of growth at which plates close: those of the end phalanges first, the wrist's last
(Greulich and Pyle, Radiographic Atlas of Skeletal Development, 1959, give the order)."""

_SCAR: Final[dict[Growth, float]] = {
    "tip": 0.03,
    "phalanx": 0.045,
    "metacarpal": 0.02,
    "forearm": 0.04,
}
"""Attenuation at most of the line that a closed plate leaves."""

_APART: Final = 0.08  # spread of the stages of growth at which a hand's plates are
_WIDEST: Final = 0.036  # a growth plate well before it closes


@dataclass(frozen=True, slots=True)
class Maturity:
    """How grown and how dense the bones are.

    Attributes:
        stage: Of growth: from 0 in a child of about ten to 1, when the last plates have closed.
        scar: Strength of the line that a closed plate leaves, 0…1.
        carpal: Size of the carpal bones relative to an adult's.
        width: Widths of long bones relative to an adult's.
        cortex: Thickness of the cortex in the shafts relative to a healthy adult's.
        marrow: Density of the spongy bone relative to a healthy adult's.
    """

    stage: float
    scar: float
    carpal: float
    width: float
    cortex: float
    marrow: float

    def plate(self, growth: Growth) -> float:
        """Width of the growth plates of a kind of bone; 0 once they are closed."""
        left = 1.0 - self.stage / _CLOSES[growth]
        return 0.0 if left <= 0 else _WIDEST * min(1.0, 0.3 + left)


@dataclass(frozen=True, slots=True)
class Ridge:
    """A line along which the beam meets bone edge on, such as the rim of a joint surface.

    Attributes:
        line: Shape (M, 2).
        strength: Attenuation at its middle.
        width: Its width.
    """

    line: Array
    strength: float
    width: float = 0.012


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
        shaft: How far along it, 0…1, the marrow is as thin as in the shaft, the cortex as thick
            as there; where the shaft ends, and where the head begins.
        columns: Fraction of its struts that run along its axis; the others have no direction.
        plates: Widths of open growth plates and their lines, each of shape (M, 2).
        ridges: Lines that are brighter than the bone around them.
        name: Of the bones that others must find; parts of one bone share it.
    """

    outline: Array
    base: Array
    head: Array
    depth: tuple[float, ...]
    cortex: tuple[float, float]
    marrow: tuple[float, float]
    taper: float = 1.0
    shaft: tuple[float, float, float, float] = (0.28, 0.42, 0.66, 0.88)
    columns: float = 0.0
    plates: tuple[tuple[float, Array], ...] = ()
    ridges: tuple[Ridge, ...] = ()
    name: str = ""


def smooth(control: Array, rounds: int = 4) -> Array:
    """Round a closed polygon's corners (Chaikin 1974): a quadratic B-spline in the limit."""
    for _ in range(rounds):
        following = np.roll(control, -1, axis=0)
        cut = np.stack([0.75 * control + 0.25 * following, 0.25 * control + 0.75 * following], 1)
        control = cut.reshape(-1, 2)
    return control


def lump(
    outline: Array, depth: float, marrow: float, ridges: tuple[Ridge, ...] = (), name: str = ""
) -> Bone:
    """A short bone, or a ridge of one: the same all along its axis."""
    centre = outline.mean(axis=0)
    up = np.array([0.0, -0.2])
    ends = centre - up, centre + up
    return Bone(
        outline,
        *ends,
        (depth, depth),
        (_RIND, _RIND),
        (marrow, marrow),
        taper=_TAPER,
        columns=0.35,
        ridges=ridges,
        name=name,
    )


def growth_lines(
    line: Array, growth: Growth, maturity: Maturity, rng: np.random.Generator
) -> tuple[tuple[tuple[float, Array], ...], tuple[Ridge, ...]]:
    """What the growth plate along a line looks like at a stage of growth.

    An open plate is a dark slit between two bright borders; shortly before it closes it breaks up;
    closed it is a bright line that fades over the years.

    Args:
        line: Shape (M, 2), in equal steps.
        growth: Whose plate it is.
        maturity: Of the hand.
        rng: Decides how it breaks up.

    Returns:
        The plates and the ridges of a bone.
    """
    stage = maturity.stage + (float(rng.normal(0.0, _APART)) if maturity.stage < 1 else 0.0)
    width = replace(maturity, stage=stage).plate(growth)
    if width == 0:
        return (), (Ridge(line, _SCAR[growth] * maturity.scar * float(rng.uniform(0.1, 1.0))),)
    closing = width < 0.5 * _WIDEST
    kept = rng.random(len(line) - 1) > (0.45 if closing else 0.0)
    pieces = tuple(
        (width * float(rng.uniform(0.75, 1.15)), line[i : i + 2])
        for i in range(len(line) - 1)
        if kept[i]
    )
    along = line[-1] - line[0]
    off = np.array([-along[1], along[0]]) / np.hypot(*along)
    reach = 0.5 * width + 0.008
    borders = tuple(
        Ridge(line + sign * reach * off, float(rng.uniform(0.02, 0.055)), 0.014)
        for sign in (-1.0, 1.0)
    )
    return pieces, borders


def ellipse(axes: tuple[float, float], count: int = 10) -> Array:
    """Control points of an ellipse around the origin, shape (count, 2)."""
    turns = np.linspace(0.0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([axes[0] * np.cos(turns), axes[1] * np.sin(turns)])
