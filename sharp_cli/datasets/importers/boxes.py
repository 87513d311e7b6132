"""Positions of joints: the middles of boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
from sharp_cli.datasets.annotations.csv_file import exact_point
from sharp_cli.datasets.annotations.hands import RawHand, RawPoint, build_hands

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path

    from sharp_cli.core.joints import Side
    from sharp_cli.datasets.importers.cohort import Cohort

_EDGE: Final = 0.5
"""From a pixel's centre, which lies at whole numbers, to its edge."""


class Box(NamedTuple):
    """The middle of a joint's box.

    Attributes:
        where: Where in the dataset it stands, for messages.
        image: Radiograph, relative to the dataset's folder.
        side: Left or right hand.
        joint: Name of the joint, of `joints.POINTS`.
        x: In the radiograph's pixels, NaN if not given.
        y: Likewise.
        size: Width and height of the radiograph that it was drawn on, or None if not given.
    """

    where: str
    image: str
    side: Side
    joint: str
    x: float
    y: float
    size: tuple[float, float] | None = None


def add_hands(cohort: Cohort, folder: Path, boxes: Iterable[Box]) -> None:
    """Add the hands whose joints have boxes to a cohort, if training can use them.

    Boxes without numbers, outside their radiograph or of a joint that has one already are left
    out, as are hands without what gives their scale: see `build_hands`.

    Args:
        cohort: Gets the hands, and what is excluded.
        folder: The dataset's.
        boxes: Of any number of radiographs.
    """
    sizes: dict[str, tuple[int, int] | None] = {}
    marks: dict[tuple[str, Side], dict[str, RawPoint]] = {}
    for box in boxes:
        if box.image not in sizes:
            sizes[box.image] = _size(cohort, folder, box.image)
        size = sizes[box.image]
        if size is None:
            continue
        hand = marks.setdefault((box.image, box.side), {})
        wrong = _mistake(box, size, hand)
        if wrong is None:
            hand[box.joint] = RawPoint(box.where, box.joint, box.x, box.y)
        else:
            cohort.remark(box.where, f"{wrong}; excluded")
    for (image, side), points in marks.items():
        if not points:
            continue
        hands, problems = build_hands(
            [RawHand(image, side, [*points.values()])], exact_point, scaled=True
        )
        # All else has been seen to: what may be wrong is that the scale cannot be determined.
        for _, what in problems:
            cohort.remark(image, f"{what}; its joint positions are excluded")
        if not problems:
            cohort.hands += hands


def _mistake(box: Box, size: tuple[int, int], hand: Container[str]) -> str | None:
    """What is wrong with a box on a radiograph of a size, whose hand has some points already."""
    width, height = size
    if box.size not in (None, size):
        return f"the position is of a picture of another size than {box.image}"
    if math.isnan(box.x + box.y):
        return "the position has no numbers"
    if min(box.x, box.y, width - 1 - box.x, height - 1 - box.y) < -_EDGE:
        return f"the position is outside {box.image} ({width} x {height})"
    if box.joint in hand:
        return f"{box.side} {box.joint} of {box.image} has a position already"
    return None


def _size(cohort: Cohort, folder: Path, image: str) -> tuple[int, int] | None:
    """Width and height of a radiograph in pixels; None and a remark if it cannot be read."""
    try:
        return radiograph.size(folder / image)
    except RadiographError as error:
        cohort.remark(image, str(error).removeprefix(f"{folder / image}: "))
        return None
