"""The folder of an unattended run: a folder a study, and tables of all of them.

The folders are the truth. The tables are made from them now and then, and at the end. A study's
folder appears as a whole, with those of its group, so a run may be killed at any moment; the next
one with the same settings goes on from there.
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.batch.lock import locked
from sharp_cli.batch.record import Record
from sharp_cli.batch.tables import files_of, read_failures, write_failures, write_results
from sharp_cli.core.errors import OutputError
from sharp_cli.fileio import output
from sharp_cli.results.formats import from_json
from sharp_cli.results.layout import HIDDEN, REPLACED, STUDY_CSV, STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.results.document import Document, Failure, ModelRow
    from sharp_cli.scoring.plan import Plan
    from sharp_cli.scoring.studies import Group

_NEW: Final = f"{HIDDEN}new"
_READY: Final = f"{HIDDEN}ready"
_OLD: Final = f"{HIDDEN}old"

_SHARE: Final = 0.01
"""Of the time goes into keeping the tables up to date, at the most."""


@contextmanager
def opened(
    folder: Path, settings: Mapping[str, Any], models: Mapping[str, ModelRow]
) -> Iterator[Ledger]:
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
        yield Ledger(folder, Record(folder, settings, models))


class Ledger:
    """The studies of a folder of results.

    Attributes:
        folder: The folder.
        studies: The files of each study.
    """

    def __init__(self, folder: Path, record: Record) -> None:
        self.folder = folder
        self._record = record
        self._due = 0.0
        self._publish()
        with _explained(folder):
            for left in folder.glob(f"{HIDDEN}*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            self._failed = read_failures(folder)
        self._scan()

    def left(self, work: Plan) -> list[Group]:
        """The groups that lack results, or were put together otherwise when these were made."""
        owners = {file: group for group in work.groups for file in group.files}

        def is_done(group: Group) -> bool:
            together = {file for study in self._of(group) for file in self.studies[study]}
            return all(self._places.get(file) for file in group.files) and all(
                owners.get(file, group) is group for file in together
            )

        return [group for group in work.groups if not is_done(group)]

    def todo(self, work: Plan) -> Iterator[Group]:
        """The groups that are left, under names that are free; each to be added before the next."""
        taken = {name.casefold() for name in self.studies}
        work.names.take(taken)
        for group in self.left(work):
            own = self._of(group)
            work.names.free(own - {group.name})
            if group.name.casefold() in taken and group.name not in own:
                yield replace(group, name=work.names.new(group.name))
            else:
                yield group
            # If the group failed, what was there of it is there still.
            work.names.take(self._of(group))

    def add(self, group: Group, studies: Mapping[str, Mapping[str, bytes]]) -> None:
        """Write the studies of a group, all or none, instead of what was there of its files.

        Args:
            group: The group.
            studies: The content of the files of each study, by their names.

        Raises:
            OutputError: They cannot be written.
        """
        replaced = self._of(group)
        new = self.folder / _NEW
        try:
            for study, files in studies.items():
                for name, content in files.items():
                    output.write(new / study / name, content)
            output.write(new / REPLACED, json.dumps(sorted(replaced)).encode())
            with _explained(new):
                new.rename(self.folder / _READY)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        self._publish()
        for study in replaced:
            for file in self.studies.pop(study):
                self._places[file].discard(study)
        with _explained(self.folder):
            for study in studies:
                self._place(study, frozenset(files_of(self.folder / study)))

    def update(self, failures: Sequence[Failure], counts: Mapping[str, int]) -> None:
        """Bring the tables and the record up to date, unless that was done lately."""
        begun = time.monotonic()
        if begun >= self._due:
            self.close(failures, counts, finished=False)
            now = time.monotonic()
            self._due = now + (now - begun) / _SHARE

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
        # An interruption may have come between a study's folder and its entry here.
        self._publish()
        self._scan()
        write_results(self.folder, self.studies)
        rows = list(failures)
        if not finished:
            done = {failure.file for failure in failures} | self._places.keys()
            rows += [failure for failure in self._failed if failure.file not in done]
        write_failures(self.folder, rows)
        mine = {"studies": len(self.studies), "failed_files": len({row.file for row in rows})}
        self._record.write({**counts, **mine}, finished=finished)

    def documents(self) -> Iterator[Document]:
        """The result of each study, in the order of their names."""
        for study in sorted(self.studies):
            path = self.folder / study / STUDY_JSON
            yield from_json(path.read_bytes(), str(path))

    def _of(self, group: Group) -> set[str]:
        """The studies that hold any file of a group."""
        return {study for file in group.files for study in self._places.get(file, ())}

    def _scan(self) -> None:
        self.studies: dict[str, frozenset[str]] = {}
        self._places: dict[str, set[str]] = {}
        with _explained(self.folder):
            for path in self.folder.glob(f"*/{STUDY_CSV}"):
                self._place(path.parent.name, frozenset(files_of(path.parent)))

    def _place(self, study: str, files: frozenset[str]) -> None:
        self.studies[study] = files
        for file in files:
            self._places.setdefault(file, set()).add(study)

    def _publish(self) -> None:
        """Let what is ready take its place, also where that was cut short."""
        ready = self.folder / _READY
        if not ready.is_dir():
            return
        replaced, old = ready / REPLACED, self.folder / _OLD
        with _explained(ready):
            if replaced.exists():
                for study in json.loads(replaced.read_bytes()):
                    shutil.rmtree(old, ignore_errors=True)
                    if (self.folder / study).exists():
                        (self.folder / study).rename(old)
                replaced.unlink()
            for path in ready.iterdir():
                path.rename(self.folder / path.name)
            ready.rmdir()
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say in clear words what the system says."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or path}: cannot be written ({error.strerror}); see that "
        raise OutputError(message + "there is room, and repeat the call") from error
