"""Grey values 0…1 of pictures whose range in use is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.core.errors import RadiographError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PERCENTILES: Final = (0.1, 99.9)
"""The range to show: narrow enough to clip markers, wide enough to keep bones."""

_SAMPLE: Final = 1_000_000
"""About how many pixels percentiles are taken of."""


def thin(pixels: NDArray[Any]) -> NDArray[Any]:
    """Every n-th pixel of every n-th row, so that about a million remain."""
    step = max(1, int((pixels.size / _SAMPLE) ** 0.5))
    return pixels[::step, ::step]


def levels(pixels: NDArray[Any], *, most: int) -> int:
    """How many values the pixels have, counted up to `most`: sorting them all takes long."""
    found, rest = 0, thin(pixels).ravel()
    while found < most and rest.size:
        found, rest = found + 1, rest[rest != rest[0]]
    return found


def stretch(values: NDArray[Any], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Map the robust percentiles of the usable values to 0 and 1; the others become 0.

    Args:
        values: Numbers, shape (height, width).
        usable: Which of them count, same shape.

    Raises:
        RadiographError: All usable values are alike, or there are none.
    """
    chosen = thin(values)[thin(usable)].astype(np.float64)
    low, high = np.percentile(chosen, _PERCENTILES) if chosen.size else (0.0, 0.0)
    if not low < high and chosen.size:  # fewer than a thousandth differ from the rest
        low, high = chosen.min(), chosen.max()
    if not low < high:
        message = "its picture has no contrast: all pixels are alike; export it again"
        raise RadiographError(message)
    shown = np.where(usable, values, low).astype(np.float32)
    shown -= np.float32(low)
    shown /= np.float32(high - low)
    return np.clip(shown, 0, 1, out=shown)
