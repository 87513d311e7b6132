"""Lay something opaque over views of joints, while a network learns whether they are to be seen.

The views are those of `sharp_cli.inference.visibility`. What is laid over them is a choice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import similarity
from sharp_cli.inference.visibility import SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Views = NDArray[np.float32]

_REACH: Final = 7.5  # px of a view: the place of a joint is a little smaller
_STRAIGHT: Final = 0.35  # of what covers, so much has a straight edge across the view


def cover(view: Views, rng: np.random.Generator, *, beside: bool) -> Views:
    """Lay something opaque on the middle of a view, or beside it.

    Args:
        view: float32, shape (SIDE, SIDE), 0…1 for most of a hand.
        rng: Chooses what and where.
        beside: Whether the place of the joint stays free.
    """
    draw = _straight if rng.random() < _STRAIGHT else _blot
    mask = np.zeros(view.shape, np.float32)
    outline = np.rint(draw(rng, beside=beside) + (SIDE - 1) / 2).astype(np.int32)
    cv2.fillPoly(mask, [outline], 1.0)
    mask *= np.float32(1 if rng.random() < 0.75 else rng.uniform(0.88, 1))
    return np.asarray(view * (1 - mask) + _surface(view, rng) * mask, np.float32)


def _blot(rng: np.random.Generator, *, beside: bool) -> Array:
    """The outline of something about as large as a joint, around the middle of a view at 0."""
    corners = int(rng.integers(4, 14))
    turn = np.linspace(0, 2 * math.pi, corners, endpoint=False) + rng.uniform(0, math.pi)
    half = rng.uniform(4, 20, 2) if beside else rng.uniform(_REACH, 24, 2)
    radius = rng.uniform(0.8, 1.15, corners) if rng.random() < 0.5 else np.ones(corners)
    outline = np.stack([np.cos(turn), np.sin(turn)], axis=1) * half * radius[:, None]
    outline = similarity(degrees=rng.uniform(0, 180))(outline)
    if beside:
        angle = rng.uniform(0, 2 * math.pi)
        away = np.array([math.cos(angle), math.sin(angle)])
        outline += away * (_REACH - (outline @ away).min() + rng.uniform(0, 6))
    else:
        outline += rng.uniform(-0.25, 0.25, 2) * half.min()
    return np.asarray(outline, np.float64)


def _straight(rng: np.random.Generator, *, beside: bool) -> Array:
    """The outline of all beyond a line: a shutter, or the picture's edge."""
    # Up to the place of the joint and no farther; or over more than half of it.
    edge = rng.uniform(_REACH - 1.5, _REACH + 6) if beside else rng.uniform(-SIDE / 3, -1)
    beyond = np.array([(edge, -SIDE), (SIDE, -SIDE), (SIDE, SIDE), (edge, SIDE)])
    return np.asarray(similarity(degrees=rng.uniform(0, 360))(beyond), np.float64)


def _surface(view: Views, rng: np.random.Generator) -> Views:
    """Metal, one gray, one of the view's own, or clouds; with or without grain."""
    kind = rng.integers(4)
    gray = (rng.uniform(0.8, 1.3), rng.uniform(-0.3, 1.0), np.percentile(view, rng.uniform(0, 100)))
    if kind < len(gray):
        surface = np.full_like(view, gray[kind])
    else:
        cells = int(rng.choice([4, 8, 16, 32, 48]))
        clouds = rng.random((cells, cells), np.float32)
        surface = cv2.resize(clouds, view.shape, interpolation=cv2.INTER_CUBIC)
        surface = surface * rng.uniform(0.1, 1) + rng.uniform(-0.2, 0.8)
    if rng.random() < 0.4:
        surface = surface + rng.standard_normal(view.shape, np.float32) * rng.uniform(0, 0.08)
    return np.asarray(surface, np.float32)
