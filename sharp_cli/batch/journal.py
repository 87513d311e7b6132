"""Which studies a folder of results holds, by radiograph; what is written may be cut at any point.

The folder itself is the journal: each study is a folder in it, whose JSON names its radiographs and
gives the hash of each, so that one that was replaced or moved is recognised.
The studies of a group appear together. They are written into a hidden folder, which then gets the
name that says that it is complete; from there they replace what was there of their radiographs.
Whoever opens the folder next completes a replacement that was interrupted, and removes the rest.
The disk has all of a study before the study has its name. A disk that says so too early may still
leave studies that are not whole after a power cut; they are removed, and so done again.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.whole import is_study, read_contents
from sharp_cli.core.errors import OutputError
from sharp_cli.fileio import output
from sharp_cli.results.layout import HIDDEN, REPLACED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NEW: Final = f"{HIDDEN}new"
_READY: Final = f"{HIDDEN}ready"
_OLD: Final = f"{HIDDEN}old"


class Journal:
    """The studies of a folder of results.

    A radiograph is its path as the user gave it; its content is the sha256 of its file.

    Attributes:
        studies: The radiographs of each study, with their contents.
        removed: The studies that were there, and were not whole or not to be kept.
    """

    def __init__(self, folder: Path, *, keep: bool = True) -> None:
        """Read the journal of a folder, see `recover`, and remove what an interruption left.

        Args:
            folder: The folder.
            keep: Whether to keep the studies that are there.

        Raises:
            OutputError: The folder cannot be read or written.
            UsageError: It holds studies of another version.
        """
        self._folder = folder
        self.recover(keep=keep)
        with explained(folder):
            for rest in folder.glob(f"{HIDDEN}*"):
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink()

    def recover(self, *, keep: bool = True) -> None:
        """Complete a replacement that was interrupted, and read the folder anew.

        Raises:
            OutputError: The folder cannot be read or written.
            UsageError: It holds studies of another version.
        """
        self._publish()
        self.studies: dict[str, dict[str, str]] = {}
        self.removed: list[str] = []
        self._by_radiograph: dict[str, set[str]] = {}
        self._by_content: dict[str, set[str]] = {}
        with explained(self._folder):
            for path in sorted(self._folder.iterdir()):
                if not path.name.startswith(HIDDEN) and is_study(path):
                    self._enter(path, keep=keep)

    def studies_of(self, radiographs: Iterable[str], contents: Iterable[str] = ()) -> set[str]:
        """The studies that hold any of some radiographs, or of some contents."""
        found = {study for one in radiographs for study in self._by_radiograph.get(one, ())}
        return found | {study for one in contents for study in self._by_content.get(one, ())}

    def has(self, radiograph: str) -> bool:
        """Whether a radiograph is in a study."""
        return bool(self._by_radiograph.get(radiograph))

    def add(
        self,
        radiographs: Iterable[str],
        studies: Mapping[str, Mapping[str, bytes]],
        contents: Iterable[str] = (),
    ) -> None:
        """Write studies, all or none, in place of those that hold any of some radiographs.

        Args:
            radiographs: What the studies were made from, also if a radiograph gave none.
            studies: The content of the files of each study, by their names.
            contents: Of the radiographs, which may have been held under other paths.

        Raises:
            OutputError: They cannot be written.
        """
        replaced = self.studies_of(radiographs, contents)
        if not studies and not replaced:
            return
        new = self._folder / _NEW
        try:
            for study, files in studies.items():
                for name, content in files.items():
                    output.write(new / study / name, content, durable=True)
            output.write(new / REPLACED, json.dumps(sorted(replaced)).encode(), durable=True)
            with explained(new):
                for study in studies:
                    output.sync_folder(new / study)
                output.sync_folder(new)
                new.rename(self._folder / _READY)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
        self._publish()
        for study in replaced:
            for one, sha256 in self.studies.pop(study).items():
                self._by_radiograph[one].discard(study)
                self._by_content[sha256].discard(study)
        with explained(self._folder):
            for study in studies:
                self._enter(self._folder / study)

    def _enter(self, path: Path, *, keep: bool = True) -> None:
        """Note a study whose folder is there, or remove it."""
        contents = read_contents(path) if keep else None
        if contents is None:
            shutil.rmtree(path)
            self.removed.append(path.name)
            return
        self.studies[path.name] = contents
        for one, sha256 in contents.items():
            self._by_radiograph.setdefault(one, set()).add(path.name)
            self._by_content.setdefault(sha256, set()).add(path.name)

    def _publish(self) -> None:
        """Let what is complete take its place, also where that was interrupted."""
        ready = self._folder / _READY
        if not ready.is_dir():
            return
        replaced = ready / REPLACED
        with explained(ready):
            output.sync_folder(self._folder)
            if replaced.exists():
                try:
                    studies = json.loads(replaced.read_bytes())
                except ValueError:  # a power cut: what is ready will be done again
                    shutil.rmtree(ready)
                    return
                for study in studies:
                    self._lay_aside(study)
                replaced.unlink()
            for path in ready.iterdir():
                if is_study(self._folder / path.name):
                    self._lay_aside(path.name)  # a power cut has brought it back
                path.rename(self._folder / path.name)
            output.sync_folder(self._folder)
            ready.rmdir()
            shutil.rmtree(self._folder / _OLD, ignore_errors=True)

    def _lay_aside(self, study: str) -> None:
        old = self._folder / _OLD
        shutil.rmtree(old, ignore_errors=True)
        if (self._folder / study).exists():
            (self._folder / study).rename(old)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say in clear words what the system says."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or path}: cannot be written ({error.strerror}); see that "
        raise OutputError(message + "there is room, and repeat the call") from error
