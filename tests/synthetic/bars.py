"""A patch of a schematic joint: two bars of bone in soft tissue with a gap between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SOFT, BONE, CORTEX = 0.35, 0.65, 0.8
GAP = 1.5  # mm


def bars(width: int = 250, height: int = 250, box: int = 250) -> NDArray[np.float32]:
    """Two bones 14 mm wide, their joint line horizontal through the centre."""
    scale = 10 * width / box
    x = np.abs(np.arange(width) - (width - 1) / 2)[None] / scale
    y = np.abs(np.arange(height) - (height - 1) / 2)[:, None] / scale
    depth = np.minimum(7 - x, y - GAP / 2)  # into the bone, in mm
    edge = np.clip(depth * scale + 0.5, 0, 1)
    patch = SOFT + edge * (BONE - SOFT) + (CORTEX - BONE) * edge * (depth < 0.6)
    patch = cv2.GaussianBlur(patch, (0, 0), 0.15 * scale)  # as a detector does
    grain = np.random.default_rng(0).normal(0, 0.01, patch.shape)
    return np.asarray(patch + grain, dtype=np.float32)


def gap(patch: NDArray[np.float32]) -> float:
    """Mean dark height in mm over the middle 10 mm of a `bars` patch of 250 pixels."""
    rows = patch[80:170, 75:175]
    return float((rows < (SOFT + CORTEX) / 2).sum(axis=0).mean() / 10)
