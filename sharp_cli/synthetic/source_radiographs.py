"""Radiographs that hands are taken from, to make training radiographs of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.float32]
    Points = NDArray[np.float64]

_SIDE: Final = 512  # px, the longer side of a stored source picture


@dataclass(frozen=True, slots=True)
class SourceRadiograph:
    """A radiograph to take hands from.

    Attributes:
        levels: The radiograph, 0…1, and at half and a quarter of its size, each (height, width).
        hands: Points of each hand in pixels of `levels[0]`, shape (22, 2) each.
        mirrored: Whether each hand shows its thumb left when upright.
    """

    levels: tuple[Picture, ...]
    hands: tuple[Points, ...]
    mirrored: tuple[bool, ...]


def source_radiographs(
    pixels: Picture, hands: Sequence[Points], mirrored: Sequence[bool]
) -> list[SourceRadiograph]:
    """The sources that one radiograph gives.

    The whole, and of two hands also each one's half; all of them again without whatever is bright
    beside the hands: a network that sees a letter L beside every left hand reads the letter.

    Args:
        pixels: float32, shape (height, width), 0…1.
        hands: Points of each hand, shape (22, 2) each.
        mirrored: Whether each shows its thumb left when upright.
    """
    scale = _SIDE / max(pixels.shape)
    small = np.asarray(
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.float32
    )
    points = [(hand + 0.5) * scale - 0.5 for hand in hands]
    found = []
    for picture in (small, _without_markers(small, points, mirrored)):
        found.append(SourceRadiograph(_levels(picture), tuple(points), tuple(mirrored)))
        if len(points) > 1:
            centres = np.array([hand.mean(axis=0) for hand in points])
            axis = int(np.argmax(np.ptp(centres, axis=0)))
            middle = int(centres[:, axis].mean())
            for hand, flip in zip(points, mirrored, strict=True):
                low = hand[:, axis].mean() < middle
                keep = np.s_[:middle] if low else np.s_[middle:]
                half = picture[:, keep] if axis == 0 else picture[keep]
                shift = np.zeros(2)
                shift[axis] = 0 if low else middle
                found.append(SourceRadiograph(_levels(half), (hand - shift,), (flip,)))
    return found


def _levels(picture: Picture) -> tuple[Picture, ...]:
    half = cv2.pyrDown(picture)
    return picture, half, cv2.pyrDown(half)


def _without_markers(
    picture: Picture, hands: Sequence[Points], mirrored: Sequence[bool]
) -> Picture:
    keep = np.zeros(picture.shape, np.uint8)
    for hand, flip in zip(hands, mirrored, strict=True):
        frame = fit_hand(hand, mirror=flip)
        view = frame.inverse()(hand)
        at = dict(zip(POINTS, view, strict=True))
        tips = [
            at[f"PIP{i}"] + reach * (at[f"PIP{i}"] - at[f"MCP{i}"])
            for i in range(2, 6) for reach in (1.0, 1.5)
        ]  # fmt: skip
        tips.append(at["IP"] + 1.1 * (at["IP"] - at["MCP1"]))
        forearm = [(-700, 2500), (500, 2500)]
        for outline in (
            np.vstack([view, tips]),
            np.vstack([[at["ulna"] - (150, 200), at["radius"] + (200, -200)], forearm]),
        ):
            hull = cv2.convexHull(frame(outline).astype(np.float32)).round().astype(np.int32)
            cv2.fillConvexPoly(keep, hull, 1)
        reach = max(3, round(130 * frame.scale))
        keep = cv2.dilate(keep, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    flat = cv2.medianBlur((picture * 255).astype(np.uint8), 41)
    marks = (np.abs(picture * 255 - flat) > 18) & (keep == 0)
    grown = cv2.dilate(marks.astype(np.uint8), np.ones((9, 9))) & (1 - keep)
    soft = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 1.5)
    return np.asarray(picture * (1 - soft) + soft * flat / 255, np.float32)
