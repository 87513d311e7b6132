"""What goes to a terminal, or to one that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.cli import terminal
from sharp_cli.cli.outputs import Outputs
from sharp_cli.results.document import WarningRow
from tests.fakes import paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done


def test_names_cannot_control_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.log("error", "\x1b[2Ja\nerror: b.png\n  line 2: wrong")
    assert capsys.readouterr().err == "error: \\x1b[2Ja\\nerror: b.png\n  line 2: wrong\n"


def test_what_is_the_same_of_several_files_is_said_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [WarningRow("s", file, text) for file, text in (("a", "x"), ("b", "y"), ("c", "x"))]
    terminal.log_warnings(rows)
    assert capsys.readouterr().err == "warning: a, c: x\nwarning: b: y\n"


def test_without_stderr_nothing_goes_to_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", None)
    terminal.log("note", "x")
    assert capsys.readouterr().out == ""


def test_where_stdout_is_closed_it_is_said_and_no_error_of_sharp(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m sharp_cli models >&-"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr == "error: stdout: cannot be written (it is closed); choose a file\n"


def test_what_stdout_cannot_encode_is_shown(tmp_path: Path) -> None:
    code = "from sharp_cli.cli import _prepare_streams; _prepare_streams(); print('\u624b')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "\\u624b\n"


@pytest.mark.parametrize(("more", "code"), [((), 4), (("--csv", "-"), 4), (("--csv", "r.csv"), 0)])
def test_a_closed_stdout_is_no_matter_where_a_file_is_asked_for(
    sharp: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], code: int
) -> None:
    paint(Path("two.png"))
    write = Outputs.deliver

    def closed(*arguments: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", None)
            write(*arguments)

    monkeypatch.setattr(Outputs, "deliver", closed)
    done = sharp("score", "two.png", *more)
    assert done.code == code
    assert ("stdout: cannot be written" in done.err) == (code == 4)
    assert Path("r.csv").exists() == (code == 0)
