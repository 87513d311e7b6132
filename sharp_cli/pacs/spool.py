"""The folder in which a node keeps what it was sent until its results are stored elsewhere.

    received/STUDY/OBJECT.dcm   images, as they come
    scoring/STUDY/OBJECT.dcm    images of the study that is being scored
    outgoing/OBJECT.dcm         results that are to be sent
    failed/STUDY/               images of a study that gave no result, and why
    failed/OBJECT.dcm, .txt     a result that was refused, and why

Everything is named by its unique identifier. A file appears whole and is on the disk before it
counts, and goes only when what follows from it is on the disk: so the process may be killed at any
moment, and at worst does its last step once more, which gives the same files. Put back by hand,
what failed is tried again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import OutputError
from sharp_cli.fileio.output import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_QUEUE_BYTES: Final = 20 << 30
"""Of all that waits, a choice: about a thousand studies."""

_UNFINISHED: Final = ".sharp-"
_REASON: Final = "reason.txt"
_BEGUN: Final = ".begun"
"""Holds a byte for each time that the study was begun."""

_MOST_BEGUN: Final = 5
"""A study that makes the process end must not do so for ever."""


class QueueError(OutputError):
    """The queue is full, or cannot be written."""


class Spool:
    """A queue on the disk; its methods may be called by several threads.

    Attributes:
        folder: Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        """Open a queue, and clear away what a process left unfinished.

        Raises:
            OutputError: The folder cannot be used.
        """
        self.folder = folder
        self._received, self._scoring, self._outgoing, self._failed = parts = tuple(
            folder / name for name in ("received", "scoring", "outgoing", "failed")
        )
        self._lock = threading.Lock()
        self._came: dict[str, float] = {}
        for part in parts:
            make_folder(part)
        with self._held():
            _sync(folder)
            for left in list(folder.rglob(f"{_UNFINISHED}*")):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            for study in self._received.iterdir():
                if not any(study.iterdir()):
                    study.rmdir()

    def receive(self, study: str, name: str, content: bytes) -> None:
        """Keep an image; it is on the disk when this returns.

        Args:
            study: Identifier of its study.
            name: Its own identifier; what came before under it is replaced.
            content: A DICOM file.

        Raises:
            QueueError: The queue is full, or cannot be written, as in all that follow.
        """
        with self._held():
            waiting = (self._received, self._scoring, self._outgoing)
            if sum(map(_size, waiting)) + len(content) > MAX_QUEUE_BYTES:
                message = f"{self.folder}: the queue is full; see that results can be stored"
                raise QueueError(message)
            folder = self._received / study
            if not folder.exists():
                folder.mkdir()
                _sync(self._received)
            _save(folder / f"{name}.dcm", content)
            self._came[study] = time.monotonic()

    def claim(self, quiet: float) -> Path | None:
        """Take the next study that is to be scored; one that was begun before comes first.

        Args:
            quiet: Seconds since its last image, after which a study is complete.

        Returns:
            The folder of its images, called by the study's identifier, or None if there is none.
        """
        with self._held():
            now = time.monotonic()
            for study in _names(self._received):
                self._came.setdefault(study, now)
            begun = _names(self._scoring)
            for study in begun or [one for one, came in self._came.items() if now - came >= quiet]:
                folder = self._scoring / study
                if not begun:
                    (self._received / study).rename(folder)
                    _sync(self._scoring, self._received)
                    del self._came[study]
                if self._begin(folder):
                    return folder
        return None

    def finish(self, study: Path, results: Mapping[str, bytes]) -> None:
        """Put the results of a study, by their identifiers, in the place of its images."""
        with self._held():
            for name, content in results.items():
                _save(self._outgoing / f"{name}.dcm", content)
            # At once: scored anew, a part of its images would give another result.
            gone = self._scoring / f"{_UNFINISHED}{study.name}"
            study.rename(gone)
            shutil.rmtree(gone)
            _sync(self._scoring)

    def fail(self, study: Path, reason: str) -> None:
        """Lay a study aside that gives no result."""
        with self._held():
            self._set_aside(study, reason)

    def release(self) -> None:
        """Let what was interrupted, through no fault of its own, be begun anew."""
        with self._held():
            for study in _names(self._scoring):
                (self._scoring / study / _BEGUN).unlink(missing_ok=True)

    def counts(self) -> dict[str, int]:
        """How many studies or results lie in each part of the queue."""
        parts = (self._received, self._scoring, self._outgoing, self._failed)
        with self._held():
            return {part.name: len(_names(part)) for part in parts}

    def outgoing(self) -> list[Path]:
        """The results that are to be sent, the oldest first."""
        with self._held():
            paths = list(self._outgoing.glob("[!.]*"))
            return sorted(paths, key=lambda path: path.stat().st_mtime_ns)

    def sent(self, result: Path) -> None:
        """Forget a result that was stored."""
        with self._held():
            result.unlink()
            _sync(self._outgoing)

    def postpone(self, result: Path) -> None:
        """Let the others be sent before a result."""
        with self._held():
            result.touch()

    def refuse(self, result: Path, reason: str) -> None:
        """Lay a result aside that is not wanted."""
        with self._held():
            _save(self._failed / f"{result.stem}.txt", f"{reason}\n".encode())
            result.replace(self._failed / result.name)
            _sync(self._failed, self._outgoing)

    def _begin(self, study: Path) -> bool:
        """Count that a study is begun; whether it may be."""
        note = study / _BEGUN
        times = note.stat().st_size if note.exists() else 0
        if times == _MOST_BEGUN:
            self._set_aside(study, f"sharp ended each of {times} times that it scored this study")
            return False
        _save(note, b"x" * (times + 1))
        return True

    def _set_aside(self, study: Path, reason: str) -> None:
        _save(study / _REASON, f"{reason}\n".encode())
        (study / _BEGUN).unlink(missing_ok=True)
        place, number = self._failed / study.name, 1
        while place.exists():
            number += 1
            place = self._failed / f"{study.name}-{number}"
        study.rename(place)
        _sync(self._failed, self._scoring)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep other threads out, and say in clear words what the system says."""
        try:
            with self._lock:
                yield
        except OSError as error:
            message = f"{self.folder}: cannot be written ({error.strerror}); see that there is room"
            raise QueueError(message) from error


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("[!.]*"))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _save(path: Path, content: bytes) -> None:
    """Write a file whole, and not return before the disk has it."""
    handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(*folders: Path) -> None:
    """See that the disk has the names in some folders."""
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
