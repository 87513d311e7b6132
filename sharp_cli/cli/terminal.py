"""What commands print: messages and progress to stderr, tables to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, Literal

from sharp_cli.core.printable import printable
from sharp_cli.fileio.tables import list_places, to_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sharp_cli.results.document import Document, WarningRow
    from sharp_cli.results.run import Run

Kind = Literal["done", "error", "note", "warning"]

_NEXT_LINE: Final = "\n  "


def log(kind: Kind, message: str) -> None:
    """Print a message to stderr, if there is one; names in it cannot control a terminal."""
    if sys.stderr is not None:
        # Lines of lists are indented; any other break is one in a name.
        lines = f"{kind}: {message}".split(_NEXT_LINE)
        text = _NEXT_LINE.join(map(printable, lines))
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what prints


def log_warnings(warnings: Iterable[WarningRow]) -> None:
    """Print warnings to stderr: what is the same of several files once."""
    files: dict[str, dict[str, None]] = {}
    for warning in warnings:
        files.setdefault(warning.message, {})[warning.file] = None
    for message, named in files.items():
        log("warning", f"{list_places([*named])}: {message}")


def log_problems(document: Document, run: Run) -> None:
    """Print the warnings and failures of a command to stderr, and whether models are validated."""
    from sharp_cli.core.about import NOTICE

    log_warnings(document.warnings)
    for reason in dict.fromkeys(failure.reason for failure in run.failures):
        log("error", reason)
    if run.interrupted:
        log("error", "interrupted; what was finished is written")
    if document.model is not None and not document.validated_on_patients:
        log("note", NOTICE)


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to stdout: drawn on a terminal, else as CSV."""
    from sharp_cli.fileio import output

    cells = [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    if not is_terminal():
        output.write_stdout(to_csv(columns, cells))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in columns))
    for row in cells:
        table.add_row(*(escape(printable(cell)) for cell in row))
    Console().print(table)
