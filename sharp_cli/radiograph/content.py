"""What a file is, whatever it is called: the sha256 of its content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK: Final = 1 << 20


def sha256(stream: BinaryIO) -> str:
    """The sha256 of an open file from its position on, in chunks of 1 MiB."""
    found = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        found.update(chunk)
    return found.hexdigest()


def file_sha256(path: str | Path) -> str:
    """The sha256 of a file, as `records.Radiograph` has it.

    Raises:
        OSError: It cannot be read.
    """
    with open(path, "rb") as stream:  # noqa: PTH123 - archives are large, and Path is slow
        return sha256(stream)
