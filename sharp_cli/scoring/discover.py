"""Which radiographs some files, folders and patterns name."""

# ruff: noqa: PTH110, PTH112, PTH113 - those of Path raise where the system cannot say

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from fnmatch import fnmatch
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import InputError
from sharp_cli.radiograph.headers import NO_HEADER, Header, read_header
from sharp_cli.results.document import Failure, WarningRow
from sharp_cli.results.layout import OVERLAY, is_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DIRECTORY: Final = "DICOMDIR"


@dataclass(frozen=True, slots=True)
class RadiographFile:
    """A file that may be a radiograph: its path as the user gave or would give it."""

    file: str
    header: Header = NO_HEADER


@dataclass(slots=True)
class Found:
    """What was found, in the order of the sources, and in folders in the order of names.

    Attributes:
        radiographs: Each file once.
        named: Whether all of them were named one by one.
        others: How many other files lie in the folders; hidden files are among them.
        warnings: Which files were named or found more than once.
        failures: Which folders could not be searched, or were named and hold nothing.
    """

    radiographs: list[RadiographFile] = field(default_factory=list)
    named: bool = True
    others: int = 0
    warnings: list[WarningRow] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def discover(sources: Iterable[str]) -> Found:
    """Find radiographs, see `headers.read_header`; of DICOM files the headers are read, no pixels.

    Folders are searched at any depth, also behind links, each once; hidden files and folders, and
    results of `sharp score` are passed over. A file that is named itself is taken whatever it is.

    Args:
        sources: Files, folders, and patterns with `*`, `?` or `[…]`.
    """
    return _Search().run(sources)


def header_of(path: str) -> Header:
    """The header of a file that is taken whatever it is."""
    return read_header(path) or NO_HEADER


class _Search:
    def __init__(self) -> None:
        self.found = Found()
        self.files: dict[str, str] = {}
        self.folders: set[str] = set()

    def run(self, sources: Iterable[str]) -> Found:
        for source in sources:
            for path in _expanded(source):
                if isdir(path):
                    self._search(path)
                else:
                    header = header_of(path)
                    if header.written_here:
                        self._warn(path, "written by sharp, as overlays and patches are")
                    self._take(path, header)
        return self.found

    def _search(self, folder: str) -> None:
        self.found.named = False
        before, again = self._state(), os.path.realpath(folder) in self.folders
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            if isdir(path):
                waiting += reversed(self._entries(path))
            else:
                self._sort_out(path)
        if self._state() == before and not again:
            what = "DICOM, PNG, JPEG, TIFF or BMP files"
            self._fail(folder, f"holds no radiographs; name a folder with {what}")

    def _state(self) -> tuple[int, ...]:
        """Differs once something was found or noted."""
        return len(self.files), len(self.found.warnings), len(self.found.failures)

    def _entries(self, folder: str) -> list[str]:
        """What is to be searched or read in a folder."""
        place = os.path.realpath(folder)
        if place in self.folders or is_results(Path(folder)):
            return []
        self.folders.add(place)
        try:
            with os.scandir(folder) as entries:
                shown = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._fail(folder, f"cannot be searched ({error.strerror}); see that it can be read")
            return []
        hidden = [entry for entry in shown if entry.name.startswith(".")]
        self.found.others += sum(not isdir(entry.path) for entry in hidden)
        return [entry.path for entry in shown if not entry.name.startswith(".")]

    def _fail(self, folder: str, problem: str) -> None:
        self.found.failures.append(Failure(folder, InputError.__name__, f"{folder}: {problem}"))

    def _sort_out(self, path: str) -> None:
        """Take a file that was found, if it may be a radiograph."""
        # To open a pipe or a device would hang. Its reader reports a link that leads nowhere.
        regular = isfile(path) or not exists(path)
        header = read_header(path) if regular and Path(path).name != _DIRECTORY else None
        if header is None:
            self.found.others += 1
        elif header.written_here:
            self._warn(path, "written by sharp, as overlays and patches are, and skipped")
        else:
            if fnmatch(Path(path).name.lower(), OVERLAY):
                self._warn(path, "named like an overlay of sharp; check that it is a radiograph")
            self._take(path, header)

    def _warn(self, path: str, text: str) -> None:
        self.found.warnings.append(WarningRow("", path, text))

    def _take(self, path: str, header: Header) -> None:
        real = os.path.realpath(path)
        if real in self.files:
            self._warn(path, f"the same file as {self.files[real]}; read once")
            return
        self.files[real] = path
        self.found.radiographs.append(RadiographFile(path, header))


def _expanded(source: str) -> Iterator[str]:
    """The paths that match a pattern; whatever exists, or matches nothing, is no pattern."""
    matches = [] if os.path.lexists(source) else sorted(glob.glob(source))  # noqa: PTH207
    yield from matches or [source]
