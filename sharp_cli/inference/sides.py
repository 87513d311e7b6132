"""Which side each hand of a radiograph is.

A manifest comes before the file's tags, and these before the anatomy. Anatomy tells the side on the
assumption of a PA view, or of an AP view where the tags say so, in a picture that is not mirrored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import ManyHandsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Hand, Radiograph, SideSource

MOST_HANDS: Final = 2
"""On one radiograph: two of four would be a guess."""

_OTHER: Final[Mapping[Side, Side]] = {"left": "right", "right": "left"}
_SAYS: Final[Mapping[SideSource, str]] = {
    "manifest": "the manifest says",
    "dicom": "the file's tags say",
}


def decide_sides(
    hands: Sequence[Hand], radiograph: Radiograph, listed: Side | None = None
) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
    """Give the hands of a radiograph their sides; their frames stay as the anatomy shows them.

    Args:
        hands: At least one, with the side that the anatomy shows in a PA view; the surest first.
        radiograph: The radiograph, with what its tags say.
        listed: The side of its only hand according to a manifest.

    Returns:
        The hands by side, and warnings.

    Raises:
        ManyHandsError: There are more than two.
    """
    if radiograph.view == "AP":
        hands = [replace(hand, side=_OTHER[hand.side]) for hand in hands]
    match [*hands]:
        case [hand]:
            decided, warnings = _one(hand, radiograph, listed)
            return (decided,), tuple(warnings)
        case [surer, other]:
            other, alike = _second(surer, other)
            both = sorted((surer, other), key=lambda hand: hand.side)
            return tuple(both), (*_by_view(radiograph), *alike)
        case _:
            message = (
                f"{radiograph.file}: {len(hands)} hands found, and a study has two at most; "
                "give a picture of each patient and visit by itself"
            )
            raise ManyHandsError(message)


def _one(hand: Hand, radiograph: Radiograph, listed: Side | None) -> tuple[Hand, Iterator[str]]:
    """The side of the only hand of a radiograph, and warnings."""
    if listed is not None:
        decided = replace(hand, side=listed, side_source="manifest")
    elif radiograph.side is not None:
        decided = replace(hand, side=radiograph.side, side_source="dicom")
    else:
        return hand, _by_view(radiograph)
    return decided, _contradictions(hand, decided, radiograph)


def _by_view(radiograph: Radiograph) -> Iterator[str]:
    """What is to be said of sides that go by the anatomy in the view that the tags give."""
    if radiograph.view == "AP":
        yield (
            "the side is that of the anatomy alone, in an AP view as the header says: the other "
            "one than in a PA view"
        )


def _contradictions(shown: Hand, decided: Hand, radiograph: Radiograph) -> Iterator[str]:
    """A warning for each source that gives another side than the one that decided."""
    says = f"{_SAYS[decided.side_source]} {decided.side}"
    if decided.side_source == "manifest" and radiograph.side not in (None, decided.side):
        yield f"{says}, the file's tags say {radiograph.side}; reported as {decided.side}"
    if shown.side != decided.side:
        yield (
            f"{says}, the picture shows a {shown.side} hand ({radiograph.view} view); reported as "
            f"{decided.side}: check for a mirrored radiograph, another view, or a wrong side"
        )


def _second(surer: Hand, other: Hand) -> tuple[Hand, list[str]]:
    """The second hand of a picture, which is of another side than the first, and warnings."""
    if surer.side != other.side:
        return other, []
    side = _OTHER[surer.side]
    warning = (
        f"both hands look like {surer.side} hands; the less certain one is reported as {side}: "
        "check for a mirrored or composed radiograph"
    )
    return replace(other, side=side), [warning]
