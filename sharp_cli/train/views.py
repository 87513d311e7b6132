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

from sharp_cli.detect import draw_view, view_frame
from sharp_cli.geometry import Affine, fit_similarity, similarity
from sharp_cli.template import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.dataset import AnnotatedHand

VIEW_SIZE: Final = 320
"""Height and width of a view in pixels, where nothing else is asked for."""

VIEW_HALF_WIDTH: Final = 900.0
"""Canonical pixels from the centre to the edge: the mean hand's joints and a quarter more."""

_SMOOTHING: Final = 1 / 2560  # of a bend's spline, for a view whose side is 1

_FAR_SHARE: Final = 0.5
"""Share of views misplaced as far as a first look may be; the rest as little as a second one."""


@dataclass(frozen=True, slots=True)
class View:
    """A view drawn for training: uint8 (size, size) and positions (22, 2) in its pixels."""

    picture: NDArray[np.uint8]
    points: NDArray[np.float64]


def draw_training_view(
    pixels: NDArray[np.float32],
    hand: AnnotatedHand,
    others: Sequence[NDArray[np.float64]],
    rng: np.random.Generator,
    *,
    size: int = VIEW_SIZE,
) -> View:
    """Draw one augmented view of an annotated hand.

    Args:
        pixels: Its radiograph, float32, shape (height, width).
        hand: Its annotation.
        others: Positions of other hands in their canonical frames, shape (22, 2) each.
        rng: Source of every random choice.
        size: Height and width of the view.
    """
    truth = hand.positions()
    to_image = canonical_frame(truth, mirror=hand.side == "right")
    jitter = misplacement(rng, far=rng.random() < _FAR_SHARE)
    view = view_frame(VIEW_HALF_WIDTH, size)
    placed = to_image.after(jitter)
    picture = draw_view(pixels, placed, view, size)
    to_view = placed.after(view).inverse()
    points = to_view(truth)
    if rng.random() < 0.8:
        canonical = to_image.inverse()(truth)
        other = others[int(rng.integers(len(others)))]
        goal = canonical + rng.uniform(0.2, 1.0) * (other - canonical)
        goal_view = jitter.after(view).inverse()(goal)
        picture, points = _bend(picture, points, goal_view)
    return View(_expose(picture, rng), points)


def misplacement(rng: np.random.Generator, *, far: bool) -> Affine:
    """A small similarity of canonical coordinates: how a frame may lie beside the right one.

    Args:
        rng: Source of the choice.
        far: Whether as far as at a first look, by the hand finder alone; else as at a second one.
    """
    return similarity(
        scale=float(np.exp(rng.normal(0, 0.18 if far else 0.06))),
        degrees=float(rng.normal(0, 14 if far else 5)),
        x=float(rng.normal(0, 110 if far else 35)),
        y=float(rng.normal(0, 110 if far else 35)),
    )


def canonical_frame(points: NDArray[np.float64], *, mirror: bool) -> Affine:
    """The similarity from the mean hand to annotated `points`, shape (22, 2), NaN where absent."""
    known = np.isfinite(points).all(axis=1)
    return fit_similarity(TEMPLATE[known], points[known], mirror=mirror)


def _bend(
    picture: NDArray[np.uint8], points: NDArray[np.float64], goal: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Bend a view so that its points move towards `goal`, by a thin plate spline."""
    size = picture.shape[0]
    known = np.isfinite(points).all(axis=1) & np.isfinite(goal).all(axis=1)
    edge = np.linspace(-0.3 * size, 1.3 * size, 4)
    frame = np.array([(x, y) for x in edge for y in edge if min(x, y) < 0 or max(x, y) > size])
    source = np.vstack([points[known], frame])
    target = np.vstack([goal[known], frame])
    # Smoothing keeps neighbouring points from folding the picture between them.
    spline = RBFInterpolator(target, source - target, smoothing=_SMOOTHING * size**2)
    coarse = np.linspace(0, size - 1, 24)
    grid = np.stack(np.meshgrid(coarse, coarse), axis=-1)
    shift = spline(grid.reshape(-1, 2)).reshape(24, 24, 2).astype(np.float32)
    ramp = np.linspace(0, 23, size, dtype=np.float32)
    at_x, at_y = np.meshgrid(ramp, ramp)
    full = cv2.remap(shift, at_x, at_y, cv2.INTER_LINEAR)
    columns, rows = np.meshgrid(
        np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32)
    )
    bent = cv2.remap(picture, columns + full[..., 0], rows + full[..., 1], cv2.INTER_LINEAR)
    moved = points.copy()
    for _ in range(8):  # The spline maps back; where a point goes is its fixed point.
        moved[known] = points[known] - spline(moved[known])
    return np.asarray(bent, dtype=np.uint8), moved


def _expose(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change gamma, contrast and evenness of exposure, and lay borders and markers over it."""
    size = picture.shape[0]
    value = (picture / 255.0).astype(np.float32)
    value = value ** float(np.exp(rng.normal(0, 0.35)))
    slope = rng.normal(0, 0.15, 2)
    ramp = np.linspace(-0.5, 0.5, size)
    value = value * (1 + slope[0] * ramp[None, :] + slope[1] * ramp[:, None])
    value = (value - 0.5) * rng.uniform(0.6, 1.3) + 0.5 + rng.normal(0, 0.08)
    if rng.random() < 0.25:
        value = np.asarray(cv2.GaussianBlur(value, (0, 0), rng.uniform(0.4, 1.5)))
    picture = np.clip(value * 255, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _draw_border(picture, rng)
    if rng.random() < 0.2:
        place = (int(rng.integers(0, size)), int(rng.integers(0, size)))
        letter = str(rng.choice(list("LRPA27")))
        cv2.putText(picture, letter, place, cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.5, 1.4), 255, 2)
    return picture


def _draw_border(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    size = picture.shape[0]
    width = int(rng.integers(5, round(0.16 * size)))
    value = int(rng.choice(np.array([0, 255, rng.integers(256)])))
    side = rng.integers(4)
    if side < 2:
        picture[(slice(0, width), slice(size - width, size))[side]] = value
    else:
        picture[:, (slice(0, width), slice(size - width, size))[side - 2]] = value
