"""The result of decoding a file, and the limits on the size of its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import RadiographError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

MAX_PIXELS: Final = 100_000_000
"""A 35 x 43 cm detector at 0.04 mm has 94 million pixels; no hand radiograph needs more."""

MIN_SIDE: Final = 64
"""With fewer pixels a side, a phalanx is a few pixels long and no joint can be judged."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """What a decoder gives of a file.

    Attributes:
        pixels: float32, shape (height, width), 0…1, as the file wants them shown.
        trusted: Whether the file's tags decide that bones are bright, and not the picture.
        spacing: Height and width of a pixel in mm, or None.
        side: The side that the tags give, or None.
        warnings: What had to be assumed.
    """

    pixels: NDArray[np.float32]
    trusted: bool = False
    spacing: tuple[float, float] | None = None
    side: Side | None = None
    warnings: tuple[str, ...] = ()


def check_size(width: int, height: int) -> None:
    """Refuse a picture by the size that its header gives, before it is decoded.

    Raises:
        RadiographError: The picture is too large or too small.
    """
    if width * height > MAX_PIXELS:
        message = (
            f"its picture of {width} x {height} pixels is past the limit of "
            f"{MAX_PIXELS // 1_000_000} megapixels; export it at a lower resolution"
        )
        raise RadiographError(message)
    if min(width, height) < MIN_SIDE:
        message = (
            f"its picture of {width} x {height} pixels is too small (at least {MIN_SIDE} a side "
            "are needed); export it at full resolution"
        )
        raise RadiographError(message)
