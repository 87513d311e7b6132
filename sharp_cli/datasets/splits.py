"""Which annotated pictures are held out, which validate, and which fold each one is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HELD_OUT_EVERY: Final = 4
"""Every fourth picture is kept for measurement and never trained on."""

VALIDATION_EVERY: Final = 5
"""Every fifth of the pictures that are not held out validates: it chooses, and trains nothing."""


class _OnPicture(Protocol):
    @property
    def image(self) -> str: ...


Pictured = TypeVar("Pictured", bound=_OnPicture)
"""What lies on a picture, named by `image`, such as a hand."""


def held_out_images(images: Iterable[str]) -> frozenset[str]:
    """The pictures kept for measurement: every fourth in natural order of their names."""
    ordered = sorted(set(images), key=_natural)
    return frozenset(ordered[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])


def select_hands(hands: Sequence[Pictured], *, held_out: bool | None) -> list[Pictured]:
    """The hands on held-out pictures, those on the others, or, for None, all."""
    kept = held_out_images(hand.image for hand in hands)
    return [hand for hand in hands if held_out is None or (hand.image in kept) == held_out]


def split_validation(hands: Sequence[Pictured]) -> tuple[list[Pictured], list[Pictured]]:
    """Hands to train on, and those of every fifth picture, by name, to validate with."""
    kept = set(sorted({hand.image for hand in hands})[VALIDATION_EVERY - 1 :: VALIDATION_EVERY])
    return (
        [hand for hand in hands if hand.image not in kept],
        [hand for hand in hands if hand.image in kept],
    )


def split_folds(
    hands: Sequence[Pictured], count: int
) -> list[tuple[list[Pictured], list[Pictured]]]:
    """For each of `count` folds the other hands and its own; a picture lies in one fold.

    Pictures are assigned in turn, in natural order of their names.
    """
    ordered = sorted({hand.image for hand in hands}, key=_natural)
    folds = []
    for number in range(count):
        own = set(ordered[number::count])
        folds.append(
            (
                [hand for hand in hands if hand.image not in own],
                [hand for hand in hands if hand.image in own],
            )
        )
    return folds


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(number or 0), text) for number, text in re.findall(r"(\d*)(\D*)", name))
