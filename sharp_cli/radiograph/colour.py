"""From colours with transparency to grey and opacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUMA: Final = (0.299, 0.587, 0.114)
"""Rec. ITU-R BT.601, as in Pillow, so that a picture is the same in any format."""


def to_grey(colours: NDArray[Any]) -> NDArray[np.float32]:
    """The brightness of colours.

    Args:
        colours: Numbers, shape (height, width, 3 or more), red first.

    Returns:
        float32, shape (height, width), on the same scale.
    """
    grey = np.zeros(colours.shape[:2], dtype=np.float32)
    for channel, weight in enumerate(_LUMA):
        grey += colours[..., channel] * np.float32(weight)
    return grey


def to_opacity(alpha: NDArray[Any], notes: list[str]) -> NDArray[np.float32] | None:
    """How opaque pixels are.

    Args:
        alpha: Integers from 0 to the greatest of their type, or floats from 0 to 1.
        notes: Gets what is wrong with it.

    Returns:
        float32, the same shape, 0…1; None where all are opaque.
    """
    most = 1.0 if alpha.dtype.kind == "f" else np.iinfo(alpha.dtype).max
    opacity = np.clip(alpha.astype(np.float32) / np.float32(most), 0, 1)
    if not opacity.any():
        notes.append("the file calls its whole picture transparent, which is not believed")
        return None
    return None if opacity.min() == 1 else opacity
