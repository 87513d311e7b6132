"""A power cut: what it left of a folder of results is found at the next start, and done again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

PARTS = ("result.json", "result.csv", "summary.csv", "overlay.png")

LEFT: Final[dict[str, Callable[[bytes], bytes]]] = {
    "nothing": lambda _: b"",
    "a byte": lambda content: content[:1],
    "half": lambda content: content[: len(content) // 2],
    "whole lines": lambda content: content[: content.rfind(b"\n", 0, -1) + 1],
    "all but a byte": lambda content: content[:-1],
    "zeros at the end": lambda content: content[:-9] + bytes(9),
    "zeros": lambda content: bytes(len(content)),
}


def state() -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in Path("out").rglob("*")
        if path.is_file() and path.name not in (".lock", "run.json")
    }


@pytest.fixture
def scored(sharp: Sharp) -> dict[str, bytes]:
    """A folder of five studies, the last of which nothing happens to."""
    for at in range(len(PARTS) + 1):
        paint(Path(f"a/{at}/p{at}.png"), seed=at)
    paint(Path("a/none.png"))
    assert sharp("score", "a", "--out", "out").code == 1
    return state()


@pytest.mark.parametrize("left", LEFT)
def test_what_is_not_whole_is_done_again(sharp: Sharp, scored: dict[str, bytes], left: str) -> None:
    studies = [f"p{at}/{part}" for at, part in enumerate(PARTS)]
    for name in (*studies, "results.csv", "summary.csv", "failures.csv"):
        path = Path("out", name)
        path.write_bytes(LEFT[left](path.read_bytes()))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 1
    assert "p0, p1, p2, p3: not whole, as a power cut leaves studies" in done.err
    assert "studies done before: 1, left: 5" in done.err
    assert state() == scored


@pytest.mark.slow
def test_cut_off_anywhere_twenty_times_a_folder_becomes_what_it_was(
    sharp: Sharp, scored: dict[str, bytes]
) -> None:
    rng = np.random.default_rng(20)
    files = sorted(path for path in Path("out").rglob("*") if path.is_file())
    files = [path for path in files if path.name != ".lock"]
    for path in rng.choice(np.array(files, dtype=object), 20):
        content = path.read_bytes()
        path.write_bytes(content[: int(rng.integers(len(content)))])
        done = sharp("score", "a", "--out", "out")
        assert (done.code, path, state()) == (1, path, scored)


def test_a_study_that_lacks_a_file_is_done_again(sharp: Sharp, scored: dict[str, bytes]) -> None:
    for at, part in enumerate(PARTS):
        Path(f"out/p{at}", part).unlink()
    assert "studies done before: 1, left: 5" in sharp("score", "a", "--out", "out").err
    assert state() == scored


@pytest.mark.parametrize("left", ["nothing", "half", "zeros"])
def test_of_a_torn_record_all_is_done_again(
    sharp: Sharp, scored: dict[str, bytes], left: str
) -> None:
    record = Path("out/run.json")
    before = record.read_bytes()
    record.write_bytes(LEFT[left](before))
    done = sharp("score", "a", "--out", "out")
    assert "p0, p1, p2, p3, p4: not whole" in done.err
    assert state() == scored
    assert len(record.read_bytes()) == len(before)


@pytest.mark.parametrize("text", ["", '["p1"'])
def test_of_a_torn_replacement_all_is_done_again(
    sharp: Sharp, scored: dict[str, bytes], text: str
) -> None:
    ready = Path("out/.sharp-ready")
    ready.mkdir()
    Path("out/p1").rename(ready / "p1")
    (ready / "replaced.json").write_text(text)
    assert sharp("score", "a", "--out", "out").code == 1
    assert state() == scored


def test_a_torn_record_beside_something_else_is_refused(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    Path("out").mkdir()
    Path("out/run.json").touch()
    Path("out/thesis.doc").touch()
    done = sharp("score", "a", "--out", "out")
    assert done.code == 2
    assert "run.json: not what sharp score wrote; choose a new folder" in done.err
