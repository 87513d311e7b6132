"""CSV tables: reading them with all that is wrong by row, and writing them atomically."""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from dataclasses import dataclass
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


_DECIMAL: Final = re.compile(r"\s*[+-]?\d+,\d+\s*")
"""A number with a decimal comma."""

_ENCODINGS: Final = {"utf-16": "UTF-16", "cp1252": "Windows-1252"}
_DELIMITERS: Final = {";": "semicolons", "\t": "tabs"}
"""How what is unusual is called."""


class Problem(NamedTuple):
    """What is wrong at some place of a file."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table as text: CSV as Sharp writes it, or as spreadsheets and editors save it.

    Attributes:
        name: Of its file, for messages.
        content: What the file holds.
        text: The same as text.
        encoding: What its text was encoded in.
        delimiter: What separates its cells: a comma, a semicolon or a tab.
    """

    name: str
    content: bytes
    text: str
    encoding: str
    delimiter: str

    @property
    def header(self) -> list[str]:
        """The names in its first line; none in an empty table.

        Raises:
            DocumentError: It is no table.
        """
        lines = io.StringIO(self.text, newline="")
        try:
            return next(csv.reader(lines, delimiter=self.delimiter), [])
        except csv.Error as error:
            message = f"{self.name}: cannot be read as a table ({error}); give a CSV file"
            raise DocumentError(message) from error

    @property
    def form(self) -> str:
        """What distinguishes it from UTF-8 with commas, in words; empty where nothing does."""
        words = [_ENCODINGS.get(self.encoding, ""), _DELIMITERS.get(self.delimiter, "")]
        cells = self.text.splitlines() if self.delimiter != "," else ()
        if any(_DECIMAL.fullmatch(cell) for row in cells for cell in row.split(self.delimiter)):
            words.append("decimal commas")
        return ", ".join(filter(None, words))

    def rows(self, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows with their line numbers; a missing cell is empty.

        Decimal commas are made points where commas do not separate cells.

        Raises:
            DocumentError: It lacks one of `columns`, or is no table.
        """
        try:
            lines = io.StringIO(self.text, newline="")
            reader = csv.DictReader(lines, delimiter=self.delimiter)
            absent = [name for name in columns if name not in (reader.fieldnames or ())]
            if absent:
                message = (
                    f"{self.name}: no column {', '.join(absent)}; needed are {','.join(columns)}"
                )
                raise DocumentError(message)
            for row in reader:
                cells = {name: unguarded(row[name] or "") for name in columns}
                if self.delimiter != ",":
                    cells = {name: _with_point(cell) for name, cell in cells.items()}
                yield reader.line_num, cells
        except csv.Error as error:
            message = f"{self.name}: cannot be read as a table ({error}); give a CSV file"
            raise DocumentError(message) from error


def parse_table(name: str, content: bytes) -> Table:
    """What a file of a table holds.

    Args:
        name: Of the file, for messages.
        content: UTF-8 with or without a byte order mark, UTF-16 with one, or else cp1252, the
            encoding of Windows in western Europe, of which Latin-1 is nearly a part.

    Raises:
        DocumentError: It is no text.
    """
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if utf_16 else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        if utf_16 or b"\0" in content:
            message = f"{name}: cannot be read as a table ({error}); give a CSV file"
            raise DocumentError(message) from error
        encoding = "cp1252"
        text = content.decode(encoding, errors="replace")  # of five bytes it says nothing
    tables = [Table(name, content, text, encoding, delimiter) for delimiter in (",", ";", "\t")]
    return max(tables, key=lambda table: len(table.header))


def open_table(path: Path, columns: Sequence[str] = ()) -> Table:
    """The table in a file, of which `columns` are needed.

    Raises:
        DocumentError: It cannot be read.
    """
    try:
        return parse_table(str(path), path.read_bytes())
    except OSError as error:
        what = f"a table of {','.join(columns)}" if columns else "a table"
        message = f"{path}: cannot be read as {what} ({error.strerror}); give a CSV file"
        raise DocumentError(message) from error


def read_header(path: Path) -> list[str]:
    """The names in a table's first line; see `open_table`, and `Table.header`."""
    return open_table(path).header


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table with their line numbers; see `open_table`, and `Table.rows`."""
    yield from open_table(path, columns).rows(columns)


def guarded(text: str) -> str:
    """A text as the cell of a table that a spreadsheet may open: what it would run begins with '.

    Numbers stay as they are.
    """
    return f"'{text}" if _RUNS.match(text) and math.isnan(parse_number(text)) else text


def unguarded(cell: str) -> str:
    """The text that `guarded` made a cell of."""
    return cell[1:] if cell.startswith("'") and _RUNS.match(cell) else cell


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL.fullmatch(cell) else cell


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
    """The content of a CSV file, see `encoded`, lines ended by a line feed."""
    text = io.StringIO()
    cells = ([guarded(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows([columns, *cells])
    return encoded(text.getvalue())


def encoded(text: str) -> bytes:
    """The text of a CSV file in UTF-8, begun by a byte order mark if it is more than ASCII.

    Without the mark Excel takes it for the encoding of its Windows. File names that are no text in
    the file system's encoding are written as their bytes, without it.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="surrogateescape")
    return content if text.isascii() else codecs.BOM_UTF8 + content


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
    count = sum(map(len, places.values()))
    lines = [f"{path}: {count} mistakes; correct them:" if count > 1 else f"{path}: a mistake:"]
    for what, found in places.items():
        lines.append(f"{list_places([*found])}: {what}")
    raise DocumentError("\n  ".join(lines))


def list_places(places: Sequence[str]) -> str:
    """Places in words: so many that a message can be read, and how many more."""
    more = len(places) - _PLACES_NAMED
    return ", ".join(places[:_PLACES_NAMED]) + (f" and {more} more" if more > 0 else "")
