"""What commands print: messages and progress to stderr, tables to stdout; and the log file."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TextIO

from sharp_cli.core.errors import OutputError
from sharp_cli.core.printable import printable
from sharp_cli.fileio.output import give_up
from sharp_cli.fileio.tables import list_places, open_table, to_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sharp_cli.fileio.tables import Table
    from sharp_cli.results.document import Document, WarningRow
    from sharp_cli.results.run import Run

Kind = Literal["done", "stopped", "error", "note", "warning", "detail"]

_NEXT_LINE: Final = "\n  "

_UNLIMITED: Final = 10_000
"""Columns of a terminal that no table is too wide for."""

_URGENT: Final = frozenset({"error", "stopped"})
"""What `--quiet` leaves."""


@dataclass(slots=True)
class _Messages:
    """Where messages go.

    Attributes:
        quiet: Whether stderr gets errors only.
        verbose: Whether it gets details, too.
        file: Gets all of them.
    """

    quiet: bool = False
    verbose: bool = False
    file: TextIO | None = None

    def shows(self, kind: Kind) -> bool:
        """Whether stderr gets messages of this kind."""
        if self.quiet:
            return kind in _URGENT
        return self.verbose or kind != "detail"


_MESSAGES: Final = _Messages()


@contextmanager
def messages(*, quiet: bool, verbose: bool, log_file: Path | None) -> Iterator[None]:
    """Decide where the messages of a command go.

    Args:
        quiet: To stderr go errors only.
        verbose: To stderr go details, too.
        log_file: Every message is added to this file, with its time.

    Raises:
        OutputError: The file cannot be written.
    """
    before = _MESSAGES.quiet, _MESSAGES.verbose, _MESSAGES.file
    try:
        file = None
        if log_file is not None:
            file = log_file.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        message = f"--log-file {log_file}: cannot be written ({error.strerror}); name another file"
        raise OutputError(message) from error
    _MESSAGES.quiet, _MESSAGES.verbose, _MESSAGES.file = quiet, verbose, file
    try:
        yield
    finally:
        _MESSAGES.quiet, _MESSAGES.verbose, _MESSAGES.file = before
        if file:
            file.close()


def log(kind: Kind, message: str) -> None:
    """Print a message to stderr; names in it cannot control a terminal.

    A stderr that is closed, on a full disk, or whose reader is gone ends no work.
    """
    # Lines of lists are indented; any other break is one in a name.
    lines = f"{kind}: {message}".split(_NEXT_LINE)
    text = _NEXT_LINE.join(map(printable, lines))
    if sys.stderr is not None and _MESSAGES.shows(kind):
        try:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what prints
        except OSError:
            give_up(sys.stderr)
    if _MESSAGES.file is not None:
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        print(now, text, file=_MESSAGES.file, flush=True)


def count(number: int, thing: str) -> str:
    """How many of a thing there are: 1 file, 2 files, 3 studies."""
    if number == 1:
        return f"1 {thing}"
    return f"{number} {thing[:-1]}ies" if thing.endswith("y") else f"{number} {thing}s"


def log_form(*tables: Table | Path | None) -> None:
    """Note how tables are read that are not UTF-8 with commas.

    Raises:
        DocumentError: One cannot be read.
    """
    for given in tables:
        table = open_table(given) if isinstance(given, Path) else given
        if table is not None and table.form:
            log("note", f"{table.name}: read as {table.form}")


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
    if document.model is not None and not document.validated_on_patients:
        log("note", NOTICE)


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def width() -> int:
    """Columns of the terminal that stdout is."""
    from rich.console import Console

    return Console().width


def shows_progress() -> bool:
    """Whether a person reads stderr, and wants to see how far a command is."""
    return sys.stderr is not None and sys.stderr.isatty() and _MESSAGES.shows("note")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to stdout: drawn on a terminal, else as CSV.

    Nothing is cut: where a table is too wide for the terminal, each row becomes a list.
    """
    from sharp_cli.fileio import output

    cells = [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    if not is_terminal():
        output.write_stdout(to_csv(columns, cells))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    names = [column.replace("_", " ") for column in columns]
    table = Table(*names)
    for row in cells:
        table.add_row(*(escape(printable(cell)) for cell in row))
    unlimited = console.options.update(width=_UNLIMITED)
    if console.measure(table, options=unlimited).minimum <= console.width:
        console.print(table)
        return
    indent = max(map(len, names)) + 2
    for row in cells:
        named = zip(names, row, strict=True)
        lines = (f"{name:<{indent}}{printable(cell)}\n" for name, cell in named)
        output.write_stdout("".join([*lines, "\n"]).encode())
