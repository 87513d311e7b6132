"""A folder of results goes by what the radiographs are, not by what they are called."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.results.formats import from_csv
from tests.cli.test_results_folder import cells, studies
from tests.fakes import paint

if TYPE_CHECKING:
    from tests.cli.test_results_folder import Sharp


def rows(file: str = "out/results.csv") -> dict[str, set[str]]:
    """The files of each study of a table."""
    found: dict[str, set[str]] = {}
    for row in from_csv(Path(file).read_bytes(), "x"):
        found.setdefault(row.study, set()).add(row.file)
    return found


def test_a_radiograph_that_was_replaced_is_scored_anew(sharp: Sharp) -> None:
    for name in ("a/two1.png", "a/two2.png", "a/two3.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 0
    before = {name: Path(f"out/{name}/result.json").read_bytes() for name in ("two1", "two2")}
    stat = Path("a/two2.png").stat()
    paint(Path("a/two2.png"), seed=1)
    os.utime("a/two2.png", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 0
    assert "studies done before: 3, left: 1" in done.err
    assert list(studies()) == ["two1", "two2", "two3"]
    assert Path("out/two1/result.json").read_bytes() == before["two1"]
    assert Path("out/two2/result.json").read_bytes() != before["two2"]
    sha = hashlib.sha256(Path("a/two2.png").read_bytes()).hexdigest()
    assert json.loads(Path("out/two2/result.json").read_bytes())["inputs"][0]["sha256"] == sha


def test_results_of_what_was_replaced_go_where_the_new_one_fails(sharp: Sharp) -> None:
    for name in ("a/two1.png", "a/two2.png", "a/two3.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 0
    Path("a/two2.png").write_bytes(b"no picture")
    assert sharp("score", "a", "--out", "out").code == 1
    assert list(studies()) == list(rows()) == ["two1", "two3"]
    assert [row[0] for row in cells("out/failures.csv")] == ["a/two2.png"]


def test_a_radiograph_that_cannot_be_read_now_keeps_its_results(sharp: Sharp) -> None:
    rows_ = [f"s{at},p,,two{at}.png" for at in (1, 2)]
    Path("m.csv").write_text("\n".join(["study,patient,hand,path", *rows_, ""]))
    for at in (1, 2):
        paint(Path(f"two{at}.png"))
    assert sharp("score", "--manifest", "m.csv", "--out", "out").code == 0
    Path("two1.png").rename("gone")
    done = sharp("score", "--manifest", "m.csv", "--out", "out")
    assert "studies done before: 2, left: 0" in done.err
    assert list(studies()) == ["s1", "s2"]


def test_a_radiograph_that_was_moved_keeps_its_results(sharp: Sharp) -> None:
    for name in ("a/p_L.png", "a/p_R.png", "a/two1.png", "a/two2.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 0
    Path("a/b").mkdir()
    for name in ("p_L.png", "p_R.png"):
        Path("a", name).rename(f"a/b/q{name[1:]}")
    Path("a/two2.png").rename("a/b/two1.png")
    done = sharp("score", "a", "--out", "out")
    assert done.code == 0
    assert "studies done before: 3, moved since: 2, left: 0" in done.err
    assert rows() == {
        "q": {"a/b/q_L.png", "a/b/q_R.png"},
        "two1": {"a/two1.png"},
        "b-two1": {"a/b/two1.png"},
    }
    names = ["overlay-q_L.png", "overlay-q_R.png", "result.csv", "result.json", "summary.csv"]
    assert sorted(path.name for path in Path("out/q").iterdir()) == names
    assert sharp("score", "a", "--out", "anew").code == 0
    for name in names:
        assert Path("out/q", name).read_bytes() == Path("anew/q", name).read_bytes()


def test_a_result_that_was_changed_is_not_moved_but_done_again(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    assert sharp("score", "a", "--out", "out").code == 0
    result = Path("out/two/result.json")
    result.write_bytes(result.read_bytes().replace(b'"status": "ok"', b'"status": "odd"'))
    Path("a/two.png").rename(Path("a/two-1.png"))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 0
    assert "left: 1" in done.err
    assert [path.parent.name for path in Path("out").glob("*/result.json")] == ["two-1"]


def test_one_of_a_pair_that_was_moved_away_leaves_the_other(sharp: Sharp) -> None:
    for name in ("a/p_L.png", "a/p_R.png", "a/two.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 0
    Path("a/b").mkdir()
    Path("a/p_L.png").rename("a/b/other_left.png")
    assert sharp("score", "a", "--out", "out").code == 0
    assert sorted(map(sorted, rows().values())) == [
        ["a/b/other_left.png"], ["a/p_R.png"], ["a/two.png"],
    ]  # fmt: skip


def test_a_copy_counts_once(sharp: Sharp) -> None:
    for name in ("a/two1.png", "a/two2.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 0
    Path("a/copy of two2.png").write_bytes(Path("a/two2.png").read_bytes())
    done = sharp("score", "a", "--out", "out")
    assert done.code == 0
    assert "warning: a/two2.png: a copy of a/copy of two2.png; read once" in done.err
    assert {file for files in rows().values() for file in files} == {
        "a/two1.png", "a/copy of two2.png",
    }  # fmt: skip


def test_a_folder_of_another_version_is_refused(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    assert sharp("score", "a", "--out", "out").code == 0
    path = Path("out/two/result.json")
    path.write_text(path.read_text().replace('"sha256"', '"md5"'))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 2
    assert "not what this version of sharp score wrote; choose a new folder" in done.err


def test_the_keys_of_a_manifest_come_out_again(sharp: Sharp) -> None:
    table = "study,patient,hand,path,date\nv1,=p1,,two.png,2020-05-31\n"
    Path("m.csv").write_text(table)
    paint(Path("two.png"))
    assert sharp("score", "--manifest", "m.csv", "--out", "out").code == 0
    (row, *_) = list(csv.DictReader(Path("out/results.csv").read_text().splitlines()))
    assert (row["study"], row["patient"], row["date"]) == ("v1", "'=p1", "2020-05-31")
    (given,) = json.loads(Path("out/v1/result.json").read_bytes())["inputs"]
    assert (given["study"], given["patient"], given["date"]) == ("v1", "=p1", "2020-05-31")


def test_a_side_from_anatomy_alone_is_said_once(sharp: Sharp) -> None:
    for name in ("a/two1.png", "a/two2.png", "a/two3.png"):
        paint(Path(name))
    done = sharp("score", "a", "--out", "out")
    assert done.err.count("the side is that of the anatomy alone") == 1
    said = json.loads(Path("out/two3/result.json").read_bytes())["warnings"]
    assert "the side is that of the anatomy alone" in said[0]["message"]
    assert sharp("score", "a").err.count("the side is that of the anatomy alone") == 1
