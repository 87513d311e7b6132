"""Where the radiographs of results lie now, be it on another machine: found by name and content."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError
from sharp_cli.results.inputs import require_same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sharp_cli.core.records import Radiograph
    from sharp_cli.results.document import InputRow

Parts = tuple[str, ...]


class Radiographs:
    """The radiographs that results may name.

    Args:
        folder: Where they lie, at any depth, under whatever folders; None to look where their paths
            lead to: from the folder of the results, those above it, and the present one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._named = None if folder is None else _by_name(folder)

    def read(self, row: InputRow, results: Path) -> Radiograph:
        """Read the radiograph of a row, whose content says that it is the one.

        Args:
            row: As in the results.
            results: The folder of their document.

        Raises:
            InputError: It is not there, is another one, or cannot be read.
        """
        found = (
            self._beside(row, results) if self._named is None else self._inside(row, self._named)
        )
        other = None
        for path in found:
            try:
                sha256 = radiograph.file_sha256(path)
            except OSError:
                return radiograph.read(path)  # which says what is wrong
            if sha256 == row.sha256:
                return radiograph.read(path)
            other = other or sha256
        if other is not None:
            require_same(row, other)
        where = "" if self._folder is None else f" in {self._folder}"
        message = f"{row.file}: not found{where}; give the folder of the radiographs with --images"
        raise DocumentError(message)

    @staticmethod
    def _beside(row: InputRow, results: Path) -> Iterator[Path]:
        """Where the path leads to as it is, then from the results or above them, its end first."""
        parts = _parts(row.file)
        places = [Path(row.file)]
        for folder in (results.resolve(), *results.resolve().parents):
            places += [folder.joinpath(*parts[start:]) for start in range(len(parts))]
        return (place for place in dict.fromkeys(places) if place.is_file())

    @staticmethod
    def _inside(row: InputRow, named: Mapping[str, Sequence[Path]]) -> Sequence[Path]:
        """The files of its name, that whose folders agree with its path most first."""
        parts = _parts(row.file)
        return sorted(named.get(parts[-1], ()), key=lambda path: -_common_end(path.parts, parts))


def _by_name(folder: Path) -> dict[str, list[Path]]:
    found = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[path.name].append(path)
    return found


def _parts(file: str) -> Parts:
    """The folders and the name in a path, which another system may have written."""
    windows = PureWindowsPath(file)
    path = windows if windows.drive or "\\" in file else PurePosixPath(file)
    return tuple(part for part in path.parts if part not in (path.anchor, "..", "."))


def _common_end(one: Parts, other: Parts) -> int:
    count = 0
    for first, second in zip(reversed(one), reversed(other), strict=False):
        if first != second:
            break
        count += 1
    return count
