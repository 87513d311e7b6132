"""Which radiographs some files, folders and patterns name."""

# ruff: noqa: PTH110, PTH112, PTH113, PTH118, PTH119 - those of Path are slow, and raise where the
# system cannot say

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import partial
from itertools import groupby
from operator import itemgetter
from os.path import exists, isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.core.errors import InputError
from sharp_cli.execution.questions import HERE
from sharp_cli.radiograph.headers import NO_HEADER, Header, read_header
from sharp_cli.radiograph.tags import OWN_SALT
from sharp_cli.results.document import Failure, WarningRow
from sharp_cli.results.layout import OVERLAY, is_results

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sharp_cli.execution.questions import Asker
    from sharp_cli.radiograph.tags import Salt

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


def discover(sources: Iterable[str], asker: Asker = HERE) -> Found:
    """Find radiographs, see `headers.read_header`; of DICOM files the headers are read, no pixels.

    Folders are searched at any depth, also behind links, each once; hidden files and folders, and
    results of `sharp score` are passed over. A file that is named itself is taken whatever it is.

    Args:
        sources: Files, folders, and patterns with `*`, `?` or `[…]`.
        asker: Asks about files and folders.
    """
    return _Search(asker).run([*sources])


def header_of(path: str, salt: Salt = OWN_SALT) -> Header:
    """The header of a file that is taken whatever it is; see `headers.read_header`."""
    return read_header(path, salt) or NO_HEADER


class _Entry(NamedTuple):
    """Of a folder.

    Attributes:
        name: Without the folder.
        path: As the user gave or would give it.
        is_file: Whether it is a file for sure: no folder, no link, no pipe or the like.
    """

    name: str
    path: str
    is_file: bool


class _Place(NamedTuple):
    """What a path leads to.

    Attributes:
        real: Its path without links.
        entries: What is to be searched or read in it, in the order of names; None of a file.
        others: How many further files are in it.
        problem: Why it cannot be searched.
    """

    real: str
    entries: Sequence[_Entry] | None = None
    others: int = 0
    problem: str = ""


class _Search:
    def __init__(self, asker: Asker) -> None:
        self.found = Found()
        self.files: dict[str, str] = {}
        self.folders: set[str] = set()
        self.asker = asker

    def run(self, sources: Sequence[str]) -> Found:
        named = []
        for source, answer in zip(sources, self.asker.each(_expanded, sources), strict=True):
            if isinstance(answer, InputError):
                self._fail(source, str(answer))
            else:
                named += answer
        for is_folder, alike in groupby(named, key=itemgetter(1)):
            paths = [path for path, _ in alike]
            if is_folder:
                for path in paths:
                    self._search(path)
            else:
                self._take_all(paths)
        return self.found

    def _take_all(self, paths: Sequence[str]) -> None:
        """Take files that were named."""
        headers = self.asker.each(partial(_real_and_header, salt=OWN_SALT), paths)
        for path, answer in zip(paths, headers, strict=True):
            if isinstance(answer, InputError):
                self._fail(path, str(answer))
                continue
            real, header = answer
            if header.written_here:
                self._warn(path, "written by sharp, as overlays and patches are")
            self._take(path, real, header)

    def _search(self, folder: str) -> None:
        self.found.named = False
        before, known = self._state(), len(self.folders)
        files: list[tuple[str, str]] = []
        self._walk(folder, files)
        question = partial(_header_of_found, salt=OWN_SALT)
        headers = self.asker.each(question, [path for path, _ in files])
        for (path, real), header in zip(files, headers, strict=True):
            if isinstance(header, InputError):
                self._fail(path, str(header))
            else:
                self._sort_out(path, real, header)
        if self._state() == before and len(self.folders) > known:
            what = "DICOM, PNG, JPEG, TIFF or BMP files"
            self._fail(folder, f"{folder}: holds no radiographs; name a folder with {what}")

    def _state(self) -> tuple[int, ...]:
        """Differs once something was found or noted."""
        return len(self.files), len(self.found.warnings), len(self.found.failures)

    def _walk(self, folder: str, files: list[tuple[str, str]]) -> None:
        """Add the files of a folder, at any depth, and where each is without links."""
        places: dict[str, _Place] = {}
        level = [folder]
        while level:
            for path, place in zip(level, self.asker.each(_look, level), strict=True):
                if isinstance(place, InputError):
                    self._fail(path, str(place))
                elif self._is_new(path, place):
                    places[path] = place
            level = [
                entry.path
                for path in level
                if path in places
                for entry in places[path].entries or ()
                if not entry.is_file
            ]
        waiting = [(folder, "")]
        while waiting:
            path, real = waiting.pop()
            if real:
                files.append((path, real))
            elif path in places:
                place = places[path]
                waiting += [
                    (entry.path, os.path.join(place.real, entry.name) if entry.is_file else "")
                    for entry in reversed(place.entries or ())
                ]
                if place.entries is None:
                    files.append((path, place.real))

    def _is_new(self, path: str, place: _Place) -> bool:
        """Whether a place is to be searched; notes what there is to say of it."""
        if place.entries is None:
            return True
        if place.real in self.folders:
            return False
        self.folders.add(place.real)
        self.found.others += place.others
        if place.problem:
            self._fail(path, place.problem)
        return True

    def _fail(self, path: str, reason: str) -> None:
        self.found.failures.append(Failure(path, InputError.__name__, reason))

    def _sort_out(self, path: str, real: str, header: Header | None) -> None:
        """Take a file that was found, if it may be a radiograph."""
        if header is None:
            self.found.others += 1
        elif header.written_here:
            self._warn(path, "written by sharp, as overlays and patches are, and skipped")
        else:
            if fnmatch(os.path.basename(path).lower(), OVERLAY):
                self._warn(path, "named like an overlay of sharp; check that it is a radiograph")
            self._take(path, real, header)

    def _warn(self, path: str, text: str) -> None:
        self.found.warnings.append(WarningRow("", path, text))

    def _take(self, path: str, real: str, header: Header) -> None:
        if real in self.files:
            self._warn(path, f"the same file as {self.files[real]}; read once")
            return
        self.files[real] = path
        self.found.radiographs.append(RadiographFile(path, header))


def _look(path: str) -> _Place:
    """What a path leads to."""
    real = os.path.realpath(path)
    if not isdir(path):
        return _Place(real)
    if is_results(Path(path)):
        return _Place(real, ())
    try:
        with os.scandir(path) as entries:
            shown = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"{path}: cannot be searched ({error.strerror}); see that it can be read"
        return _Place(real, (), problem=problem)
    hidden = [entry for entry in shown if entry.name.startswith(".")]
    return _Place(
        real,
        [
            _Entry(entry.name, entry.path, entry.is_file(follow_symlinks=False))
            for entry in shown
            if not entry.name.startswith(".")
        ],
        sum(not isdir(entry.path) for entry in hidden),
    )


def _header_of_found(path: str, salt: Salt) -> Header | None:
    """The header of a file that was found, if it may be a radiograph."""
    # To open a pipe or a device would hang. Its reader reports a link that leads nowhere.
    regular = isfile(path) or not exists(path)
    return read_header(path, salt) if regular and os.path.basename(path) != _DIRECTORY else None


def _real_and_header(path: str, salt: Salt) -> tuple[str, Header]:
    return os.path.realpath(path), header_of(path, salt)


def _expanded(source: str) -> list[tuple[str, bool]]:
    """The paths that match a pattern, and whether each is a folder.

    Whatever exists, or matches nothing, is no pattern.
    """
    matches = [] if os.path.lexists(source) else sorted(glob.glob(source))  # noqa: PTH207
    return [(path, isdir(path)) for path in matches or [source]]
