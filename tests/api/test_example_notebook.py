"""The example notebook runs, and shows what it is meant to show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

import nbformat
import pytest
from nbclient import NotebookClient

from sharp_cli.core.about import NOTICE

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = Path(__file__).parents[2] / "examples" / "from-python.ipynb"


def read() -> NotebookNode:
    text = NOTEBOOK.read_text(encoding="utf-8")
    return cast("NotebookNode", nbformat.reads(text, as_version=4))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def shown() -> dict[str, NotebookNode]:
    """What each cell of code shows, by its name."""
    notebook = read()
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    NotebookClient(notebook, timeout=300, resources=resources).execute()
    return {cell.id: cell.outputs[-1].data for cell in notebook.cells if cell.cell_type == "code"}


def test_it_is_kept_without_what_it_shows() -> None:
    for cell in read().cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_it_shows_the_radiograph_the_joints_and_the_notice(shown: dict[str, NotebookNode]) -> None:
    html = shown["score"]["text/html"]
    assert "data:image/jpeg" in html
    assert "capitate-navicular-lunate" in html
    assert NOTICE in html
    assert len(html) < 1_000_000


def test_it_shows_tables(shown: dict[str, NotebookNode]) -> None:
    assert shown["table"]["text/plain"].count("non-intact") == 4
    counts = re.findall(r"^(\w+) +(\d+) +(\d+)$", shown["counts"]["text/plain"], re.MULTILINE)
    assert counts == [("erosion", "2", "2"), ("jsn", "1", "2")]


def test_it_compares_every_joint_with_the_truth(shown: dict[str, NotebookNode]) -> None:
    rows = re.findall(r"(\d) +(\d+) +(\d+) *$", shown["truth"]["text/plain"], re.MULTILINE)
    assert sum(int(intact) + int(damaged) for _, intact, damaged in rows) == 62
    assert sum(int(damaged) for grade, _, damaged in rows if grade == "0") <= 2
