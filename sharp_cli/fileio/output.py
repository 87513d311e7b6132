"""Writing files atomically, and folders and stdout, with errors that say what to do."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from sharp_cli.core.errors import OutputError
from sharp_cli.core.printable import printable_lines


def prepare(path: Path) -> None:
    """Make the folder that `path` goes to, and check that a file can be written there.

    Raises:
        OutputError: It cannot, or `path` is a folder itself.
    """
    if path.is_dir():
        message = f"{path}: cannot be written, it is a folder; name a file in it"
        raise OutputError(message)
    make_folder(path.parent)
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK):
        message = f"{path}: no permission to write {target}; choose another place"
        raise OutputError(message)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there yet.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder}: cannot be made a folder ({error.strerror}); choose another place"
        raise OutputError(message) from error


def write(path: Path, content: bytes) -> None:
    """Write a file atomically: a temporary file beside it is written, then renamed.

    A device or a pipe is written to directly.

    Raises:
        OutputError: It cannot be written; what was there before is untouched.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
            return
        make_folder(target.parent)
        handle, name = tempfile.mkstemp(prefix=".sharp-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error


def write_stdout(content: bytes) -> None:
    """Write data to stdout; a reader that stops early is no error.

    On a terminal, what would control it is shown.

    Raises:
        OutputError: It cannot be written.
    """
    if sys.stdout is None:
        message = "stdout: cannot be written (it is closed); choose a file"
        raise OutputError(message)
    if sys.stdout.isatty():
        content = printable_lines(content.decode(errors="surrogateescape")).encode()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Otherwise Python would try to write the rest when it exits, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        message = f"stdout: cannot be written ({error.strerror}); choose a file"
        raise OutputError(message) from error


def _mode(target: Path) -> int:
    """The permissions that the file has, or that a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
