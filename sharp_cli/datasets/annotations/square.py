"""Annotated radiographs in square pixels, as training takes them.

Annotations are in the file's own pixels, which a few files have higher or wider than the other way.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from sharp_cli import radiograph
from sharp_cli.core.geometry import from_square, sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand


def read_square(
    hands: Iterable[AnnotatedHand], images: Path
) -> Iterator[tuple[Radiograph, list[AnnotatedHand]]]:
    """Read the radiographs of annotated hands, one after another.

    What the tags say of the side is left out: it may be wrong, and annotations go by the anatomy.

    Args:
        hands: The hands.
        images: Folder of their radiographs.

    Yields:
        Each radiograph with its hands, in square pixels: as wide as the file's own.

    Raises:
        RadiographError: One cannot be read.
    """
    shown: dict[str, list[AnnotatedHand]] = defaultdict(list)
    for hand in hands:
        shown[hand.image].append(hand)
    for image, found in shown.items():
        picture = replace(radiograph.read(images / image), side=None)
        if picture.aspect == 1:
            yield picture, found
        else:
            yield _squared(picture), [_stretched(hand, picture.aspect) for hand in found]


def _squared(picture: Radiograph) -> Radiograph:
    height, width = picture.pixels.shape
    size = (width, max(1, round(height * picture.aspect)))
    pixels = sample(picture.pixels, from_square(picture.aspect), size)
    return replace(picture, pixels=pixels, aspect=1.0)


def _stretched(hand: AnnotatedHand, aspect: float) -> AnnotatedHand:
    points = {name: (x, y * aspect) for name, (x, y) in hand.points.items()}
    return replace(hand, points=points)
