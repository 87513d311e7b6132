"""Sides in the names of files: words for left and right, and what names have in common beside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import SIDES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.core.joints import Side

_WORDS: Final = (
    ("l", "r"),
    ("left", "right"),
    ("lt", "rt"),
    ("lh", "rh"),
    ("lefthand", "righthand"),
    ("links", "rechts"),
    ("gauche", "droite droit"),
    ("izquierda izquierdo izq", "derecha derecho der"),
    ("sinistra", "destra"),
    ("esquerda", "direita"),
    ("左", "右"),
)
"""Words for left and right; names pair where both words are of one line."""

_KINDS: Final[Mapping[str, tuple[Side, int]]] = {
    word: (side, kind)
    for kind, both in enumerate(_WORDS)
    for side, words in zip(SIDES, both, strict=True)
    for word in words.split()
}

_SEPARATORS: Final = re.compile(r"([\W_]+|(?=[左右])|(?<=[左右]))")


@dataclass(frozen=True, slots=True)
class NamedSide:
    """One way of reading a side in the path of a file.

    Attributes:
        side: The side.
        rest: The name without it.
        place: What two files have in common whose names differ in nothing but the side.
        likeness: What files have in common that may be meant to be such.
    """

    side: Side
    rest: str
    place: tuple[object, ...]
    likeness: tuple[str, str]


def read_sides(file: str) -> list[NamedSide]:
    """Each way in which the name of a file, or else of its folder, may give a side."""
    path = Path(file)
    own = [
        NamedSide(side, rest, (path.parent, before, kind, after, path.suffix), ("", _plain(rest)))
        for side, rest, before, kind, after in _readings(path.stem)
    ]
    return own or [
        NamedSide(side, path.stem, (file,), (_plain(rest), _plain(path.stem)))
        for side, rest, *_ in _readings(path.parent.name)
    ]


def side_of_name(file: str) -> Side | None:
    """The side that the name of a file gives, or None if it gives none or both."""
    sides = {side for side, *_ in _readings(Path(file).stem)}
    return sides.pop() if len(sides) == 1 else None


def _readings(name: str) -> list[tuple[Side, str, str, int, str]]:
    """For each word for a side in a name: the side, the rest, and what is around which word."""
    parts = _SEPARATORS.split(name)
    found = []
    for at, part in enumerate(parts):
        known = _KINDS.get(part.lower())
        if known is not None:
            side, kind = known
            shared = parts[: at - 1] + parts[at + 1 :] if at else parts[2:]
            found.append(
                (side, "".join(shared), "".join(parts[:at]), kind, "".join(parts[at + 1 :]))
            )
    return found


def _plain(name: str) -> str:
    """A name without what is easily mistyped: case, and whatever is no letter or digit."""
    return re.sub(r"[\W_]+", "", name).casefold()
