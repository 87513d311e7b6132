"""README: each `sharp` command in it runs, and prints what README shows."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.cli import app
from sharp_cli.results.document import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

NUMBER = re.compile(r"\d+\.\d+")
TOLERANCE = 0.02
"""Probabilities are shown to 0.01, and processors differ in their last digits."""


def commands() -> Iterator[tuple[str, list[str]]]:
    """The commands of the console blocks, each with the lines that README shows for it."""
    for block in re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            yield command, shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples and the command `sharp`."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "examples", path / "examples")
    sharp = path / "bin" / "sharp"
    sharp.parent.mkdir()
    sharp.write_text(f"#!{sys.executable}\nfrom sharp_cli.cli import main\nmain()\n")
    sharp.chmod(0o755)
    return path


def run(command: str, folder: Path, *, terminal: bool) -> str:
    """What a command prints on stdout, on a terminal or into a pipe."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        "TERM": "dumb",
        "NO_COLOR": "1",
    }
    shell = ["bash", "-c", f"set -o pipefail; {command}"]
    if not terminal:
        done = subprocess.run(
            shell, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        shell, cwd=folder, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    printed = b""
    try:
        while part := os.read(ours, 4096):
            printed += part
    except OSError:  # the other end has closed
        pass
    os.close(ours)
    assert process.wait() == 0
    return printed.decode().replace("\r\n", "\n")


def test_readme_shows_commands() -> None:
    assert len(list(commands())) > 5


@pytest.mark.parametrize(("command", "shown"), list(commands()))
def test_a_command_of_readme_prints_what_it_shows(
    command: str, shown: list[str], folder: Path
) -> None:
    printed = run(command, folder, terminal=bool(shown)).rstrip().splitlines()
    if not shown:
        return
    trimmed = [line.rstrip() for line in printed]
    assert [NUMBER.sub("#", line) for line in trimmed] == [NUMBER.sub("#", line) for line in shown]
    numbers = [float(number) for number in NUMBER.findall("\n".join(trimmed))]
    expected = [float(number) for number in NUMBER.findall("\n".join(shown))]
    assert numbers == pytest.approx(expected, abs=TOLERANCE)


def test_the_columns_of_readme_are_those_of_the_csv() -> None:
    table = README[README.index("| column | meaning |") :].split("\n\n")[0]
    named = re.findall(r"`([^`]+)`", " ".join(line.split("|")[1] for line in table.splitlines()))
    assert tuple(named) == COLUMNS


def test_the_exit_codes_of_readme_are_those_of_help() -> None:
    table = README[README.index("| code | meaning |") :].split("\n\n")[0]
    codes = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    assert codes == re.findall(r"^  (\d+) ", app.info.epilog or "", re.MULTILINE)
