"""What commands print: messages and progress to stderr, tables to stdout."""

from __future__ import annotations

import csv
import io
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run

Kind = Literal["done", "error", "note", "warning"]


def log(kind: Kind, message: str) -> None:
    """Print a message to stderr."""
    print(f"{kind}: {message}", file=sys.stderr, flush=True)  # noqa: T201 - this is what prints


def log_problems(document: Document, run: Run) -> None:
    """Print the warnings and failures of a command to stderr, and whether models are validated."""
    from sharp_cli.core.about import NOTICE

    for warning in document.warnings:
        log("warning", f"{warning.file}: {warning.message}")
    for reason in dict.fromkeys(failure.reason for failure in run.failures):
        log("error", reason)
    if run.interrupted:
        log("error", "interrupted; what was finished is written")
    if document.model is not None and not document.validated_on_patients:
        log("note", NOTICE)


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to stdout: drawn on a terminal, else as CSV."""
    from sharp_cli.fileio import output

    cells = [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    if not is_terminal():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *cells])
        output.write_stdout(text.getvalue().encode())
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in columns))
    for row in cells:
        table.add_row(*map(escape, row))
    Console().print(table)
