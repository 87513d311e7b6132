"""From a radiograph to the joints of its hands, or to the word that it shows none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import NoHandError
from sharp_cli.inference.sides import decide_sides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.scoring.stages import Detector, Finder


ANATOMY_ALONE: Final = (
    "the side is that of the anatomy alone, in a PA view that is not mirrored; else it is the other"
)


def find_joints(
    radiograph: Radiograph, finder: Finder, detector: Detector, listed: Side | None = None
) -> tuple[list[tuple[Hand, Sequence[Point]]], list[str]]:
    """Find the hands of a radiograph and their joints, and decide the sides.

    What the detector does not see as a hand is dropped. Where nothing is left, a part of a hand may
    fill the radiograph.

    Args:
        radiograph: The radiograph.
        finder: Finds hands.
        detector: Detects joints.
        listed: The side of its only hand according to a manifest.

    Returns:
        The hands with their points, and warnings.

    Raises:
        NoHandError: It shows no hand.
        ManyHandsError: It shows more than two.
    """
    hands: Sequence[Hand] = ()
    warnings: Sequence[str] = ()
    with suppress(NoHandError):
        hands, warnings = finder.find(radiograph)
    found: list[tuple[Hand, Sequence[Point]]] = []
    for hand in hands:
        with suppress(NoHandError):
            found.append(detector.detect(radiograph, hand))
    if not found:
        warnings = ()
        try:
            found.append(detector.detect_part(radiograph))
        except NoHandError:
            raise NoHandError.of(radiograph.file) from None
    points = {hand.to_image: its for hand, its in found}
    decided, notes = decide_sides([hand for hand, _ in found], radiograph, listed)
    if radiograph.view == "PA" and any(hand.side_source == "anatomy" for hand in decided):
        notes = (ANATOMY_ALONE, *notes)
    return [(hand, points[hand.to_image]) for hand in decided], [*warnings, *notes]
