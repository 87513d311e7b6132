"""What a person reads: the table and the summary."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.console import Console

from sharp_cli.results.console import summary, table
from sharp_cli.results.run import Run
from sharp_cli.scoring.steps import detect
from tests.fakes import FakeDetector, FakeFinder, paint, score_files

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.results.document import Document


def scored(file: Path) -> Document:
    return score_files(file, model="siso")


def printed(document: Document, *, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width).print(table(document))
    return text.getvalue().splitlines()


def test_both_hands_stand_side_by_side(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "two.png"))
    lines = printed(document)
    assert all(len(line) <= 80 for line in lines)
    rows = [line.split("│") for line in lines if "intact" in line]
    assert len(rows) == 31
    left, right = (
        next(row for row in document.joints if (row.hand, row.joint) == (side, "MCP1"))
        for side in ("left", "right")
    )
    cells = next(row for row in rows if row[2].strip() == "MCP1")
    assert cells[3].strip() == f"{left.probability:.2f} {left.label}"
    assert cells[4].strip() == f"{right.probability:.2f} {right.label}"


def test_a_missing_hand_and_a_missing_joint_are_named(tmp_path: Path) -> None:
    lines = printed(scored(paint(tmp_path / "gap-left.png")))
    assert sum("no hand" in line for line in lines) == 31
    assert [line.split("│")[2].strip() for line in lines if "not detected" in line] == ["lunate"]


def test_labels_that_are_not_certain_are_marked(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "two.png"))
    assert "~" not in "".join([*printed(document), *summary(document)])
    first = replace(document.joints[0], certainty="uncertain")
    rest = [replace(row, certainty="certain") for row in document.joints[1:]]
    doubted = replace(document, joints=(first, *rest))
    (line,) = [line for line in printed(doubted) if "~" in line]
    assert f"{first.probability:.2f} {first.label} ~" in line
    assert summary(doubted)[-1] == "~: intact or non-intact is uncertain"
    unlike = replace(document, joints=(replace(first, certainty="unlike"), *rest))
    assert [line for line in printed(unlike) if f"{first.label} !" in line]
    assert summary(unlike)[-1] == "!: unlike anything that the models learned from"


def test_before_classification_it_shows_positions(tmp_path: Path) -> None:
    file = str(paint(tmp_path / "two.png"))
    document = detect([file], FakeFinder(), FakeDetector(), Run())
    row = document.joints[0]
    assert any(f"x {row.x:.0f}, y {row.y:.0f} (0.91)" in line for line in printed(document))
    assert summary(document) == ["Erosion: left; right", "JSN: left; right"]


def test_the_summary_ends_with_the_score(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "two.png"))
    damaged = {("left", "erosion", "MCP1"), ("left", "jsn", "MCP1"), ("right", "jsn", "PIP2")}
    rows = tuple(
        replace(row, label="non-intact" if key in damaged else "intact")
        for row in document.joints
        for key in [(row.hand, row.finding, row.joint)]
    )
    assert summary(replace(document, joints=rows)) == [
        "Erosion: left 1 of 16 non-intact; right 0 of 16 non-intact",
        "JSN: left 1 of 15 non-intact; right 1 of 15 non-intact",
        "SENS: left 2; right 1; both hands 3 (erosion 1, JSN 2)",
    ]
    alone = replace(document, hands=document.hands[:1], joints=rows[:31])
    assert summary(alone)[-1] == "SENS: left 2"


def test_the_summary_counts(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "gap-left.png"))
    damaged = sum(row.label == "non-intact" for row in document.joints if row.finding == "erosion")
    assert summary(document)[0] == f"Erosion: left {damaged} of 15 non-intact, 1 not detected"


def test_an_uncertain_joint_is_marked_and_the_mark_explained(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "odd-left.png"))
    marked = [line.split("│") for line in printed(document) if "?" in line]
    assert [cells[2].strip() for cells in marked] == ["lunate"]
    assert marked[0][3].strip().endswith("intact ?")
    assert all(len(line) <= 80 for line in printed(document))
    lines = summary(document)
    assert lines[0].endswith(", 1 uncertain")
    assert lines[-1].startswith("?: ")
    assert not any("?" in line for line in summary(scored(paint(tmp_path / "two.png"))))


def test_a_name_may_hold_anything(tmp_path: Path) -> None:
    document = scored(paint(tmp_path / "two.png"))
    row = replace(document.inputs[0], file="[red]\udcff.png")
    lines = printed(replace(document, inputs=(row,)), width=100)
    assert lines[0].strip() == "[red]\\udcff.png"
