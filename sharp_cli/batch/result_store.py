"""The folder of an unattended run: a folder a study, tables of all of them, and a record.

The tables are made from the studies now and then, and at the end. A run may be killed at any
moment (see `journal`); the next one with the same settings resumes it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.batch.journal import Journal, explained
from sharp_cli.batch.lock import locked
from sharp_cli.batch.record import Record
from sharp_cli.batch.tables import write_results
from sharp_cli.fileio import output
from sharp_cli.results.failures import read_failures, write_failures
from sharp_cli.results.formats import from_json, to_changes
from sharp_cli.results.layout import CHANGES, STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.results.document import Document, Failure, ModelRow

_FRACTION: Final = 0.01
"""Of the time, at most, that goes into keeping the tables up to date."""


@contextmanager
def opened(
    folder: Path, settings: Mapping[str, Any], models: Mapping[str, ModelRow]
) -> Iterator[ResultStore]:
    """Work in a folder of results: a new one, or one that was begun with the same settings.

    Args:
        folder: It is made if it is not there.
        settings: See `Record`, like `models`.
        models: The bundles, by kind.

    Raises:
        UsageError: The folder holds something else, or another process works there.
        OutputError: It cannot be written.
    """
    output.make_folder(folder)
    with locked(folder):
        yield ResultStore(folder, Record(folder, settings, models))


class ResultStore:
    """A folder of results.

    Attributes:
        folder: The folder.
        journal: Which studies it holds.
    """

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self.journal = Journal(folder, keep=not record.torn)
        self._record = record
        with explained(folder):
            self._failed = read_failures(folder)
        self._due = 0.0

    def update(self, failures: Sequence[Failure], counts: Mapping[str, int]) -> None:
        """Bring the tables and the record up to date, unless that was done lately."""
        begun = time.monotonic()
        if begun >= self._due:
            self.close(failures, counts, finished=False)
            now = time.monotonic()
            self._due = now + (now - begun) / _FRACTION

    def close(
        self, failures: Sequence[Failure], counts: Mapping[str, int], *, finished: bool
    ) -> None:
        """Bring the tables and the record up to date.

        Args:
            failures: The files that gave no result; what failed in an earlier run counts as well
                until it is tried again, or nothing is left to do.
            counts: What else to count.
            finished: Whether nothing is left to do.

        Raises:
            OutputError: They cannot be written.
        """
        # An interruption may have come between a study's folder and its entry in the journal.
        self.journal.recover()
        write_results(self.folder, self.journal.studies)
        rows = list(failures)
        if not finished:
            tried = {failure.file for failure in failures}
            rows += [
                failure
                for failure in self._failed
                if failure.file not in tried and not self.journal.has(failure.file)
            ]
        write_failures(self.folder, rows)
        mine = {
            "studies": len(self.journal.studies),
            "failed_files": len({row.file for row in rows}),
        }
        self._record.write({**counts, **mine}, finished=finished)

    def write_changes(self) -> None:
        """Write how patients change from one visit to the next.

        Raises:
            OutputError: It cannot be written.
        """
        output.write(self.folder / CHANGES, to_changes(self.documents()))

    def documents(self) -> Iterator[Document]:
        """The result of each study, in the order of their names."""
        for study in sorted(self.journal.studies):
            path = self.folder / study / STUDY_JSON
            yield from_json(path.read_bytes(), str(path))
