"""How a radiograph was made and stored: what happens to a patch after everything in it is there.

Applied by chance to intact and damaged joints alike, so that it is no sign of a lesion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


def reacquire(view: Array, rng: np.random.Generator) -> Array:
    """Resample, sharpen, equalise, compress and make grainy, each by chance.

    Args:
        view: A patch at the common scale, 0.1 mm a pixel, shape (H, W).
        rng: Decides what is done, and how much of it.

    Returns:
        float32, shape (H, W), 0 to 1.
    """
    for chance, change in (
        (0.5, _resampled),
        (0.5, _sharpened),
        (0.25, _equalised),
        (0.3, _compressed),
        (0.4, _grainy),
    ):
        if rng.random() < chance:
            view = change(view, rng)
    return _stretched(view)


def _stretched(view: Array) -> Array:
    low, high = float(view.min()), float(view.max())
    return np.asarray((view - low) / max(high - low, 1e-3), dtype=np.float32)


def _as_bytes(view: Array) -> NDArray[np.uint8]:
    return np.rint(_stretched(view) * 255).astype(np.uint8)


def _resampled(view: Array, rng: np.random.Generator) -> Array:
    """As from a detector of other pixels, with their noise."""
    height, width = view.shape
    factor = rng.uniform(0.25, 0.9)
    small = cv2.resize(view, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        noise = rng.standard_normal(small.shape, dtype=np.float32)
        small = small + np.float32(rng.uniform(0, 0.03)) * noise
    how = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (width, height), interpolation=how), dtype=np.float32)


def _sharpened(view: Array, rng: np.random.Generator) -> Array:
    """An unsharp mask, as digital systems apply."""
    blurred = cv2.GaussianBlur(view, (0, 0), rng.uniform(1.2, 12))
    return np.asarray(view + np.float32(rng.uniform(0.2, 1.5)) * (view - blurred), np.float32)


def _equalised(view: Array, rng: np.random.Generator) -> Array:
    """Contrast-limited adaptive histogram equalisation."""
    equalise = cv2.createCLAHE(float(rng.uniform(1, 4)), (4, 4))
    return np.asarray(equalise.apply(_as_bytes(view)) / 255, dtype=np.float32)


def _compressed(view: Array, rng: np.random.Generator) -> Array:
    """JPEG."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 90))]
    _, file = cv2.imencode(".jpg", _as_bytes(view), quality)
    decoded = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))
    return np.asarray(decoded / 255, dtype=np.float32)


def _grainy(view: Array, rng: np.random.Generator) -> Array:
    """Grain of film, some pixels wide."""
    height, width = view.shape
    size = rng.uniform(2, 6)
    shape = (int(height / size) + 1, int(width / size) + 1)
    grain = cv2.resize(rng.standard_normal(shape, dtype=np.float32), (width, height))
    return np.asarray(view + np.float32(rng.uniform(0, 0.05)) * grain, dtype=np.float32)
