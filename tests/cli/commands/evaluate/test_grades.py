"""`sharp evaluate grades`: grades as CSV into a pipe, tables on a terminal, files."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from tests.evaluation.cases import grader, labelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

COMMAND = ("evaluate", "grades", "labels.csv", "--readers", "readers.csv", "--bootstrap", "20")


@pytest.fixture(autouse=True)
def graded(tmp_path: Path) -> None:
    """Two visits of five patients, their labels, and a reader's grades."""
    labels = ["patient,study,image,hand,finding,joint,grade"]
    readers = ["reader,image,hand,finding,joint,grade"]
    studies = ["patient,study,date,sex"]
    for visit in (1, 2):
        joints = labelled(5, seed=visit)
        ann = grader("Ann", joints)
        for joint, (key, call) in zip(joints, ann.calls.items(), strict=True):
            where = f"{visit}/{joint.image}"
            place = f"{key.hand},{key.finding},{key.joint}"
            labels.append(f"{joint.patient},{joint.patient}-{visit},{where},{place},{joint.grade}")
            readers.append(f"Ann,{where},{place},{call.grade}")
        studies += [f"P{n},P{n}-{visit},202{visit}-01-01,{'fm'[n % 2]}" for n in range(5)]
    readers[1] = readers[1][: -len("0")] + "x"
    for name, lines in (("labels", labels), ("readers", readers), ("studies", studies)):
        (tmp_path / f"{name}.csv").write_text("\n".join(lines))


def test_grades_go_into_a_pipe_and_what_is_not_assessable_is_counted(sharp: Sharp) -> None:
    done = sharp(*COMMAND)
    assert done.code == 0
    rows = list(csv.DictReader(done.out.decode().splitlines()))
    assert {(row["first"], row["second"]) for row in rows} == {("Ann", "labels")}
    counts = {row["joints"]: row["graded"] for row in rows if row["finding"] == "erosion"}
    assert counts["PIP-IP"] == "99"
    assert counts["MCP"] == "100"
    assert "note: Ann: 1 joints are not assessable: left out" in done.err
    assert "no change between visits; give --studies" in done.err


def test_files_and_a_breakdown(sharp: Sharp, tmp_path: Path) -> None:
    done = sharp(*COMMAND, "--studies", "studies.csv", "--by", "sex", "--out", "out")
    assert (done.code, done.out) == (0, b""), done.err
    content = json.loads((tmp_path / "out" / "grades.json").read_text())
    assert content["schema"] == "sharp-grades/1"
    assert (content["by"], content["missing"]) == (["sex"], "scale")
    for name in ("partners", "grades", "scores"):
        with (tmp_path / "out" / f"{name}.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == len(content[name]) > 0
    assert {row["part"] for row in content["scores"]} == {"", "f", "m"}
    assert {row["quantity"] for row in content["scores"]} == {"score", "change"}
    assert (tmp_path / "out" / "tables.md").read_text().count("\n| --- |") == 7
    for name in ("bland-altman", "bland-altman-change", "cumulative-probability"):
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_terminal_shows_tables(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "350")
    out = sharp(*COMMAND, "--studies", "studies.csv").out.decode()
    for text in ("Quadratic weighted kappa", "ICC(2,1)", "SDC 95 %, one reader", "Ann – labels"):
        assert text in out


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("labels.csv",), 2, "name predictions, or readers with --readers"),
        ((*COMMAND[2:], "--by", "sex"), 2, "columns of which table? Name it with --studies"),
        ((*COMMAND[2:], "--by", "age", "--studies", "studies.csv"), 1, "no column age"),
    ],
)
def test_what_does_not_fit_together_is_an_error(
    sharp: Sharp, arguments: tuple[str, ...], code: int, what: str
) -> None:
    done = sharp("evaluate", "grades", *arguments)
    assert done.code == code
    assert what in done.err


def test_classification_is_broken_down_too(sharp: Sharp, tmp_path: Path) -> None:
    given = ("--studies", "studies.csv", "--by", "sex", "--bootstrap", "3", "--out", "out")
    folds = ["model,image,hand,finding,joint,probability,label"]
    lines = (tmp_path / "labels.csv").read_text().splitlines()[1:]
    for line in lines:
        _, _, *where, grade = line.split(",")
        label = "non-intact" if int(grade) else "intact"
        folds.append(f"net,{','.join(where)},{min(1, int(grade) / 2)},{label}")
    (tmp_path / "folds.csv").write_text("\n".join(folds))
    done = sharp("evaluate", "classification", "folds.csv", "labels.csv", *given)
    assert done.code == 0, done.err
    with (tmp_path / "out" / "breakdown.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(row["by"], row["part"]) for row in rows} == {("sex", "f"), ("sex", "m")}
    sizes = {row["part"]: int(row["called"]) for row in rows if row["joints"] == "wrist"}
    assert sizes == {"f": 3 * 2 * 2 * 3, "m": 2 * 2 * 2 * 3}
    assert "sex f (erosion)" in (tmp_path / "out" / "tables.md").read_text()
