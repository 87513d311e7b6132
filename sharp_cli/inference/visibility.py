"""Whether a joint is to be seen where it was found: it may be gone, covered or cut off.

The keypoint networks place every joint, where there is none too: at a stump, on the finger beside
it, on the plate that covers it. A small network looks at what surrounds each place, at a tenth of
the common scale, and gives the log odds that the joint is to be seen there.
`sharp_cli.training.detector.visibility` trains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.geometry import Shrinking, sample, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.inference.openvino_runtime import load_onnx

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine

    Array = NDArray[np.float64]
    Views = NDArray[np.float32]

UNIT: Final = 10.0
"""Pixels at the common scale that a pixel of a view has."""

SIDE: Final = 48
"""Pixels of a view each way: 480 px at the common scale, so that the neighbours are in it."""

WIDE: Final = 60
"""Of a wider view, whose contrast is taken; in training, views are shifted and turned in it."""

_CONTRAST: Final = (1.0, 99.0)  # percentiles of all views of a hand: these become 0 and 1
_LIMITS: Final = (-1.0, 2.0)  # what is darker or brighter is taken for as dark or bright as this
_FLAT: Final = 0.04  # the least spread that is stretched: a view of one gray stays so
_DARK: Final = 1e-4


def draw_views(pixels: Shrinking, to_image: Affine, places: Array) -> Views:
    """Draw what surrounds some places.

    Args:
        pixels: The radiograph.
        to_image: Maps the frame of `places` to its pixels.
        places: Shape (N, 2); NaN where there is none.

    Returns:
        float32, shape (N, WIDE, WIDE), 0…1 for most of a hand; all 0 where there is no place.
    """
    corner = (WIDE - 1) / 2 * UNIT
    views = np.zeros((len(places), WIDE, WIDE), np.float32)
    known = np.isfinite(places).all(axis=1)
    for number in np.flatnonzero(known).tolist():
        x, y = places[number].tolist()
        frame = similarity(scale=UNIT, x=x - corner, y=y - corner)
        views[number] = sample(pixels, to_image.after(frame), (WIDE, WIDE))
    if known.any():
        low, high = np.percentile(views[known], _CONTRAST)
        scaled = (views[known] - low) / max(float(high - low), _DARK)
        views[known] = np.clip(scaled, *_LIMITS)
    return views


def normalise(views: Views) -> Views:
    """Views as the network takes them: shape (N, SIDE, SIDE) to (N, 1, SIDE, SIDE), of mean 0."""
    mean, spread = (one(views, axis=(1, 2), keepdims=True) for one in (np.mean, np.std))
    return np.asarray((views - mean) / np.maximum(spread, _FLAT), np.float32)[:, None]


class VisibilityNetwork:
    """The network, ready to run on the CPU."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        """Load the network.

        Args:
            path: An ONNX file: from float32 (22, 1, SIDE, SIDE), a view of each of
                `joints.POINTS`, to (22, 22), for each view what it says of each point.
            threads: CPU threads; None for all cores.

        Raises:
            ModelError: It is no network that can be run.
        """
        self._network = load_onnx(path, threads=threads)

    def __call__(self, pixels: Shrinking, to_image: Affine, places: Array) -> Array:
        """The log odds that each of `joints.POINTS` is to be seen, shape (22,).

        Args:
            pixels: The radiograph.
            to_image: Maps the frame of `places` to its pixels.
            places: Where the points are, shape (22, 2), NaN where one has no place.
        """
        edge = (WIDE - SIDE) // 2
        views = draw_views(pixels, to_image, places)[:, edge : edge + SIDE, edge : edge + SIDE]
        odds = self._network(normalise(views))[np.arange(len(POINTS)), np.arange(len(POINTS))]
        return np.where(np.isfinite(places).all(axis=1), odds.astype(np.float64), np.nan)
