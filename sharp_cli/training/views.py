"""Draw annotated hands many times over, each time a little different.

A hand is bent towards the shape of another annotated hand, moved about as the hand finder would
misplace it, and its exposure is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.inference.joint_detector import Window, draw_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.datasets.annotations.hands import AnnotatedHand

VIEW_WIDTH: Final = 320
VIEW_HEIGHT: Final = 384
"""Pixels of a view, where nothing else is asked for; a choice by cross-validation, see
docs/detection.md."""

VIEW_HALF_HEIGHT: Final = 900.0
"""Canonical pixels from the centre to the edge: the mean hand's joints and a quarter more."""

_SMOOTHING: Final = 1 / 2560  # of a bend's spline, for a view whose side is 1

_FAR_FRACTION: Final = 0.5
"""Fraction of views misplaced as far as first views may be; the rest as little as further ones."""


@dataclass(frozen=True, slots=True)
class View:
    """A view drawn for training: uint8 (height, width) and positions (22, 2) in its pixels."""

    picture: NDArray[np.uint8]
    points: NDArray[np.float64]


def view_window(width: int = VIEW_WIDTH, height: int = VIEW_HEIGHT) -> Window:
    """What a network of this project sees of a hand, in a view of so many pixels."""
    return Window(width, height, VIEW_HALF_HEIGHT)


def draw_training_view(
    pixels: NDArray[np.float32],
    hand: AnnotatedHand,
    others: Sequence[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    window: Window | None = None,
) -> View:
    """Draw one augmented view of an annotated hand.

    Args:
        pixels: Its radiograph, float32, shape (height, width).
        hand: Its annotation.
        others: Positions of other hands in their canonical frames, shape (22, 2) each.
        rng: Decides everything random.
        window: The part of the canonical frame that a view shows; None for the usual.
    """
    window = window or view_window()
    truth = hand.positions()
    to_image = fit_hand(truth, mirror=hand.side == "right")
    jitter = misplacement(rng, far=rng.random() < _FAR_FRACTION)
    placed = to_image.after(jitter)
    picture = draw_view(pixels, placed, window)
    to_view = placed.after(window.frame).inverse()
    points = to_view(truth)
    if rng.random() < 0.8:
        canonical = to_image.inverse()(truth)
        other = others[int(rng.integers(len(others)))]
        goal = canonical + rng.uniform(0.2, 1.0) * (other - canonical)
        goal_view = jitter.after(window.frame).inverse()(goal)
        picture, points = _bend(picture, points, goal_view)
    return View(_expose(picture, rng), points)


def misplacement(rng: np.random.Generator, *, far: bool) -> Affine:
    """A small similarity of canonical coordinates: how a frame may lie beside the right one.

    Args:
        rng: Source of the choice.
        far: Whether as far as a first view, which the hand finder places; else as a further one.
    """
    return similarity(
        scale=float(np.exp(rng.normal(0, 0.18 if far else 0.06))),
        degrees=float(rng.normal(0, 14 if far else 5)),
        x=float(rng.normal(0, 110 if far else 35)),
        y=float(rng.normal(0, 110 if far else 35)),
    )


def _bend(
    picture: NDArray[np.uint8], points: NDArray[np.float64], goal: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Bend a view so that its points move towards `goal`, by a thin plate spline."""
    height, width = picture.shape
    known = np.isfinite(points).all(axis=1) & np.isfinite(goal).all(axis=1)
    edge = np.linspace(-0.3, 1.3, 4)
    frame = np.array([(x, y) for x in edge for y in edge if min(x, y) < 0 or max(x, y) > 1])
    frame *= (width, height)
    source = np.vstack([points[known], frame])
    target = np.vstack([goal[known], frame])
    # Smoothing keeps neighbouring points from folding the picture between them.
    spline = RBFInterpolator(target, source - target, smoothing=_SMOOTHING * height**2)
    coarse = np.linspace(0, 1, 24)
    grid = np.stack(np.meshgrid(coarse * (width - 1), coarse * (height - 1)), axis=-1)
    shift = spline(grid.reshape(-1, 2)).reshape(24, 24, 2).astype(np.float32)
    at_x, at_y = np.meshgrid(
        np.linspace(0, 23, width, dtype=np.float32), np.linspace(0, 23, height, dtype=np.float32)
    )
    full = cv2.remap(shift, at_x, at_y, cv2.INTER_LINEAR)
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    bent = cv2.remap(picture, columns + full[..., 0], rows + full[..., 1], cv2.INTER_LINEAR)
    moved = points.copy()
    for _ in range(8):  # The spline maps back; where a point goes is its fixed point.
        moved[known] = points[known] - spline(moved[known])
    return np.asarray(bent, dtype=np.uint8), moved


def _expose(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change gamma, contrast and evenness of exposure, and lay borders and markers over it."""
    height, width = picture.shape
    value = (picture / 255.0).astype(np.float32)
    value = value ** float(np.exp(rng.normal(0, 0.35)))
    slope = rng.normal(0, 0.15, 2)
    across, down = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    value = value * (1 + slope[0] * across + slope[1] * down)
    value = (value - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.normal(0, 0.08)
    if rng.random() < 0.25:
        value = np.asarray(cv2.GaussianBlur(value, (0, 0), rng.uniform(0.4, 1.5)))
    picture = np.clip(value * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _draw_border(picture, rng)
    if rng.random() < 0.2:
        place = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        letter = str(rng.choice(list("LRPA27")))
        cv2.putText(picture, letter, place, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.5, 1.4), 255, 2)
    return picture


def _draw_border(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    depth = int(rng.integers(5, round(0.16 * picture.shape[0])))
    value = int(rng.choice(np.array([0, 255, rng.integers(256)])))
    edge = (slice(0, depth), slice(-depth, None))[rng.integers(2)]
    if rng.random() < 0.5:
        picture[edge] = value
    else:
        picture[:, edge] = value
