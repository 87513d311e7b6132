"""The canonical frame of a hand: the mean hand laid on its points, at the common scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.geometry import Affine, fit_similarity, from_square, similarity
from sharp_cli.core.joints import COMMON_PHALANX, POINTS, phalanx_length
from sharp_cli.core.template import TEMPLATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = NDArray[np.float64]


def fit_hand(points: Points, *, mirror: bool | None = None) -> Affine:
    """The similarity from the mean hand to a hand's points, with the least squared error.

    Args:
        points: Of `joints.POINTS`, shape (22, 2); at least two known, NaN where one is not.
        mirror: Whether the thumb is on the left once the fingers are up; None where that is not
            known, for whichever fits better.
    """
    known = np.isfinite(points).all(axis=1)
    source, target = TEMPLATE[known], points[known]
    if mirror is not None:
        return fit_similarity(source, target, mirror=mirror)
    fits = [fit_similarity(source, target, mirror=mirror) for mirror in (False, True)]
    return min(fits, key=lambda fit: float(np.square(fit(source) - target).sum()))


def at_common_scale(frame: Affine, phalanx: float) -> Affine:
    """A hand's frame with its unit set by the hand's own phalanges.

    Args:
        frame: See `fit_hand`.
        phalanx: Median length of the hand's proximal phalanges in what `frame` maps to; see
            `joints.phalanx_length`.
    """
    return frame.after(similarity(scale=phalanx / (COMMON_PHALANX * frame.scale)))


def common_frame(points: Points, *, mirror: bool, aspect: float = 1.0) -> Affine:
    """A hand's frame at the common scale, by its own phalanges; see `fit_hand`.

    Where no phalanx is known, as in a radiograph of the wrist, the mean hand's is taken.

    Args:
        points: See `fit_hand`.
        mirror: Likewise.
        aspect: How many times as high as wide the pixels are that the points are in.
    """
    squared = from_square(aspect)
    points = squared.inverse()(points)
    known = {
        name: (x, y)
        for name, (x, y) in zip(POINTS, points.tolist(), strict=True)
        if math.isfinite(x)
    }
    frame, phalanx = fit_hand(points, mirror=mirror), phalanx_length(known)
    if math.isnan(phalanx):
        phalanx = frame.scale * phalanx_length(dict(zip(POINTS, TEMPLATE.tolist(), strict=True)))
    return squared.after(at_common_scale(frame, phalanx))


def fill_missing(points: Points, *, mirror: bool | None = None) -> Points:
    """A hand's points, those of the mean hand where one is not known; see `fit_hand`."""
    return np.where(np.isfinite(points), points, fit_hand(points, mirror=mirror)(TEMPLATE))
