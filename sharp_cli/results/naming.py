"""Names of studies, which are names of folders, too."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST: Final = 200
"""Of 255 bytes that file systems allow a name; the rest is for what is added to it."""

_REFUSED: Final = frozenset('<>:"/\\|?*')
_UNSHOWN: Final = frozenset({"Cc", "Cs"})
"""Unicode's categories of control characters, and of what stands for bytes that are no text."""

_DEVICES: Final = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, like `_REFUSED` and dots and blanks at the end of a name by
Microsoft, Naming Files, Paths, and Namespaces."""


def folder_name(wanted: str) -> str:
    """A name that a folder can have on any system, from that of a file or a study.

    Characters that a system refuses become `_`, dots at the beginning and dots and blanks at the
    end go, and so does what is too long; `_` is put before the name of a device.
    """
    name = "".join(
        "_" if one in _REFUSED or unicodedata.category(one) in _UNSHOWN else one for one in wanted
    ).lstrip(".")
    while len(os.fsencode(name)) > _LONGEST:
        name = name[:-1]
    name = name.rstrip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    return name or "study"


def unique_names(wanted: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The same names, with a number added to each that is taken, or came before.

    Names that differ in case, or in how Unicode writes an accent, are the same to some systems.

    Args:
        wanted: The names, in the order of precedence.
        taken: Those that none may have.
    """
    used = {_plain(name) for name in taken}
    # What was tried once is taken, so each goes on counting where the last one stopped.
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    names = []
    for name in wanted:
        tries = numbers[_plain(name)]
        choice = next(
            each
            for number in tries
            if _plain(each := name if number == 1 else f"{name}-{number}") not in used
        )
        used.add(_plain(choice))
        names.append(choice)
    return names


def _plain(name: str) -> str:
    """What names have in common that some system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()
