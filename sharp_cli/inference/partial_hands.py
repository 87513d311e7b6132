"""Radiographs of a part of a hand that fills the picture: a wrist, or fingers without the wrist."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.geometry import from_square, similarity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sharp_cli.core.geometry import Affine


class Part(NamedTuple):
    """A part of a hand that may fill a radiograph.

    Attributes:
        centre: x, y of its middle in a canonical frame.
        side: Length of the radiograph's longer side there, in px at the common scale.
    """

    centre: tuple[float, float]
    side: float


PARTS: Final = (
    Part((-60.0, 500.0), 1050.0),  # from the middle of the metacarpals to the forearm
    Part((-60.0, 600.0), 1500.0),  # with more of the forearm, or with room beside it
    Part((-80.0, -400.0), 1400.0),  # from the fingertips to the metacarpals
)
"""A wrist, near and far, and fingers. A choice: the detector learned from hands up to 30 % smaller
or larger."""


def part_frames(width: int, height: int, aspect: float = 1.0) -> Iterator[Affine]:
    """The frames in which each of the `PARTS` fills a radiograph, by quarter turns and mirrored.

    Args:
        width: Of the radiograph in pixels.
        height: Likewise.
        aspect: How many times as high as wide its pixels are.

    Yields:
        Maps from canonical coordinates to the radiograph's pixels.
    """
    for part, quarter, mirror in itertools.product(PARTS, range(4), (False, True)):
        scale = max(width, height * aspect) / part.side
        turned = similarity(scale=scale, degrees=90.0 * quarter, mirror=mirror)
        turned = from_square(aspect).after(turned)
        x, y = np.array([width - 1, height - 1]) / 2 - turned(part.centre)
        yield similarity(x=float(x), y=float(y)).after(turned)
