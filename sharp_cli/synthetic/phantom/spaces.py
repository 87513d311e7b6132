"""Joint spaces of the wrist: as wide as the grade of their narrowing (JSN) leaves them.

Fingers have plain spaces, which `sharp_cli.synthetic.lesions` narrows in the picture. In the wrist
bones hide one another: there the bones' surfaces themselves are moved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.synthetic.narrowing import NORMAL_GAP, NORMAL_WRIST_GAP, REMAINING_GAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.synthetic.phantom.bone import Bone

    Array = NDArray[np.float64]

SPACES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "CMC3": (("metacarpal 3",), ("capitate",)),
    "CMC4": (("metacarpal 4",), ("hamate",)),
    "CMC5": (("metacarpal 5",), ("hamate",)),
    "multangular-navicular": (("trapezium", "trapezoid"), ("navicular",)),
    "capitate-navicular-lunate": (("capitate",), ("navicular", "lunate")),
    "radiocarpal": (("navicular", "lunate"), ("radius",)),
}
"""The joints, and the bones distal and proximal of each."""

_UNIT_MM: Final = 40.0  # an adult's proximal phalanx
_THIN: Final = 0.02  # bones thin out towards their edges: those in contact overlap by this much
_REACH: Final = 0.17  # half width of the surfaces that are set
_WIDER: Final[Mapping[str, float]] = {"radiocarpal": 0.27}
_FADE: Final = 0.09  # beyond them along the joint's line, to where nothing moves
_DEEP: Final = 0.14  # from a surface into the bone to where nothing moves
_NEAR: Final = 0.2  # a surface is not farther from the centre than this
_MOST: Final = 0.06  # that a surface moves
_BINS: Final = 15


def set_spaces(
    bones: Sequence[Bone],
    centres: Mapping[str, Array],
    narrowing: Mapping[str, int],
    *,
    cartilage: float,
    seeds: tuple[int, ...],
) -> list[Bone]:
    """Move the surfaces of the wrist's bones until the joint spaces have their widths.

    Args:
        bones: All bones of a hand; lengths in units.
        centres: (x, y) of the joints.
        narrowing: SHS grade of JSN by joint; 0 for those not named.
        cartilage: How much wider than an adult's the spaces are.
        seeds: Of the person and the hand.
    """
    made = list(bones)
    for number, (joint, sides) in enumerate(SPACES.items()):
        rng = np.random.default_rng((*seeds, number))
        usual = NORMAL_GAP.get(joint.rstrip("345"), NORMAL_WRIST_GAP) / _UNIT_MM
        width = cartilage * usual * float(rng.uniform(0.75, 1.15))
        tilt = float(rng.uniform(-0.3, 0.3))  # the same before the disease and after it
        grade = narrowing.get(joint, 0)
        if grade:
            width *= float(rng.uniform(*REMAINING_GAP[grade]))
        distal, proximal = ([i for i, b in enumerate(made) if b.name in names] for names in sides)
        middles = [np.mean([made[i].outline.mean(axis=0) for i in part], axis=0)
                   for part in (distal, proximal)]  # fmt: skip
        axis = (middles[0] - middles[1]) / np.hypot(*(middles[0] - middles[1]))
        reach = _WIDER.get(joint, _REACH)
        frame = np.stack([np.array([-axis[1], axis[0]]) / reach, axis])
        surfaces = [
            _surface((made[i].outline for i in part), centres[joint], frame, sign)
            for part, sign in ((distal, -1.0), (proximal, 1.0))
        ]
        wanted = width * (1.0 + tilt * np.linspace(-1.0, 1.0, _BINS)) - _THIN
        change = np.clip((wanted - (surfaces[0] - surfaces[1])) / 2, -_MOST, _MOST)
        change = np.convolve(np.pad(change, 2, mode="edge"), np.full(5, 0.2), mode="valid")
        for part, sign, surface in zip((distal, proximal), (1.0, -1.0), surfaces, strict=True):
            for i in part:
                made[i] = _moved(made[i], centres[joint], frame, surface, sign * change)
    return made


def _surface(outlines: Iterable[Array], centre: Array, frame: Array, sign: float) -> Array:
    """How far along the axis the surface nearest the joint lies, shape (_BINS,).

    Args:
        outlines: Of the bones on one side.
        centre: Of the joint.
        frame: Vectors along its line (1 is the end of the surface) and along its axis.
        sign: -1 for the lowest part of the bones, 1 for their highest.
    """
    found = np.full(_BINS, -np.inf)
    for outline in outlines:
        along, across = frame @ (outline - centre).T
        near = (np.abs(along) < 1.0) & (np.abs(across) < _NEAR)
        bins = ((along[near] + 1.0) / 2 * _BINS).astype(int)
        np.maximum.at(found, bins, sign * across[near])
    known = np.flatnonzero(np.isfinite(found))
    if not len(known):
        return np.full(_BINS, sign * -_NEAR)
    return np.asarray(sign * np.interp(np.arange(_BINS), known, found[known]), dtype=np.float64)


def _moved(bone: Bone, centre: Array, frame: Array, surface: Array, change: Array) -> Bone:
    """A bone whose surface at a joint is moved along the joint's axis by `change`."""
    places = np.linspace(-1.0, 1.0, _BINS)
    end = 1.0 + _FADE * float(np.hypot(*frame[0]))

    def move(points: Array) -> Array:
        along, across = frame @ (points - centre).T
        depth = np.abs(across - np.interp(along, places, surface))
        weight = _bump(along / end) * _bump(depth / _DEEP)
        shift = weight * np.interp(along, places, change)
        return np.asarray(points + shift[:, None] * frame[1], dtype=np.float64)

    return replace(
        bone,
        outline=move(bone.outline),
        plates=tuple((width, move(line)) for width, line in bone.plates),
        ridges=tuple(replace(ridge, line=move(ridge.line)) for ridge in bone.ridges),
    )


def _bump(radius: Array) -> Array:
    """1 at 0, smoothly down to 0 at 1 and beyond."""
    return np.asarray(np.clip(1.0 - radius * radius, 0.0, 1.0), dtype=np.float64)
