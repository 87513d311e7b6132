"""`sharp relabel`, and the restricted outputs of `sharp score`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


@pytest.fixture(autouse=True)
def scored(sharp: Sharp, tmp_path: Path) -> None:
    paint(tmp_path / "two.png")
    assert sharp("score", "two.png", "--json", "r.json", "--csv", "r.csv").code == 0


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_new_results_and_a_page_from_stored_probabilities(sharp: Sharp) -> None:
    before = Path("r.json").read_bytes()
    new = ("--json", "new.json", "--csv", "new.csv", "--overlay", "new.png", "--page", "new.html")
    done = sharp("relabel", "r.json", "--threshold", "erosion=0.01,jsn/PIP=1", *new)
    assert done.code == 0, done.err
    assert Path("r.json").read_bytes() == before
    for row in rows("new.csv"):
        if row["finding"] == "erosion":
            assert (row["label"] == "non-intact") == (float(row["probability"]) >= 0.01)
        elif row["group"] == "PIP":
            assert (row["label"] == "non-intact") == (float(row["probability"]) >= 1)
    content = json.loads(Path("new.json").read_text())
    assert content["thresholds"]["mimo-local"]["erosion/MCP"] == 0.01
    assert "of 62 labels changed" in done.err
    assert Path("new.png").read_bytes().startswith(b"\x89PNG")
    assert Path("new.html").read_bytes().startswith(b"<!DOCTYPE html>")


def test_a_folder_of_results_as_score_writes_it(sharp: Sharp) -> None:
    paint(Path("a/p_L.png"))
    paint(Path("a/p_R.png"))
    paint(Path("a/none.png"))
    assert sharp("score", "a", "--out", "old").code == 1
    asked = ("relabel", "old", "--threshold", "erosion=0.01", "--out", "new")
    done = sharp(*asked, "--page", "pages")
    assert (done.code, done.out) == (0, b""), done.err
    assert "done: 1 study in new" in done.err
    kept = {path.relative_to("old") for path in Path("old").rglob("*")}
    assert {path.relative_to("new") for path in Path("new").rglob("*")} == kept
    before, after = rows("old/results.csv"), rows("new/results.csv")
    assert [row["probability"] for row in after] == [row["probability"] for row in before]
    assert {row["label"] for row in after if row["finding"] == "erosion"} == {"non-intact"}
    assert Path("new/failures.csv").read_bytes() == Path("old/failures.csv").read_bytes()
    assert "none.png" in Path("pages/index.html").read_text()
    assert sharp(*asked).code == 0  # the same again
    other = sharp("relabel", "old", "--threshold", "0.9", "--out", "new")
    assert other.code == 2
    assert "made otherwise (thresholds: erosion/PIP-IP 0.01" in other.err
    Path("a").rename("b")
    away = sharp("relabel", "old", "--threshold", "0.9", "--out", "bare")
    assert away.code == 1
    assert "a/p_L.png: not found; give the folder of the radiographs with --images" in away.err
    assert "done: 0 studies in bare" in away.err
    failed = [row["file"] for row in rows("bare/failures.csv")]
    assert failed == ["a/none.png", "a/p_L.png", "a/p_R.png"]
    assert sharp("relabel", "old", "--images", "b", "--out", "found").code == 0
    assert (
        Path("found/p/overlay-p_L.png").read_bytes() == Path("old/p/overlay-p_L.png").read_bytes()
    )


def test_thresholds_that_find_what_labels_say(sharp: Sharp) -> None:
    lines = ["patient,study,image,hand,finding,joint,grade"]
    for number, row in enumerate(rows("r.csv")):
        place = (row["hand"], row["finding"], row["joint"])
        lines.append(f"P,1,two.png,{','.join(place)},{number % 2}")
    Path("labels.csv").write_text("\n".join(lines))
    given = ("--sensitivity", "0.9", "--truth", "labels.csv", "--csv", "new.csv")
    done = sharp("relabel", "r.json", *given)
    assert done.code == 0, done.err
    assert "note: erosion/MCP: threshold 0." in done.err
    damaged = rows("new.csv")[1::2]
    assert sum(row["label"] == "non-intact" for row in damaged) >= 0.9 * len(damaged)


def test_outputs_of_some_joints(sharp: Sharp) -> None:
    few = ("--finding", "erosion", "--joints", "MCP2,MCP3")
    done = sharp("relabel", "r.json", *few, "--csv", "few.csv", "--wide", "wide.csv")
    assert done.code == 0, done.err
    assert [row["joint"] for row in rows("few.csv")] == ["MCP2", "MCP3"] * 2
    (row,) = rows("wide.csv")
    assert [name for name in row if name.endswith("_p")] == [
        "l_ero_mcp2_p", "l_ero_mcp3_p", "r_ero_mcp2_p", "r_ero_mcp3_p",
    ]  # fmt: skip
    piped = sharp("score", "two.png", *few).out.decode().splitlines()
    assert len(piped) == 5
    done = sharp("score", "two.png", *few, "--json", "-")
    assert len(json.loads(done.out)["joints"]) == 62


def test_a_terminal_shows_some_joints(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sharp_cli.cli.terminal.is_terminal", lambda: True)
    out = sharp("relabel", "r.json", "--joints", "MCP2").out.decode()
    assert "MCP2" in out
    assert "PIP3" not in out


def test_tables_of_other_kinds(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    done = sharp("relabel", "r.json", "--csv", "r.xlsx", "--wide", "w.parquet")
    assert done.code == 0, done.err
    assert Path("r.xlsx").read_bytes().startswith(b"PK")
    assert Path("w.parquet").read_bytes().startswith(b"PAR1")
    monkeypatch.setattr("sharp_cli.cli.extras.find_spec", lambda _: None)
    done = sharp("relabel", "r.json", "--csv", "r.parquet")
    assert done.code == 2
    assert "pyarrow not installed; run: pip install 'sharp-cli[parquet]'" in done.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("--sensitivity", "0.9"), "give --threshold, or one of --sensitivity and --specificity"),
        (("--sensitivity", "0.9", "--specificity", "0.9", "--truth", "r.csv"), "or one of"),
        (("--threshold", "much"), "'much' is no number from 0 to 1"),
        (("--joints", "TIP2"), "--joints: TIP2; choose among"),
        (("--page", "a.html"), "name a place for them with --out or --json"),
        (("--json", "r.json"), "this is an input"),
    ],
)
def test_what_does_not_fit_is_wrong_usage(
    sharp: Sharp, arguments: tuple[str, ...], what: str
) -> None:
    done = sharp("relabel", "r.json", *arguments)
    assert done.code == 2
    assert what in done.err
