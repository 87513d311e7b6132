"""Where the messages of a command go: --quiet, --verbose, --log-file, and a silent stdout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.cli import terminal
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ((), {"note", "warning", "error"}),
        (("-q",), {"error"}),
        (("--quiet",), {"error"}),
        (("-v",), {"note", "warning", "error", "detail"}),
        (("--verbose",), {"note", "warning", "error", "detail"}),
    ],
)
def test_what_stderr_gets(sharp: Sharp, options: tuple[str, ...], kinds: set[str]) -> None:
    paint(Path("two.png"))
    done = sharp("score", "two.png", "missing.png", "--csv", "r.csv", *options)
    assert done.code == 1
    assert set(re.findall(r"^(\w+): ", done.err, re.MULTILINE)) == kinds


def test_a_log_file_gets_everything_with_its_time_and_is_added_to(sharp: Sharp) -> None:
    paint(Path("two.png"))
    for _ in range(2):
        assert (
            sharp("score", "two.png", "--csv", "r.csv", "-q", "--log-file", "sharp.log").err == ""
        )
    lines = Path("sharp.log").read_text(encoding="utf-8").splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \w+: ", one) for one in lines)
    assert sum(one.endswith("detail: 1 of 1: two.png") for one in lines) == 2
    assert sum("exit code 0 after" in one for one in lines) == 2


def test_a_log_file_that_cannot_be_written_is_said(sharp: Sharp) -> None:
    done = sharp("score", "two.png", "--log-file", "missing/sharp.log")
    assert done.code == 4
    assert done.err.startswith("error: --log-file missing/sharp.log: cannot be written (")


@pytest.mark.parametrize(
    "option", [("--csv", "r.csv"), ("--json", "r.json"), ("--overlay", "o.png"), ("-o", "out")]
)
@pytest.mark.parametrize("read", [False, True])
def test_stdout_is_silent_once_a_file_is_named(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch, option: tuple[str, str], *, read: bool
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda: read)
    paint(Path("two.png"))
    done = sharp("score", "two.png", *option)
    assert done.code == 0
    assert done.out == b""
    assert Path(option[1]).exists()


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [(0, "file", "0 files"), (1, "study", "1 study"), (2, "study", "2 studies")],
)
def test_numbers_have_the_right_form(number: int, thing: str, said: str) -> None:
    assert terminal.count(number, thing) == said


def test_a_table_that_is_too_wide_for_the_terminal_is_a_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    terminal.print_table(("bundle", "sha256"), [("my-joints", "0" * 64), ("other", "1" * 64)])
    assert capsys.readouterr().out == (
        f"bundle  my-joints\nsha256  {'0' * 64}\n\nbundle  other\nsha256  {'1' * 64}\n\n"
    )
