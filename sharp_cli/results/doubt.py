"""How tables and pictures mark labels that are not certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sharp_cli.core.records import Certainty
    from sharp_cli.results.document import JointRow

_MARKS: Final[Mapping[Certainty | None, tuple[str, str]]] = {
    "uncertain": ("~", "intact or non-intact is uncertain"),
    "unlike": ("!", "unlike anything that the models learned from"),
}
"""By certainty, the mark and what it says."""


def marked(text: str, row: JointRow) -> str:
    """The text about a joint, with a mark if its label is not certain."""
    return f"{text} {_MARKS[row.certainty][0]}" if row.certainty in _MARKS else text


def legend(rows: Iterable[JointRow]) -> list[str]:
    """What each of the marks of some joints says."""
    given = {row.certainty for row in rows}
    return [f"{mark}: {meaning}" for one, (mark, meaning) in _MARKS.items() if one in given]
