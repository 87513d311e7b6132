"""Patches: the box around each scored joint, drawn upright at the common scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, sample, similarity
from sharp_cli.core.joints import TARGETS
from sharp_cli.core.records import Patch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from sharp_cli.core.records import Corners, Hand, Point, Radiograph

_WHITE: Final = 65535
_CORNER_DECIMALS: Final = 2


def crop(radiograph: Radiograph, hand: Hand, points: Iterable[Point]) -> tuple[Patch, ...]:
    """Cut the patches of one hand.

    Where a box runs over the edge of the picture, its patch is black there. Erosion and JSN of
    one joint share their box, and their patches share one array.

    Args:
        radiograph: The picture that the hand was found in.
        hand: The hand; its frame gives the boxes their direction and scale.
        points: Its detected points, in the file's own pixels.

    Returns:
        In the order of `TARGETS`; without the joints that have no point or whose box holds no
        pixel of the picture.
    """
    at = {point.joint: point for point in points}
    drawn: dict[tuple[str, tuple[int, int]], NDArray[np.uint16]] = {}
    patches = []
    for target in TARGETS:
        point = at.get(target.joint)
        if point is None:
            continue
        outline = corners(hand, point, target.box)
        if not meets(outline, radiograph.pixels.shape):
            continue
        key = (target.joint, target.box)
        if key not in drawn:
            view = sample(radiograph.pixels, _frame(hand, point, target.box), target.box)
            drawn[key] = np.rint(np.clip(view, 0.0, 1.0) * _WHITE).astype(np.uint16)
        patches.append(Patch(target.finding, target.joint, drawn[key], outline, point.status))
    return tuple(patches)


def corners(hand: Hand, point: Point, box: tuple[int, int]) -> Corners:
    """The corners of a box of `box` (width, height) common-scale pixels around a point.

    Returns:
        Four (x, y) in the file's own pixels, clockwise in the canonical view from its top left,
        along the outer edges of the patch's pixels.
    """
    width, height = box
    edges = np.array([(0, 0), (width, 0), (width, height), (0, height)]) - 0.5
    outline = _frame(hand, point, box)(edges).round(_CORNER_DECIMALS) + 0.0  # no minus zero
    return tuple((float(x), float(y)) for x, y in outline)


def meets(outline: Corners, shape: tuple[int, ...]) -> bool:
    """Whether a box shares at least a pixel's area with a picture of shape (height, width)."""
    height, width = shape
    picture = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    area, _ = cv2.intersectConvexConvex(np.array(outline, np.float32), picture)
    return bool(area >= 1.0)


def _frame(hand: Hand, point: Point, box: tuple[int, int]) -> Affine:
    """The map from a patch's pixels to the file's own."""
    x, y = hand.to_image.inverse()((point.x, point.y))
    width, height = box
    shift = similarity(x=float(x) - (width - 1) / 2, y=float(y) - (height - 1) / 2)
    return hand.to_image.after(shift)
