"""Tables to read, as Markdown and LaTeX."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NONE: Final = "–"
"""What stands for a metric that is not defined."""

_LATEX: Final = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text.

    Attributes:
        caption: What it shows.
        columns: Heads of its columns.
        rows: Its cells.
        bold: Rows and columns, from 0, of the cells that stand out.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    bold: frozenset[tuple[int, int]] = frozenset()


def format_number(value: float, form: str = ".2f", *, undefined: str = NONE) -> str:
    """A number as text, or what stands for one that is NaN."""
    return undefined if math.isnan(value) else format(value, form)


def markdown(table: Table) -> str:
    """The table as Markdown, its caption above it."""
    heads, *rows = _written(table, lambda text: text.replace("|", r"\|"), "**{}**")
    lines = [heads, ["---"] * len(heads), *rows]
    return f"{table.caption}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def latex(table: Table) -> str:
    """The table as a `table` of LaTeX."""
    heads, *rows = [
        f"{' & '.join(line)} \\\\\n" for line in _written(table, _latex, r"\textbf{{{}}}")
    ]
    return (
        f"\\begin{{table}}\n\\caption{{{_latex(table.caption)}}}\n"
        f"\\begin{{tabular}}{{{'l' * len(table.columns)}}}\n"
        f"\\hline\n{heads}\\hline\n{''.join(rows)}\\hline\n"
        "\\end{tabular}\n\\end{table}\n"
    )


def _written(table: Table, escape: Callable[[str], str], bold: str) -> list[list[str]]:
    """The heads and the rows in some markup."""
    rows = [
        [
            bold.format(escape(cell)) if (number, column) in table.bold else escape(cell)
            for column, cell in enumerate(row)
        ]
        for number, row in enumerate(table.rows)
    ]
    return [[escape(head) for head in table.columns], *rows]


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
