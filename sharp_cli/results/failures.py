"""`failures.csv` in a folder of results: the files that gave none."""

from __future__ import annotations

import csv
import io
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from sharp_cli.fileio import output
from sharp_cli.fileio.tables import encoded, guarded, unguarded
from sharp_cli.results.document import Failure
from sharp_cli.results.layout import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


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
