"""The tables of a folder of results; each is replaced as a whole."""

from __future__ import annotations

import codecs
import shutil
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import OutputError
from sharp_cli.results.document import CSV_COLUMNS
from sharp_cli.results.formats import SUMMARY_COLUMNS
from sharp_cli.results.layout import HIDDEN, RESULTS, STUDY_CSV, SUMMARY

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
