"""The tables of a folder of results; each is replaced as a whole."""

from __future__ import annotations

import codecs
import csv
import io
import shutil
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import OutputError
from sharp_cli.fileio import output
from sharp_cli.fileio.tables import encoded, guarded, unguarded
from sharp_cli.results.document import CSV_COLUMNS, Failure
from sharp_cli.results.formats import SUMMARY_COLUMNS
from sharp_cli.results.layout import FAILURES, HIDDEN, RESULTS, STUDY_CSV, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

_OF_STUDIES: Final = (
    (RESULTS, STUDY_CSV, CSV_COLUMNS),
    (SUMMARY, SUMMARY, SUMMARY_COLUMNS),
)
"""The tables of all studies: name, name of the part in each study's folder, columns."""


def write_results(folder: Path, studies: Collection[str]) -> None:
    """Write the joints and the scores of all studies, in the order of the studies' names.

    Raises:
        OutputError: They cannot be written.
    """
    for name, part, columns in _OF_STUDIES:
        _write_joined(folder / name, columns, [folder / study / part for study in sorted(studies)])


def _write_joined(path: Path, columns: Iterable[str], parts: Sequence[Path]) -> None:
    hidden = path.with_name(f"{HIDDEN}{path.name}")
    try:
        with hidden.open("wb") as table:
            if any(map(_marked, parts)):
                table.write(codecs.BOM_UTF8)
            table.write(f"{','.join(columns)}\n".encode())
            for part in parts:
                with part.open("rb") as rows:
                    rows.readline()
                    shutil.copyfileobj(rows, table)
        hidden.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error


def _marked(path: Path) -> bool:
    """Whether a file begins with a byte order mark."""
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def write_failures(folder: Path, failures: Iterable[Failure]) -> None:
    """Write the files that gave no result (`file,error,reason`), in the order of their names.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(field.name for field in fields(Failure))
    rows.writerows(map(guarded, astuple(failure)) for failure in sorted(set(failures), key=astuple))
    output.write(folder / FAILURES, encoded(text.getvalue()), durable=True)


def read_failures(folder: Path) -> list[Failure]:
    """What `write_failures` wrote; nothing if that is gone, or was changed to something else.

    Raises:
        OSError: It cannot be read.
    """
    path = folder / FAILURES
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
        try:
            rows = [row for row in csv.reader(file) if len(row) == len(fields(Failure))]
        except csv.Error:
            return []
    return [Failure(*map(unguarded, row)) for row in rows[1:]]
