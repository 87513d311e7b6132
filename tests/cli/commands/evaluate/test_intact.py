"""`sharp evaluate intact`: false alarms as a table, and as files."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from tests import fakes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def table(done: Done) -> list[dict[str, str]]:
    assert done.code == 0, done.err
    return list(csv.DictReader(done.out.decode().splitlines()))


def test_intact(sharp: Sharp, tmp_path: Path) -> None:
    files = [fakes.paint(tmp_path / f"one-left{number}.png", seed=number) for number in range(3)]
    assert sharp("score", *files, "--csv", "results.csv").code == 0
    (tmp_path / "out.csv").write_text("image,leave_out\none-left1.png,ulna\nnone.png,\n")
    given = ("evaluate", "intact", "results.csv", "--leave-out", "out.csv")
    done = sharp(*given)
    rows = table(done)
    assert done.err.splitlines()[-1] == "note: out.csv: 1 of 2 images are not in results.csv"
    assert [(row["finding"], row["joints"]) for row in rows][-2:] == [
        ("jsn", "all joints"),
        ("all", "all joints"),
    ]
    assert rows[-1]["of"] == str(3 * 31 - 1)
    done = sharp(*given, "--out", "made")
    assert (done.code, done.out) == (0, b"")
    assert done.err.splitlines()[-1] == "done: the evaluation is in made"
    content = json.loads((tmp_path / "made" / "intact.json").read_bytes())
    assert content["leave_out"] == "out.csv"
    assert content["false_alarms"][-1]["of"] == 3 * 31 - 1
    assert (tmp_path / "made" / "false_alarms.csv").is_file()
