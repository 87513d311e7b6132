"""Whether a radiograph shows bones bright, as judged by its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_VIEW: Final = 256
"""Longer side of the view that is judged; at it, a finger is about 10 pixels wide."""

_WINDOW: Final = 7
"""Side of the neighbourhood in which variance is measured, less than a finger's width."""

_EVEN: Final = 0.02
"""Rows and columns along the edges that vary less than this are frame or shutter, not air."""

_STRONG: Final = 0.05
"""Contrast from which on the picture contradicts the tags, which is worth a warning."""


def judge(pixels: NDArray[np.float32], *, trusted: bool) -> tuple[bool, str | None]:
    """Judge whether a radiograph is to be inverted, as its bones are dark.

    Args:
        pixels: float32, shape (height, width), 0…1.
        trusted: Whether the file's tags decide. Then a picture that looks inverted is only worth a
            warning.

    Returns:
        Whether it is, and what was assumed or found odd.
    """
    contrast = bone_contrast(pixels)
    if trusted:
        odd = contrast < -_STRONG
        return False, "the tags say that bones are bright, the picture looks inverted" * odd or None
    if contrast < 0:
        return True, "the picture shows bones dark; it was inverted"
    return False, None


def bone_contrast(pixels: NDArray[np.float32]) -> float:
    """How much brighter the parts of high variance are than those of low variance, -1…1.

    Air varies little, a hand with its bones much, whatever the brightness of either. The twentieth
    that varies most is excluded: it holds markers and the edges of frames. Inverting a picture
    changes the sign and nothing else.
    """
    view = _without_frame(_at_common_size(pixels))
    dark, bright = np.percentile(view, (1, 99))
    view = np.clip((view - dark) / max(float(bright - dark), 1e-6), 0, 1).astype(np.float32)
    mean = cv2.blur(view, (_WINDOW, _WINDOW))
    variance = cv2.blur(view * view, (_WINDOW, _WINDOW)) - mean * mean
    low, high, highest = np.quantile(variance, (0.5, 0.7, 0.95))
    hand = view[(variance >= high) & (variance <= highest)]
    return float(np.median(hand) - np.median(view[variance <= low]))


def _at_common_size(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = pixels.shape
    factor = _VIEW / max(height, width)
    size = (max(_WINDOW, round(width * factor)), max(_WINDOW, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.float32)


def _without_frame(view: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = np.flatnonzero(np.ptp(view, axis=1) > _EVEN)
    columns = np.flatnonzero(np.ptp(view, axis=0) > _EVEN)
    if min(len(rows), len(columns)) < 2 * _WINDOW:
        return view
    return view[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
