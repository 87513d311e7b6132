"""Which bits of a DICOM file's stored values are the picture: one rule for all transfer syntaxes.

Where the values are as wide as the tags allocate, only the bits that the tags call stored are
picture; old films have overlays in the others. A compressed stream of another width says itself how
wide its values are, and is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph.tags import number

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

_CONTAINERS: Final = (8, 16, 32, 64)
_ALLOCATED: Final = (1, *_CONTAINERS)
_OVERSHOOT: Final = 1 / 32
"""By this share of its range at most, lossy compression errs beyond the ends of the range."""


class Bits(NamedTuple):
    """The bits of a stored value that are picture.

    Attributes:
        container: Bits of the unsigned integers that are to be decoded.
        width: How many bits are picture.
        shift: How many lie below them.
        signed: Whether they are a number in two's complement.
    """

    container: int
    width: int
    shift: int
    signed: bool

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest value."""
        half = 1 << (self.width - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)


def read_bits(tags: Dataset, precision: int | None) -> Bits:
    """Which bits are picture, by the tags and by the width of the stream's values.

    Args:
        tags: With BitsAllocated, BitsStored and PixelRepresentation.
        precision: Bits of a value in the compressed stream; None where values take all that is
            allocated, as in uncompressed data and RLE.

    Raises:
        RadiographError: The tags contradict one another.
    """
    signed = number(tags, "PixelRepresentation") == 1
    allocated, stored = (int(number(tags, name) or 0) for name in ("BitsAllocated", "BitsStored"))
    if allocated not in _ALLOCATED:
        message = f"its BitsAllocated of {allocated} is not read; export it with 8 or 16"
        raise RadiographError(message)
    if precision is not None and precision != allocated:
        container = next(bits for bits in _CONTAINERS if bits >= precision)
        return Bits(container, precision, 0, signed)
    high_bit = number(tags, "HighBit")
    high = stored - 1 if high_bit is None else int(high_bit)
    if not 1 <= stored <= high + 1 <= allocated:
        message = (
            f"its tags HighBit ({high}), BitsStored ({stored}) and BitsAllocated ({allocated}) "
            "contradict one another; have the export corrected"
        )
        raise RadiographError(message)
    return Bits(allocated, stored, high + 1 - stored, signed)


def picture_values(decoded: NDArray[Any], bits: Bits, *, lossy: bool) -> NDArray[Any]:
    """The values of the picture, without what lies in other bits.

    Args:
        decoded: Unsigned integers of `bits.container` bits, in any byte order.
        bits: Which bits are picture.
        lossy: Whether compression may have changed values, so that they run over the ends of the
            range; these are clipped.

    Returns:
        Integers of the same size and shape, in the machine's byte order.
    """
    values: NDArray[Any] = decoded.astype(decoded.dtype.newbyteorder("="), copy=False)
    if bits.shift:
        values = values >> bits.shift
    signed = np.dtype(f"i{values.itemsize}")
    shown = values.view(signed) if bits.signed else values
    least, greatest = bits.limits
    low, high = int(shown.min()), int(shown.max())
    if least <= low and high <= greatest:
        return shown
    slack = _OVERSHOOT * (greatest - least)
    if lossy and least - slack <= low and high <= greatest + slack:
        return np.asarray(np.clip(shown, least, greatest))
    kept: NDArray[Any] = values & values.dtype.type((1 << bits.width) - 1)
    if not bits.signed:
        return kept
    half = signed.type(1 << (bits.width - 1))
    extended: NDArray[Any] = (kept.view(signed) ^ half) - half
    return extended
