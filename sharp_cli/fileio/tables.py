"""CSV tables: reading them with all that is wrong by row, and writing them atomically."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.core.errors import DocumentError
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_PLACES_NAMED: Final = 20
"""Of a mistake that is made over and over, so many places are named."""


_RUNS: Final = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""How a text begins that a spreadsheet may run as a formula, or that was guarded before."""


class Problem(NamedTuple):
    """What is wrong at some place of a file."""

    where: str
    what: str


def read_header(path: Path) -> list[str]:
    """The names in a CSV file's first line; none in an empty file.

    Raises:
        DocumentError: It cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: cannot be read as a table ({error}); give a CSV file"
        raise DocumentError(message) from error


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; a missing cell is empty.

    Raises:
        DocumentError: It cannot be read, or lacks one of `columns`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            absent = [name for name in columns if name not in (reader.fieldnames or ())]
            if absent:
                message = f"{path}: no column {', '.join(absent)}; needed are {','.join(columns)}"
                raise DocumentError(message)
            for row in reader:
                yield reader.line_num, {name: unguarded(row[name] or "") for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: cannot be read as a table of {','.join(columns)} ({error})"
        raise DocumentError(message) from error


def guarded(text: str) -> str:
    """A text as the cell of a table that a spreadsheet may open: what it would run begins with '.

    Numbers stay as they are.
    """
    return f"'{text}" if _RUNS.match(text) and math.isnan(parse_number(text)) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


def parse_number(value: object) -> float:
    """A finite number, or the text of one, as float; NaN for anything else."""
    try:
        found = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Iterable[str | float]]) -> None:
    """Write a CSV file: its columns' names, then the rows.

    Raises:
        OutputError: It cannot be written.
    """
    output.write(path, to_csv(columns, rows))


def to_csv(columns: Sequence[str], rows: Iterable[Iterable[str | float]]) -> bytes:
    """The content of a CSV file (UTF-8), lines ended by a line feed."""
    text = io.StringIO()
    cells = ([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows([columns, *cells])
    return text.getvalue().encode()


def raise_problems(path: Path, problems: Iterable[Problem]) -> None:
    """Raise an error that lists all that is wrong with a file, if anything is.

    Raises:
        DocumentError: There are problems.
    """
    places: dict[str, dict[str, None]] = {}
    for where, what in problems:
        places.setdefault(what, {})[where] = None
    if not places:
        return
    lines = [f"{path}: {sum(map(len, places.values()))} mistakes; correct them:"]
    for what, found in places.items():
        lines.append(f"{list_places([*found])}: {what}")
    raise DocumentError("\n  ".join(lines))


def list_places(places: Sequence[str]) -> str:
    """Places in words: so many that a message can be read, and how many more."""
    more = len(places) - _PLACES_NAMED
    return ", ".join(places[:_PLACES_NAMED]) + (f" and {more} more" if more > 0 else "")
