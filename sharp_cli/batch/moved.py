"""The files of a study whose radiographs were moved since they were scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sharp_cli.batch.worker import overlay_names, study_files
from sharp_cli.results.formats import read_json
from sharp_cli.results.layout import STUDY_JSON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sharp_cli.results.document import Document


def moved_study(folder: Path, name: str, paths: Mapping[str, str]) -> dict[str, bytes]:
    """The files of a study under another name, and with other paths of its radiographs.

    Args:
        folder: The study's.
        name: The new name of the study.
        paths: The new path of each radiograph, by the sha256 of its file.

    Raises:
        DocumentError: The folder holds no result document.
        OSError: It cannot be read.
    """
    document = read_json(folder / STUDY_JSON)
    moved = _moved(document, name, {row.file: paths[row.sha256] for row in document.inputs})
    old, new = (overlay_names([row.file for row in one.inputs]) for one in (document, moved))
    pictures = {to: (folder / at).read_bytes() for at, to in zip(old, new, strict=True)}
    return study_files(moved, pictures)


def _moved(document: Document, name: str, paths: Mapping[str, str]) -> Document:
    rows: dict[str, Any] = {
        kind: tuple(
            replace(row, study=name, file=paths[row.file]) for row in getattr(document, kind)
        )
        for kind in ("inputs", "hands", "joints", "warnings")
    }
    return replace(document, **rows)
