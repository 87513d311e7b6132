"""Which studies a folder of results holds, by radiograph; what is written may be cut at any point.

The folder itself is the journal: each study is a folder in it, whose JSON names its radiographs and
gives the hash of each, so that one that was replaced or moved is recognised.
The studies of a group appear together. They are written into a hidden folder, which then gets the
name that says that it is complete; from there they replace what was there of their radiographs.
Whoever opens the folder next completes a replacement that was interrupted, and removes the rest.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.fileio import output
from sharp_cli.results.layout import HIDDEN, REPLACED, STUDY_JSON

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
    """

    def __init__(self, folder: Path) -> None:
        """Read the journal of a folder, see `recover`, and remove what an interruption left.

        Raises:
            OutputError: The folder cannot be read or written.
        """
        self._folder = folder
        self.recover()
        with explained(folder):
            for rest in folder.glob(f"{HIDDEN}*"):
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink()

    def recover(self) -> None:
        """Complete a replacement that was interrupted, and read the folder anew.

        Raises:
            OutputError: The folder cannot be read or written.
        """
        self._publish()
        self.studies: dict[str, dict[str, str]] = {}
        self._by_radiograph: dict[str, set[str]] = {}
        self._by_content: dict[str, set[str]] = {}
        with explained(self._folder):
            for path in self._folder.glob(f"*/{STUDY_JSON}"):
                if not path.parent.name.startswith(HIDDEN):
                    self._enter(path.parent.name)

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
                    output.write(new / study / name, content)
            output.write(new / REPLACED, json.dumps(sorted(replaced)).encode())
            with explained(new):
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
                self._enter(study)

    def _enter(self, study: str) -> None:
        """Note a study whose folder is there."""
        self.studies[study] = _contents(self._folder / study / STUDY_JSON)
        for one, sha256 in self.studies[study].items():
            self._by_radiograph.setdefault(one, set()).add(study)
            self._by_content.setdefault(sha256, set()).add(study)

    def _publish(self) -> None:
        """Let what is complete take its place, also where that was interrupted."""
        ready = self._folder / _READY
        if not ready.is_dir():
            return
        replaced, old = ready / REPLACED, self._folder / _OLD
        with explained(ready):
            if replaced.exists():
                for study in json.loads(replaced.read_bytes()):
                    shutil.rmtree(old, ignore_errors=True)
                    if (self._folder / study).exists():
                        (self._folder / study).rename(old)
                replaced.unlink()
            for path in ready.iterdir():
                path.rename(self._folder / path.name)
            ready.rmdir()
            shutil.rmtree(old, ignore_errors=True)


def _contents(path: Path) -> dict[str, str]:
    """The radiographs of a result document, with the sha256 of each; the rest is not read.

    Raises:
        OSError: It cannot be read.
        UsageError: It is not what this version writes.
    """
    try:
        return {row["file"]: row["sha256"] for row in json.loads(path.read_bytes())["inputs"]}
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path}: not what this version of sharp score wrote; choose a new folder"
        raise UsageError(message) from error


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say in clear words what the system says."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or path}: cannot be written ({error.strerror}); see that "
        raise OutputError(message + "there is room, and repeat the call") from error
