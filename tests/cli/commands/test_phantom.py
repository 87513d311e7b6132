"""`sharp phantom`: what it draws, and what it says."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.execution.limits import cores
from sharp_cli.synthetic.phantom import archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_help_says_what_is_written(sharp: Sharp) -> None:
    done = sharp("phantom", "--help")
    assert done.code == 0
    for name in ("--patients", "--out", "--seed", "--workers", *archive.TABLES):
        assert name in done.out.decode()


def test_a_cohort_is_drawn(sharp: Sharp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small = partial(archive.write_cohort, shrink=10)
    monkeypatch.setattr(archive, "write_cohort", small)
    arguments = ("phantom", "--patients", "1", "--out", "made", "--seed", "47", "--workers", "1")
    done = sharp(*arguments)
    assert (done.code, done.out) == (0, b"")
    assert done.err == "done: the cohort is in made (patients: 1, studies: 1)\n"
    assert {path.name for path in (tmp_path / "made").iterdir()} == {
        "PHANTOM-0001",
        *archive.TABLES,
    }
    again = sharp(*arguments)
    assert again.code == 2
    assert again.err == "error: made: is not empty; choose a new folder\n"


def test_the_papers_cohort_is_the_default(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(archive, "write_cohort", lambda _, **given: calls.append(given))
    done = sharp("phantom", "--out", "made")
    assert done.err == "done: the cohort is in made (patients: 40, studies: 113)\n"
    (given,) = calls
    del given["on_progress"]
    assert given == {"patients": 40, "seed": 1, "workers": cores()}


@pytest.mark.parametrize("wrong", ["--patients=0", "--seed=-1", "--workers=0"])
def test_impossible_numbers_are_wrong_usage(sharp: Sharp, wrong: str) -> None:
    done = sharp("phantom", "--out", "made", wrong)
    assert done.code == 2
    assert wrong.partition("=")[0] in done.err


def test_an_interruption_has_its_exit_code(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "write_cohort", interrupted)
    assert sharp("phantom", "--out", "made").code == 130
