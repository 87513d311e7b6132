"""Which image of a table of annotations or labels a file is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container


def annotated_name(file: str, images: Container[str]) -> str:
    """What the table calls a file: the longest end of its path that is one of its images.

    A file that is none of them keeps its path, since others may have its name.
    """
    parts = Path(file).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in images), file)
