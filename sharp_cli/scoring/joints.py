"""From a radiograph to the joints of its hands, or to the word that it shows none."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sharp_cli.core.errors import NoHandError
from sharp_cli.inference.hand_finder import side_by_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.scoring.stages import Detector, Finder


def find_joints(
    radiograph: Radiograph, finder: Finder, detector: Detector
) -> tuple[list[tuple[Hand, Sequence[Point]]], list[str]]:
    """Find the hands of a radiograph and their joints.

    What the detector does not see as a hand is dropped. Where nothing is left, a part of a hand may
    fill the radiograph.

    Returns:
        The hands with their points, and warnings.

    Raises:
        NoHandError: It shows no hand.
    """
    hands: Sequence[Hand] = ()
    warnings: Sequence[str] = ()
    with suppress(NoHandError):
        hands, warnings = finder.find(radiograph)
    found: list[tuple[Hand, Sequence[Point]]] = []
    for hand in hands:
        with suppress(NoHandError):
            found.append(detector.detect(radiograph, hand))
    if found:
        return found, list(warnings)
    try:
        part, points = detector.detect_part(radiograph)
    except NoHandError:
        raise NoHandError.of(radiograph.file) from None
    part, notes = side_by_tag(part, radiograph.side)
    return [(part, points)], notes
