"""Writing files atomically, and folders and stdout, with errors that say what to do."""

from __future__ import annotations

import codecs
import errno
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from sharp_cli.core.errors import OutputError
from sharp_cli.core.printable import printable_lines

_UNSYNCED: Final = (errno.EINVAL, errno.ENOTSUP)
"""What file systems say, as some in networks do, that cannot wait for a folder."""


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


def write(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file atomically: a temporary file beside it is written, then renamed.

    A device or a pipe is written to directly.

    Args:
        path: The file.
        content: Its content.
        durable: Whether the disk must have the content before the file gets its name, so that a
            power cut leaves it whole or as it was. What it is called, `sync_folder` makes last.

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
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error


def sync_folder(folder: Path) -> None:
    """Wait until the disk has what was made and renamed in a folder.

    Raises:
        OSError: It cannot be done.
    """
    if os.name == "nt":  # which opens no folders, and has names on the disk sooner
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _UNSYNCED:
            raise
    finally:
        os.close(handle)


def write_stdout(content: bytes) -> None:
    """Write data to stdout; a reader that stops early is no error.

    On a terminal, what would control it is shown. A byte order mark is left out.

    Raises:
        OutputError: It cannot be written.
    """
    if sys.stdout is None:
        message = "stdout: cannot be written (it is closed); choose a file"
        raise OutputError(message)
    content = content.removeprefix(codecs.BOM_UTF8)
    if sys.stdout.isatty():
        content = printable_lines(content.decode(errors="surrogateescape")).encode()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        give_up(sys.stdout)
    except OSError as error:
        message = f"stdout: cannot be written ({error.strerror}); choose a file"
        raise OutputError(message) from error


def give_up(stream: TextIO) -> None:
    """Let what is written to a standard stream go nowhere from now on.

    Otherwise Python would try to write the rest when it exits, and complain.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _mode(target: Path) -> int:
    """The permissions that the file has, or that a new file would get."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
