"""The table of what was measured, in Markdown."""

from __future__ import annotations

from typing import Final, NamedTuple

HEAD: Final = "| measured | figure | beside it |\n| --- | --- | --- |"


class Row(NamedTuple):
    """A row of the table.

    Attributes:
        measured: What was measured.
        figure: What came out, with its unit.
        beside: What the machine could do at most, or what else to compare the figure with.
    """

    measured: str
    figure: str
    beside: str = ""

    def __str__(self) -> str:
        return f"| {' | '.join(self)} |"


def spread(values: list[float], digits: int = 2) -> str:
    """The least and the largest of some values."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"
