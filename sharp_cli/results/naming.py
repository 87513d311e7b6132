"""Names of studies, which are names of folders, too."""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST: Final = 200
"""Of 255 bytes that file systems allow a name; the rest is for what is added to it."""


def folder_name(stem: str) -> str:
    """A name that a folder can have, from that of a file."""
    name = stem.lstrip(".")
    while len(os.fsencode(name)) > _LONGEST:
        name = name[:-1]
    return name or "study"


def unique_names(wanted: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The same names, with a number added to each that is taken in any case, or came before.

    Args:
        wanted: The names, in the order of precedence.
        taken: Those that none may have.
    """
    used = {name.casefold() for name in taken}
    # What was tried once is taken, so each goes on counting where the last one stopped.
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    names = []
    for name in wanted:
        tries = numbers[name.casefold()]
        choice = next(
            each
            for number in tries
            if (each := name if number == 1 else f"{name}-{number}").casefold() not in used
        )
        used.add(choice.casefold())
        names.append(choice)
    return names
