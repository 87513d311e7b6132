"""Whether the folder of a study holds all that was written there.

A power cut may leave files that are empty, cut off or end in zeros, on disks that say that they
have what they have not. All files of a study end in something that such a file does not end in.
"""

from __future__ import annotations

import csv
import json
import os
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.worker import overlay_names
from sharp_cli.core.errors import UsageError
from sharp_cli.results.layout import OVERLAY, STUDY_CSV, STUDY_JSON, SUMMARY

if TYPE_CHECKING:
    from pathlib import Path

_END_OF_JSON: Final = b"}\n"
_END_OF_PNG: Final = b"IEND\xaeB`\x82"
"""The last chunk of any PNG file; W3C, Portable Network Graphics, 11.2.5."""


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a study, which may not be whole."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    own = (STUDY_JSON, STUDY_CSV, SUMMARY)
    return STUDY_JSON in names or (
        bool(names) and all(name in own or fnmatch(name, OVERLAY) for name in names)
    )


def read_contents(folder: Path) -> dict[str, str] | None:
    """The radiographs of a study, with the sha256 of each; None if the study is not whole.

    Raises:
        OSError: It cannot be read.
        UsageError: It is not what this version writes.
    """
    path = folder / STUDY_JSON
    try:
        content = path.read_bytes()
        document = json.loads(content) if content.endswith(_END_OF_JSON) else None
    except (FileNotFoundError, ValueError):
        return None
    if document is None:
        return None
    try:
        contents = {row["file"]: row["sha256"] for row in document["inputs"]}
        rows = {STUDY_CSV: len(document["joints"]), SUMMARY: len(document["sens"])}
    except (KeyError, TypeError) as error:
        message = f"{path}: not what this version of sharp score wrote; choose a new folder"
        raise UsageError(message) from error
    whole = all(_rows(folder / name) == count for name, count in rows.items()) and all(
        _ends(folder / name) for name in overlay_names([*contents])
    )
    return contents if whole else None


def _rows(path: Path) -> int:
    """How many rows of a table are whole."""
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        return len([*csv.reader(text.splitlines(keepends=True))]) - 1 if text.endswith("\n") else -1
    except (FileNotFoundError, csv.Error):
        return -1


def _ends(path: Path) -> bool:
    """Whether a picture has its end."""
    try:
        with path.open("rb") as file:
            file.seek(-min(len(_END_OF_PNG), file.seek(0, os.SEEK_END)), os.SEEK_END)
            return file.read() == _END_OF_PNG
    except FileNotFoundError:
        return False
