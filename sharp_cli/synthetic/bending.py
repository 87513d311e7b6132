"""Bend a picture smoothly, and the points in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from sharp_cli.inference.hand_finder import INPUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def bend_points(points: Points, bend: NDArray[np.float32]) -> Points:
    """Where points of the unbent picture come to lie: p' with p' + bend(p') = p."""
    moved = points
    for _ in range(6):
        at = moved.astype(np.float32)[:, None]
        step = cv2.remap(bend, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        moved = points - step[:, 0]
    return moved


def thin_plate(at: Points, values: Points, where: Points) -> Points:
    """The smoothest field with `values` at points (Bookstein 1989), evaluated elsewhere."""

    def kernel(first: Points, second: Points) -> Points:
        squared = ((first[:, None] - second[None]) ** 2).sum(axis=-1) / INPUT**2
        return np.asarray(squared * np.log(squared + 1e-9))

    count = len(at)
    flat = np.column_stack([np.ones(count), at / INPUT])
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = kernel(at, at) + 1e-4 * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    solution = np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))
    ahead = np.column_stack([kernel(where, at), np.ones(len(where)), where / INPUT])
    return np.asarray(ahead @ solution)
