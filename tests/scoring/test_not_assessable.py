"""Joints that a reader called not assessable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.results.console import summary, table
from sharp_cli.results.formats import from_csv, from_json, to_csv, to_json
from sharp_cli.results.run import Run
from sharp_cli.results.sens import sens
from sharp_cli.scoring.not_assessable import read_not_assessable
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan
from sharp_cli.scoring.stages import Scoring
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder, paint

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document

LABELS = """\
patient,study,image,hand,finding,joint,grade
p1,s1,two.png,left,erosion,MCP2,x
p1,s1,two.png,left,jsn,MCP2,X
p1,s1,two.png,right,erosion,MCP3,2
p2,s2,other.png,left,erosion,MCP4,x
"""


def score(folder: Path, labels: str | None = None, *, strict: bool = False) -> Document:
    work = plan([str(paint(folder / "two.png"))])
    scoring = Scoring(FakeFinder(), FakeDetector(), FakeClassifier(), "mimo-local", strict=strict)
    if labels is not None:
        table_ = folder / "labels.csv"
        table_.write_text(labels, encoding="utf-8")
        scoring = replace(scoring, not_assessable=read_not_assessable(table_, work.files))
    run = Run()
    document = score_plan(work, scoring, run)
    assert run.failures == []
    return document


def test_they_are_not_classified_and_counted(tmp_path: Path) -> None:
    document = score(tmp_path, LABELS, strict=True)
    left_out = [row for row in document.joints if row.status == "not-assessable"]
    assert [(row.hand, row.finding, row.joint) for row in left_out] == [
        ("left", "erosion", "MCP2"),
        ("left", "jsn", "MCP2"),
    ]
    assert all(row.label is None and row.x is not None for row in left_out)
    left, right, both = sens(document)
    assert [row.not_assessable for row in (left, right, both)] == [2, 0, 2]
    assert (left.classified, right.classified) == (29, 31)
    # What a joint sees of the other hand's is what it sees where that is missing.
    alone = next(row for row in document.joints if (row.hand, row.joint) == ("right", "MCP2"))
    assert alone.model == "siso"
    assert not any("not classified" in row.message for row in document.warnings)
    assert from_json(to_json(document), "x") == document
    assert from_csv(to_csv(document), "x") == document.joints
    assert "1 not assessable" in summary(document)[0]
    assert any("not assessable" in str(cell) for cell in table(document).columns[2].cells)


def test_nothing_else_changes(tmp_path: Path) -> None:
    plain, marked = score(tmp_path), score(tmp_path, LABELS)
    for one, other in zip(plain.joints, marked.joints, strict=True):
        if one.joint != "MCP2":
            assert one == other


@pytest.mark.parametrize("labels", [LABELS.replace("two.png", "2.png"), LABELS.replace(",x", ",1")])
def test_a_table_that_leaves_nothing_out_is_refused(tmp_path: Path, labels: str) -> None:
    with pytest.raises(DocumentError, match="no joint of these radiographs has the grade x"):
        score(tmp_path, labels.replace(",X", ",1"))
