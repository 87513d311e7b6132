"""The studies of result documents, which pages are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sharp_cli.core.errors import DocumentError
from sharp_cli.results.failures import read_failures
from sharp_cli.results.formats import read_json
from sharp_cli.results.layout import FAILURES, RESERVED
from sharp_cli.results.naming import unique_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.results.document import Document, Failure


@dataclass(frozen=True, slots=True)
class Results:
    """What some documents hold.

    Attributes:
        studies: At least one, each by a name of its own, which a folder can have.
        failures: The files that gave no result.
        folders: Where the document of each study lies.
    """

    studies: Mapping[str, Document]
    failures: Sequence[Failure]
    folders: Mapping[str, Path]


def read_results(paths: Sequence[Path]) -> Results:
    """Read result documents.

    Args:
        paths: JSON files of `sharp score`, and folders with such files at any depth, beside which
            lies what else it writes there.

    Raises:
        DocumentError: A file is not a result document, or there is no study.
    """
    documents = [(read_json(file), file.parent) for path in paths for file in _files(path)]
    tables = (file for path in paths if path.is_dir() for file in sorted(path.rglob(FAILURES)))
    failed = [failure for file in tables for failure in read_failures(file.parent)]
    parts = [
        (name, part, folder)
        for document, folder in documents
        for name, part in document.split().items()
    ]
    if not parts:
        named = ", ".join(map(str, paths))
        message = f"{named}: no study in it; give what sharp score wrote with --json or --out"
        raise DocumentError(message)
    names = unique_names(name for name, _, _ in parts)
    return Results(
        dict(zip(names, (part for _, part, _ in parts), strict=True)),
        [*(failure for document, _ in documents for failure in document.failures), *failed],
        dict(zip(names, (folder for _, _, folder in parts), strict=True)),
    )


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in sorted(path.rglob("*.json")) if file.name not in RESERVED)
    else:
        yield path
