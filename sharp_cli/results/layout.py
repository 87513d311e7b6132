"""What lies in a folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = "sharp-run/1"

RUN: Final = "run.json"
RESULTS: Final = "results.csv"
SUMMARY: Final = "summary.csv"
"""Of all studies; each one's folder has its own."""
CHANGES: Final = "changes.csv"
FAILURES: Final = "failures.csv"
REPLACED: Final = "replaced.json"
LOCK: Final = ".lock"
OWNER: Final = ".lock.pid"
"""Which process holds the lock."""

RESERVED: Final = (RUN, RESULTS, SUMMARY, CHANGES, FAILURES, REPLACED)
"""Names that no study may have."""

HIDDEN: Final = ".sharp-"
"""What the names of unfinished things begin with; `output.write` does the same."""

STUDY_JSON: Final = "result.json"
STUDY_CSV: Final = "result.csv"
OVERLAY: Final = "overlay*.png"
"""In the folder of a study."""

_HEAD: Final = 200  # characters, of which the schema is the first


def is_results(folder: Path) -> bool:
    """Whether a folder is one of results."""
    try:
        with (folder / RUN).open(encoding="ascii") as file:
            return SCHEMA in file.read(_HEAD)
    except (OSError, UnicodeDecodeError):
        return False
