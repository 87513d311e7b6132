"""Documents that earlier commands wrote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.cli.outputs import STDOUT

if TYPE_CHECKING:
    from sharp_cli.results.document import Document

PATCHES_FILE: Final = "patches.json"
"""The document in a folder of patches."""


def read_document(source: str) -> Document:
    """Read a document from a file or, for `-`, from stdin.

    Raises:
        DocumentError: It cannot be read, or is no result document.
    """
    from sharp_cli.results.formats import from_json, read_json

    if source == STDOUT:
        return from_json(sys.stdin.buffer.read() if sys.stdin else b"", "stdin")
    return read_json(Path(source))
