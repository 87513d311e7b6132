"""How far a long run is, in lines and on a terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from sharp_cli.cli import progress
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_progress_is_logged_in_lines_now_and_then(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(4):
        paint(Path(f"a/two{at}.png"))
    assert " a minute, " not in sharp("score", "a", "--out", "one").err
    monkeypatch.setattr(progress, "_INTERVAL", 0)
    err = sharp("score", "a", "--out", "other").err
    lines = [line for line in err.splitlines() if " a minute, " in line]
    assert [line.split(",")[0] for line in lines] == [f"note: {n} of 4 files" for n in (1, 2, 3)]
    assert lines[0].endswith(" less than a minute left")


def test_on_a_terminal_progress_has_rate_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    now = 0.0
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    console = Console(
        file=shown, force_terminal=True, color_system=None, width=60, get_time=lambda: now
    )
    monkeypatch.setattr("rich.console.Console", lambda **_: console)
    with progress.rated_progress(10) as on_progress:
        for at in range(5):
            now += 30
            on_progress(f"a/[b]{at} of a long name, cut at the end of the line.png")
    last = shown.getvalue().split("4/10")[-1]
    for text in ("2.0 a minute", "0:03:00", "a/[b]4 of"):
        assert text in last
