"""What is kept of a radiograph whose hands and joints are found."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Final

from sharp_cli.core.geometry import Affine
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.inference.crop import corners, crop, meets
from sharp_cli.results.studies import DetectedHand, DetectedRadiograph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sharp_cli.core.records import Hand, Point, Radiograph

_POSITION_DECIMALS: Final = 2
_FRAME_DECIMALS: Final = 6
_SCORE_DECIMALS: Final = 4


def detected_radiographs(
    picture: Radiograph,
    found: Iterable[tuple[Hand, Sequence[Point]]],
    warnings: Iterable[str],
    *,
    patches: bool,
) -> list[DetectedRadiograph]:
    """The radiograph with its hands, or one for each hand where both are of one side.

    Args:
        picture: The radiograph.
        found: Its hands with their points.
        warnings: What had to be assumed to find them.
        patches: Whether to cut the patches of its joints.
    """
    height, width = picture.pixels.shape
    notes = [*picture.warnings, *warnings]
    hands = []
    for each in found:
        hand, points = _rounded(*each)
        points = tuple(point for point in points if _is_inside(picture, hand, point))
        notes += _doubts(hand, points)
        hands.append(DetectedHand(hand, points, crop(picture, hand, points) if patches else ()))
    radiograph = DetectedRadiograph(
        picture.file, width, height, picture.spacing, tuple(hands), tuple(notes)
    )
    return _split(radiograph)


def _doubts(hand: Hand, points: Sequence[Point]) -> Iterator[str]:
    """A warning for each way in which a hand's joints are not to be relied on."""
    status = {point.joint: point.status for point in points}
    missing = [joint for joint in POINTS if joint not in status]
    unsure = [joint for joint in POINTS if status.get(joint) == "uncertain"]
    if hand.reasons:
        yield f"{hand.side} hand: uncertain: {', '.join(hand.reasons)}; check the overlay"
    if missing:
        yield f"{hand.side} hand: not detected: {', '.join(missing)}"
    if unsure:
        yield f"{hand.side} hand: uncertain where these are: {', '.join(unsure)}; check the overlay"


def _split(radiograph: DetectedRadiograph) -> list[DetectedRadiograph]:
    """It, or one for each hand where both are of one side: a study has each side once."""
    if len(radiograph.sides) == len(radiograph.hands):
        return [radiograph]
    note = f"two {radiograph.hands[0].hand.side} hands: each is a study of its own"
    return [
        replace(radiograph, hands=(found,), warnings=(*radiograph.warnings, note))
        for found in radiograph.hands
    ]


def _rounded(hand: Hand, points: Sequence[Point]) -> tuple[Hand, tuple[Point, ...]]:
    """The values that documents hold: with these, both ways to a score are the same."""
    frame = Affine(*(round(value, _FRAME_DECIMALS) for value in astuple(hand.to_image)))
    hand = replace(hand, to_image=frame, score=round(hand.score, _SCORE_DECIMALS))
    return hand, tuple(
        replace(
            point,
            x=round(point.x, _POSITION_DECIMALS),
            y=round(point.y, _POSITION_DECIMALS),
            likelihood=round(point.likelihood, _SCORE_DECIMALS),
        )
        for point in points
    )


def _is_inside(picture: Radiograph, hand: Hand, point: Point) -> bool:
    """Whether each box around a point shows some of the picture; else nothing was detected."""
    boxes = [target.box for target in TARGETS if target.joint == point.joint]
    return all(meets(corners(hand, point, box), picture.pixels.shape) for box in boxes)
