"""The page that leads to those of several studies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import quote

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.results.document import counts
from sharp_cli.results.html.rendering import render
from sharp_cli.results.sens import sens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.results.html.sources import Results


def index_page(results: Results, pages: Mapping[str, str], problems: Mapping[str, int]) -> bytes:
    """The index as HTML.

    Args:
        results: The studies, and what failed.
        pages: Where the page of each study lies, relative to the index.
        problems: How many of each study's radiographs cannot be read.
    """
    validated = all(study.validated_on_patients for study in results.studies.values())
    data = {
        "notice": None if validated else NOTICE,
        "version": __version__,
        "studies": [
            {
                "study": name,
                "page": quote(pages[name], errors="surrogateescape"),
                "files": [row.file for row in study.inputs],
                "model": study.model,
                "counts": [asdict(row) for row in counts(study)],
                "sens": [asdict(row) for row in sens(study)],
                "warnings": [row.message for row in study.warnings],
                "problems": problems[name],
            }
            for name, study in results.studies.items()
        ],
        "failures": [asdict(row) for row in results.failures],
    }
    return render("index", f"{len(results.studies)} studies", data)
