"""Soft tissue: how thick it is along the beam, with muscles, fat, folds of the skin and vessels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.synthetic.phantom.render import SHIFT, chord, distance, fixed
from sharp_cli.synthetic.phantom.shape import Shape, carry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Picture = NDArray[np.float32]

SOFT: Final = 0.18
"""Attenuation of soft tissue relative to cortical bone, per length.

A choice: at 55 kV it is about 0.14, but so it is as bright beside bone as on radiographs.
"""

_KNUCKLES: Final = (21, 25, 29, 33)  # the MCP joints' landmarks
# Half widths of the soft tissue from the first joint of a finger to its tip, in units.
_FINGER_RADII: Final = (0.25, 0.235, 0.2, 0.16)
_THUMB_RADII: Final = (0.31, 0.265, 0.22, 0.18)
_FLAT: Final = (1.0, 0.6, 1.08)  # thickness at the PIP and MCP joint and the base of finger 3
_COARSE: Final = 130.0  # pixels of a unit length in which it is drawn
_WEB: Final = 0.4  # how far up the proximal phalanges a web reaches
_HOLLOW: Final = 0.25  # how far between them
_THIN: Final = 0.08  # half thickness of a web, in units
_EDGE: Final = 0.5
_SKIN_TAPER: Final = 0.75  # a hand lies flat: its soft tissue is less round than a tube
_FAT: Final = 0.72  # attenuation of fat beside that of muscle, at about 55 kV
_FAT_DEPTH: Final = 0.07  # thickness of the fat under the skin, in units


def soft_tissue(
    shape: Shape,
    place: Callable[[Array], Array],
    size: tuple[int, int],
    unit: float,
    rng: np.random.Generator,
) -> Picture:
    """Thickness of the soft tissue in units, that of fat counted as less.

    With the bellies of muscles, folds of the skin and vessels.

    Args:
        shape: Of the hand.
        place: Maps places in units to the picture's pixels.
        size: Width and height of the picture.
        unit: Pixels of a unit length.
        rng: Of what is this hand's own.
    """
    chains, hull = _envelope(shape, rng)
    soft = _thickness(
        [(place(places), radii * unit) for places, radii in chains],
        place(hull),
        place(_webs(shape)),
        size,
        unit=unit,
    )
    # The hand is thinner at the knuckles than at the balls of thumb and little finger.
    anchors = [float(place(shape.landmarks[[mark]])[0, 1]) for mark in (26, 25, 15)]
    soft *= np.interp(np.arange(size[1]), anchors, _FLAT)[:, None].astype(np.float32)
    clouds = 0.06 * rng.standard_normal((12, 9)).astype(np.float32)
    lobules = 0.04 * rng.standard_normal((60, 45)).astype(np.float32)
    bundles = 0.045 * rng.standard_normal((30, 22)).astype(np.float32)
    for cells in (clouds, bundles, lobules):
        soft *= 1.0 + cv2.resize(cells, size, interpolation=cv2.INTER_CUBIC)
    folds = np.zeros((size[1] // 2 + 1, size[0] // 2 + 1), dtype=np.float32)
    for _ in range(int(rng.integers(4, 14))):
        start = rng.uniform((-1.0, -0.6), (1.2, 1.9))
        turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0.0, 0.25, 12))
        steps = 0.05 * rng.uniform(0.5, 2.0) * np.column_stack([np.cos(turn), np.sin(turn)])
        line = place(carry(shape, start + np.cumsum(steps, axis=0))) / 2
        width = max(1, round(rng.uniform(0.008, 0.03) * unit / 2))
        change = float(rng.normal(0.0, 0.09))
        cv2.polylines(
            folds, [np.round(line * 16).astype(np.int32)], False, change, width, cv2.LINE_AA, 4
        )
    folds = cv2.GaussianBlur(folds, (0, 0), 0.012 * unit / 2)
    soft *= 1.0 + cv2.resize(folds, size, interpolation=cv2.INTER_LINEAR)
    return soft


def _envelope(shape: Shape, rng: np.random.Generator) -> tuple[list[tuple[Array, Array]], Array]:
    """Limbs of soft tissue (places, half widths) and the palm's polygon, in units."""
    marks = shape.landmarks
    plump = float(rng.uniform(0.9, 1.12))
    chains: list[tuple[Array, Array]] = []
    for numbers, scale in (
        ((17, 18, 19, 20), 1.12),
        ((21, 22, 23, 24), 1.0),
        ((25, 26, 27, 28), 1.0),
        ((29, 30, 31, 32), 0.94),
        ((33, 34, 35, 36), 0.84),
    ):
        places = marks[list(numbers)].copy()
        last = places[-1] - places[-2]
        places[-1] -= last / np.hypot(*last) * 0.03
        radii = np.array(_FINGER_RADII if numbers[0] in _KNUCKLES else _THUMB_RADII)
        chains.append((places, radii * scale * plump))
    mid = carry(shape, ((-0.1, 1.35), (-0.08, 1.75), (-0.1, 1.95), (-0.14, 2.3), (-0.16, 4.2)))
    chains.append((mid, np.array([0.74, 0.71, 0.7, 0.68, 0.82]) * (0.3 + 0.7 * plump)))
    out = 0.24 * plump
    palm = np.stack(
        [
            marks[21] + [0.05 + out, 0.12],
            marks[25] + [0.0, 0.0],
            marks[29] + [-0.05, 0.08],
            marks[33] + [0.04 - out, 0.06],
            *carry(shape, ((-0.86, 0.95), (-0.78, 1.45), (0.62, 1.5), (0.95, 1.0))),
            0.8 * marks[18] + 0.2 * marks[17],
            0.42 * (marks[18] + marks[21]) + 0.16 * marks[17],
        ]
    )
    return chains, palm


def _webs(shape: Shape) -> Array:
    """The polygon of the webs between the fingers, which reach far up the proximal phalanges."""
    marks = shape.landmarks
    roots = marks[list(_KNUCKLES)]
    fingers = marks[[mark + 1 for mark in _KNUCKLES]] - roots
    edge = np.empty((2 * len(roots) - 1, 2))
    edge[::2] = roots + _WEB * fingers
    # Its free edge is hollow.
    edge[1::2] = (roots[1:] + roots[:-1] + _HOLLOW * (fingers[1:] + fingers[:-1])) / 2
    return np.vstack([edge, roots[::-1]])


def _thickness(
    chains: Sequence[tuple[Array, Array]],
    hull: Array,
    webs: Array,
    size: tuple[int, int],
    *,
    unit: float,
) -> Picture:
    """Thickness in units.

    Args:
        chains: Limbs: places along each, shape (N, 2), and the half widths there in pixels.
        hull: The palm, shape (M, 2).
        webs: The thin webs between the fingers, shape (K, 2).
        size: Width and height of the picture.
        unit: Pixels of a unit length.
    """
    # A coarse picture is enough for what is smooth, and many times as fast.
    step = max(1, round(unit / _COARSE))
    small = (size[0] // step + 1, size[1] // step + 1)
    mask = np.zeros((small[1], small[0]), dtype=np.uint8)
    for places, radii in chains:
        for a, b, ra, rb in zip(places, places[1:], radii, radii[1:], strict=False):
            for t in np.linspace(0.0, 1.0, 12):
                centre = fixed((a + (b - a) * t) / step)
                radius = int((ra + (rb - ra) * t) / step * (1 << SHIFT))
                cv2.circle(mask, (int(centre[0]), int(centre[1])), radius, 1, -1, shift=SHIFT)
    cv2.fillPoly(mask, [fixed(hull / step)], 1, shift=SHIFT)
    fold = max(3, round(0.08 * unit / step)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (fold, fold))
    mask = cv2.copyMakeBorder(mask, 0, fold, 0, 0, cv2.BORDER_REPLICATE)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    thin = np.zeros_like(mask)
    for part in (hull, webs):
        cv2.fillPoly(thin, [fixed(part / step)], 1, shift=SHIFT)
    sigma = 0.02 * unit / step
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    inside = distance((soft > _EDGE).astype(np.uint8))
    # At the skin the blurred mask resolves parts of a pixel: its slope there is that of a step.
    skin = (soft - _EDGE) * sigma * np.sqrt(2 * np.pi)
    inside = np.where(inside < sigma, np.maximum(skin, 0.0), inside) * np.float32(step / unit)
    kernel = np.ones((round(0.45 * unit / step) | 1,) * 2, dtype=np.uint8)
    depth = cv2.GaussianBlur(
        cv2.dilate(inside.astype(np.float32), kernel), (0, 0), 0.22 * unit / step
    )
    deep = np.clip(depth, 0.1, 0.42)
    thick = chord(inside, deep, _SKIN_TAPER)
    muscle = chord(np.maximum(inside - _FAT_DEPTH, 0.0), np.maximum(deep - _FAT_DEPTH, 0.02), 1.0)
    thick = _FAT * thick + (1 - _FAT) * muscle
    skin_fold = _FAT * chord(
        distance(thin) * np.float32(step / unit), np.full_like(thick, _THIN), 1.0
    )
    thick = np.maximum(thick, cv2.GaussianBlur(skin_fold, (0, 0), 2.5 * sigma))
    thick = cv2.GaussianBlur(thick[: small[1]], (0, 0), 0.5)
    large = cv2.resize(thick, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.maximum(large[: size[1], : size[0]], 0.0), dtype=np.float32)
