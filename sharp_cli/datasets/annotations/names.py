"""What other people call the joints and the hands."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import POINTS
from sharp_cli.fileio.tables import Problem, raise_problems, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side

COLUMNS: Final = ("theirs", "joint")

_SIDES: Final[dict[str, Side]] = {"l": "left", "left": "left", "r": "right", "right": "right"}
_WORD: Final = r"(?<![a-z])(left|right|l|r)"


class Names:
    """Which joint a name means: by a file that says so, else by the name itself.

    Upper and lower case, spaces, underscores and hyphens make no difference.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Read a file of names (`theirs,joint`); an empty joint leaves the point out.

        Args:
            path: The file; None for none.

        Raises:
            DocumentError: Listing every bad row.
        """
        self._joints = {_plain(point): point for point in POINTS}
        if path is None:
            return
        known, theirs = dict(self._joints), set()
        problems = []
        for line, row in read_table(path, COLUMNS):
            name, joint = _plain(row["theirs"]), _plain(row["joint"])
            if not name or name in theirs:
                what = f"{row['theirs']!r} stands twice" if name else "no name"
                problems.append(Problem(f"line {line}", what))
            elif joint and joint not in known:
                problems.append(Problem(f"line {line}", f"unknown joint {row['joint']!r}"))
            theirs.add(name)
            self._joints[name] = known.get(joint, "")
        raise_problems(path, problems)

    def __call__(self, name: str) -> str | None:
        """The joint; empty if the point is to be excluded, None if nothing says what it is."""
        return self._joints.get(_plain(name))


def side_in(name: str) -> Side | None:
    """The side that a name says somewhere (`left hand`, `hand_R`), if it says just one."""
    found = {_SIDES[word] for word in re.findall(_WORD + "(?![a-z])", name.casefold())}
    return found.pop() if len(found) == 1 else None


def side_at_end(image: str) -> Side | None:
    """The side at the end of a picture's name: `p01_L.png`, `p01-right.dcm`."""
    found = re.search(_WORD + "$", PurePath(image).stem.casefold())
    return _SIDES[found[1]] if found else None


def without_side(image: str) -> str:
    """A picture's name without its suffix and the side at its end: `p01` of `p01_L.png`.

    Where nothing is left, as of `p01/left.dcm`, its folder's.
    """
    path = PurePath(image)
    stem = re.sub(_WORD + "$", "", path.stem, flags=re.IGNORECASE).rstrip(" _-.")
    return str(path.parent / stem)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()
