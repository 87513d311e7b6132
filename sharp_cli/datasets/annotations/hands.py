"""Annotated hands: the points of each, built from what a file of annotations says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import COMMON_PHALANX, PHALANGES, POINTS, SIDES, Side, phalanx_length
from sharp_cli.datasets.splits import Patient
from sharp_cli.fileio.tables import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_MIN_PHALANX_POINTS: Final = 3
"""Ends of proximal phalanges that a hand must have for its scale to be trusted."""

_MIN_FRAME_POINTS: Final = 8
"""Points that a hand without proximal phalanges must have for its scale to be taken from them."""


@dataclass(frozen=True, slots=True)
class AnnotatedHand:
    """The annotated points of one hand.

    Attributes:
        image: File name of the radiograph.
        side: Left or right.
        points: (x, y) in the file's own pixels by name of the point.
        patient: Whose it is, where anything but the picture's name says so; see `splits`.
    """

    image: str
    side: Side
    points: Mapping[str, tuple[float, float]]
    patient: Patient | None = None

    def positions(self) -> NDArray[np.float64]:
        """Positions of `joints.POINTS`, shape (22, 2); NaN where there is none."""
        missing = (math.nan, math.nan)
        return np.array([self.points.get(name, missing) for name in POINTS])

    @property
    def phalanx(self) -> float:
        """Median length of the proximal phalanges in the file's own pixels.

        If none is annotated, as on a radiograph of the wrist alone, that of the mean hand laid on
        the points; NaN if these are too few.
        """
        length = phalanx_length(self.points)
        if math.isnan(length) and len(self.points) >= _MIN_FRAME_POINTS:
            return COMMON_PHALANX * fit_hand(self.positions()).scale
        return length


class RawPoint(NamedTuple):
    """A point as a file of annotations gives it: not checked yet.

    Attributes:
        where: Where in the file it stands, for messages.
        name: What the file calls it.
        x: In the radiograph's own pixels; NaN where the file gives no number.
        y: Likewise.
    """

    where: str
    name: str
    x: float
    y: float


class RawHand(NamedTuple):
    """A hand as a file of annotations gives it: not checked yet.

    Attributes:
        image: File name of the radiograph.
        hand: Which hand the file says it is; None where it says nothing.
        points: Its points, at least one; missing ones are excluded.
        patient: Whose it is; empty where the file says nothing.
    """

    image: str
    hand: str | None
    points: Sequence[RawPoint]
    patient: str = ""


def build_hands(
    entries: Iterable[RawHand],
    naming: Callable[[str], str | None],
    *,
    scaled: bool = False,
    parts: bool = False,
) -> tuple[list[AnnotatedHand], list[Problem]]:
    """Build hands from what a file says.

    Args:
        entries: What it says.
        naming: Which point a name means; None if it is unknown, empty if it is to be excluded.
        scaled: Whether a hand must have enough points to determine its scale.
        parts: Whether the mean hand's scale will do for a part without proximal phalanges.

    Returns:
        The hands with their good points, and all that is wrong.
    """
    hands: dict[tuple[str, Side], AnnotatedHand] = {}
    patients: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in entries:
        hand, wrong = _build_hand(entry, naming)
        first = entry.points[0].where
        owner = patients.setdefault(entry.image, entry.patient)
        if owner != entry.patient:
            what = f"{entry.image} belongs to several patients: {owner!r} and {entry.patient!r}"
            problems.append(Problem(first, what))
        if hand is None or not hand.points:
            problems += wrong
            continue
        if scaled and not wrong and not _has_scale(hand, parts=parts):
            what = (
                f"the {hand.side} hand of {hand.image} lacks what gives its scale: "
                f"{_MIN_PHALANX_POINTS} of PIP2…5 and MCP2…5, with both of one finger"
            )
            if parts:
                what += f"; or, without any finger, {_MIN_FRAME_POINTS} points"
            wrong.append(Problem(first, what))
        if (hand.image, hand.side) in hands:
            what = f"the {hand.side} hand of {hand.image} stands twice"
            wrong.append(Problem(first, what))
        hands.setdefault((hand.image, hand.side), hand)
        problems += wrong
    return list(hands.values()), problems


def _build_hand(
    entry: RawHand, naming: Callable[[str], str | None]
) -> tuple[AnnotatedHand | None, list[Problem]]:
    """The hand of an entry, None if it has no picture or side, and what is wrong with it."""
    side = next((side for side in SIDES if side == entry.hand), None)
    wrong: list[Problem] = []
    points: dict[str, tuple[float, float]] = {}
    for where, name, x, y in entry.points:
        joint = naming(name)
        if not entry.image:
            wrong.append(Problem(where, "no image"))
        if entry.hand is None:
            what = (
                f"which hand of {entry.image} it is, is not said: give it as `hand` or as the "
                "name of the individual, left or right, or end the picture's name in _L or _R"
            )
            wrong.append(Problem(where, what))
        elif side is None:
            wrong.append(Problem(where, f"hand {entry.hand!r} is neither left nor right"))
        if joint is None:
            wrong.append(Problem(where, f"unknown joint {name!r}"))
        elif joint and math.isnan(x + y):
            wrong.append(Problem(where, f"the position of {joint} is not a pair of numbers"))
        elif joint in points:
            wrong.append(Problem(where, f"{joint} of a hand of {entry.image} stands twice"))
        elif joint:
            points[joint] = (x, y)
    if side is None or not entry.image:
        return None, wrong
    patient = Patient(entry.patient, "the column patient") if entry.patient else None
    return AnnotatedHand(entry.image, side, points, patient), wrong


def _has_scale(hand: AnnotatedHand, *, parts: bool) -> bool:
    ends = {name for ends in PHALANGES for name in ends}
    enough = len(ends & set(hand.points)) >= _MIN_PHALANX_POINTS
    part = parts and math.isnan(phalanx_length(hand.points))
    return (enough or part) and math.isfinite(hand.phalanx)
