"""The tables of a folder of results; each is replaced as a whole."""

from __future__ import annotations

import csv
import io
import shutil
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from sharp_cli.core.errors import OutputError
from sharp_cli.fileio import output
from sharp_cli.fileio.tables import guarded, unguarded
from sharp_cli.results.document import COLUMNS, MANIFEST_COLUMNS, Failure
from sharp_cli.results.layout import FAILURES, HIDDEN, RESULTS, STUDY_CSV

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def write_results(folder: Path, studies: Iterable[str]) -> None:
    """Write the joints of all studies after one another, in the order of the studies' names.

    Raises:
        OutputError: It cannot be written.
    """
    path, hidden = folder / RESULTS, folder / f"{HIDDEN}{RESULTS}"
    try:
        with hidden.open("wb") as table:
            table.write(f"{','.join((*COLUMNS, *MANIFEST_COLUMNS))}\n".encode())
            for study in sorted(studies):
                with (folder / study / STUDY_CSV).open("rb") as rows:
                    rows.readline()
                    shutil.copyfileobj(rows, table)
        hidden.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error


def write_failures(folder: Path, failures: Iterable[Failure]) -> None:
    """Write the files that gave no result (`file,error,reason`), in the order of their names.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(field.name for field in fields(Failure))
    rows.writerows(map(guarded, astuple(failure)) for failure in sorted(set(failures), key=astuple))
    output.write(folder / FAILURES, text.getvalue().encode(errors="surrogateescape"))


def read_failures(folder: Path) -> list[Failure]:
    """What `write_failures` wrote; nothing if that is gone, or was changed to something else.

    Raises:
        OSError: It cannot be read.
    """
    path = folder / FAILURES
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        try:
            rows = [row for row in csv.reader(file) if len(row) == len(fields(Failure))]
        except csv.Error:
            return []
    return [Failure(*map(unguarded, row)) for row in rows[1:]]
