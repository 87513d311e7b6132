"""One process at a time in a folder of results."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.results.layout import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock file, which names the process.

    The system lets go of the lock when the process ends in any way, so that a file that a dead
    process left behind locks nothing, whoever has its number now.

    Raises:
        UsageError: Another process holds it.
        OutputError: The file cannot be written.
    """
    path = folder / LOCK
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+")
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror}); choose another place"
        raise OutputError(message) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = (
                f"{folder}: process {file.read().strip() or '?'} writes there; wait until it is "
                "done, or choose another folder"
            )
            raise UsageError(message) from error
        except OSError as error:
            message = f"{path}: cannot be locked ({error.strerror}); choose another place"
            raise OutputError(message) from error
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
