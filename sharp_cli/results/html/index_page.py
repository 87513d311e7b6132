"""The page that leads to those of several studies."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.results.document import counts
from sharp_cli.results.html.rendering import render
from sharp_cli.results.sens import sens

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.results.document import Document
    from sharp_cli.results.html.sources import Results


def index_page(
    results: Results,
    pages: Mapping[str, Sequence[str]],
    problems: Mapping[str, str],
    *,
    blind: bool = False,
) -> bytes:
    """The index as HTML.

    Args:
        results: The studies, and what failed.
        pages: The studies of each page, see `visits.by_page`; it lies in the folder of its name.
        problems: Why some of these pages were not written.
        blind: Show nothing of the studies but the names of their pages.
    """
    validated = all(study.validated_on_patients for study in results.studies.values())
    data = {
        "notice": None if validated else NOTICE,
        "version": __version__,
        "blind": blind,
        "studies": [
            {
                "study": page if blind else name,
                "page": None if page in problems else _address(page),
                "problem": problems.get(page),
            }
            | ({} if blind else _shown(results.studies[name]))
            for page, names in pages.items()
            for name in (names[:1] if blind else names)
        ],
        "failures": [asdict(row) for row in results.failures],
    }
    return render("index", f"{len(results.studies)} studies", data)


def ways_from(page: str, pages: Sequence[str]) -> dict[str, str]:
    """Where a page leads: the addresses of the index and of the page after it.

    Args:
        page: The page.
        pages: All, in their order.
    """
    ways = {"All studies": "../index.html"}
    if page != pages[-1]:
        ways["Next"] = f"../{_address(pages[pages.index(page) + 1])}"
    return ways


def _address(page: str) -> str:
    return quote(f"{page}/report.html", errors="surrogateescape")


def _shown(study: Document) -> dict[str, Any]:
    """What the index shows of a study."""
    return {
        "files": [row.file for row in study.inputs],
        "patient": study.inputs[0].patient,
        "date": study.inputs[0].date,
        "counts": [asdict(row) for row in counts(study)],
        "sens": [asdict(row) for row in sens(study)],
        "warnings": [row.message for row in study.warnings],
    }
