"""Blanking what is not a hand in the pictures of radiographs: names may be burned in there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import cv2
import numpy as np

from sharp_cli.core.joints import COMMON_PHALANX, POINTS
from sharp_cli.core.template import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine
    from sharp_cli.results.document import Document, InputRow

    Points = NDArray[np.float64]

Pixels = TypeVar("Pixels", bound="NDArray[Any]")

_MARGIN: Final = 100.0
"""Around a hand, in px at the common scale: 10 mm of an adult's; a choice."""

_TIPS: Final = 1.25 * COMMON_PHALANX
"""From PIP and IP joints to beyond the fingertips: the middle finger's two are 0.98 of its
proximal phalanx (Buryanov & Kotiuk 2010)."""

_FOREARM: Final = 200.0  # of it is shown beyond the points of radius and ulna, a choice


def masked(pixels: Pixels, study: Document, row: InputRow) -> Pixels:
    """The pixels of a radiograph, black where there is no hand, if its study asks for that.

    What is kept of a hand is the least convex area of the boxes of its joints, its fingertips and
    a piece of its forearm, with a margin. So all that a model looked at stays as it is.

    Args:
        pixels: Shape (height, width).
        study: The study.
        row: The radiograph.
    """
    if not study.mask_annotations:
        return pixels
    keep = np.zeros(pixels.shape, np.uint8)
    for outline in _outlines(study, row):
        cv2.fillConvexPoly(keep, np.rint(outline).astype(np.int32), 1)
    blank: Pixels = np.where(keep > 0, pixels, pixels.dtype.type(0))  # type: ignore[assignment]
    return blank


def _outlines(study: Document, row: InputRow) -> Iterator[Points]:
    """The outline of each hand of a radiograph, in its pixels."""
    for hand in study.hands:
        if hand.file != row.file:
            continue
        frame = hand.record.to_image
        joints = [one for one in study.joints if (one.file, one.hand) == (hand.file, hand.hand)]
        corners = [corner for one in joints for corner in one.box or ()]
        places = {one.joint: (one.x, one.y) for one in joints if one.x is not None}
        yield _outline(frame, np.array(corners).reshape(-1, 2), _known(frame, places))


def _known(frame: Affine, places: dict[str, Any]) -> Points:
    """Where the points of a hand are in its canonical frame: the mean hand's where not known."""
    found = TEMPLATE.copy()
    for joint, place in places.items():
        found[POINTS.index(joint)] = frame.inverse()(place)
    return found


def _outline(frame: Affine, corners: Points, points: Points) -> Points:
    at = dict(zip(POINTS, points, strict=True))
    fingers = [("IP", "MCP1"), *((f"PIP{finger}", f"MCP{finger}") for finger in range(2, 6))]
    ends = []
    for tip, base in fingers:
        along = at[tip] - at[base]
        ends.append(at[tip] + along / max(float(np.hypot(*along)), 1.0) * _TIPS)
    forearm = [at[bone] + (0.0, _FOREARM) for bone in ("radius", "ulna")]
    own = np.vstack([points, ends, forearm, frame.inverse()(corners)]).astype(np.float32)
    hull = cv2.convexHull(own)[:, 0]
    around = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = _MARGIN * np.stack([np.cos(around), np.sin(around)], axis=1)
    wide = cv2.convexHull((hull[:, None] + ring).reshape(-1, 2).astype(np.float32))[:, 0]
    return frame(wide)
