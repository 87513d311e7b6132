"""One process at a time in a folder of results."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.results.layout import LOCK, OWNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder's lock, and name the process beside it.

    The system lets go of the lock when the process ends in any way, so that a file that a dead
    process left behind locks nothing, whoever has its number now.

    Raises:
        UsageError: Another process holds it.
        OutputError: The files cannot be written.
    """
    path, owner = folder / LOCK, folder / OWNER
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
        owner.write_text(f"{os.getpid()}\n", encoding="ascii")
    except Timeout as error:
        message = (
            f"{folder}: process {_number(owner)} writes there; wait until it is done, or choose "
            "another folder"
        )
        raise UsageError(message) from error
    except (OSError, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"{path}: cannot be locked ({reason}); choose another place"
        raise OutputError(message) from error
    try:
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _number(owner: Path) -> str:
    with suppress(OSError, ValueError):
        return owner.read_text(encoding="ascii").strip() or "?"
    return "?"
