"""README and the pages under docs: their commands and code run, and print what is shown."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.main import get_command

from sharp_cli.cli import app
from sharp_cli.results.document import CSV_COLUMNS
from sharp_cli.results.formats import SUMMARY_COLUMNS
from tests import command as sharp_command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "models").glob("*/MODEL_CARD.md")),
    )
}

NUMBER = re.compile(r"\d+\.\d+")
TOLERANCE = 0.02
"""Probabilities are shown to 0.01, and processors differ in their last digits."""


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def console() -> Iterator[tuple[tuple[str, ...], ...]]:
    """The commands of each console block, each before the lines that are shown for it."""
    for text in PAGES.values():
        for block in blocks(text, "console"):
            parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
            yield tuple(tuple(part.rstrip("\n").split("\n")) for part in parts)


def calls() -> Iterator[str]:
    """The calls of sharp in the shell blocks."""
    for text in PAGES.values():
        for block in blocks(text, "sh"):
            for line in block.replace("\\\n", "").splitlines():
                for call in re.split(r"\||&&| > ", line):
                    if call.split()[:1] == ["sharp"]:
                        yield call.strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples."""
    path = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "examples", path / "examples")
    return path


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """An environment with the command `sharp`, in which it draws plain tables."""
    plain = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"}
    return {**sharp_command.install(folder), **plain}


@pytest.fixture(scope="module")
def done() -> set[str]:
    """The commands that were typed in the folder before."""
    return set()


@pytest.fixture(scope="module")
def sharp() -> Any:
    """The command line, whose commands do nothing once their arguments are understood."""

    def disarm(command: Any) -> Any:
        command.callback = lambda **_: "called"
        for under in getattr(command, "commands", {}).values():
            disarm(under)
        return command

    return disarm(get_command(app))


def run(command: str, folder: Path, environment: dict[str, str], *, terminal: bool) -> str:
    """What a command prints on stdout, on a terminal or into a pipe."""
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


def make_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_readme_is_short_and_says_first_what_sharp_is_not() -> None:
    lines = README.splitlines()
    assert len(lines) <= 200
    top = " ".join(lines[: lines.index("## Try it")])
    assert "not feet" in top
    assert "Not validated on patients" in top


def test_pages_show_commands() -> None:
    assert len(set(console())) > 10
    assert len(set(calls())) > 50


@pytest.mark.parametrize("block", dict.fromkeys(console()), ids=lambda block: block[0][0])
def test_commands_print_what_is_shown_for_them(
    block: tuple[tuple[str, ...], ...], folder: Path, environment: dict[str, str], done: set[str]
) -> None:
    for command, *shown in block:
        if shown or command not in done:
            check(command, shown, folder, environment)
        done.add(command)


def check(command: str, shown: list[str], folder: Path, environment: dict[str, str]) -> None:
    printed = run(command, folder, environment, terminal=bool(shown)).rstrip().splitlines()
    if not shown:
        return
    trimmed = [line.rstrip() for line in printed]
    assert [NUMBER.sub("#", line) for line in trimmed] == [NUMBER.sub("#", line) for line in shown]
    numbers = [float(number) for number in NUMBER.findall("\n".join(trimmed))]
    expected = [float(number) for number in NUMBER.findall("\n".join(shown))]
    assert numbers == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("call", dict.fromkeys(calls()))
def test_a_call_is_one_that_sharp_takes(
    call: str, sharp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(call, comments=True)
    for name in arguments:  # be it a file, a folder, or neither
        path = tmp_path / name
        path.mkdir(parents=True, exist_ok=True) if not path.suffix else make_file(path)
    assert sharp.main(arguments, prog_name=program, standalone_mode=False) == "called"


def test_the_code_of_readme_prints_what_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    (code,), (shown,) = blocks(README, "python"), blocks(README, "text")
    exec(code, {})  # noqa: S102 - our own text
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert printed == shown.splitlines()


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("column", CSV_COLUMNS),
        ("column of the summary", SUMMARY_COLUMNS),
    ],
)
def test_the_columns_of_the_page_are_those_of_the_tables(
    header: str, columns: tuple[str, ...]
) -> None:
    text = PAGES["docs/results.md"]
    table = text[text.index(f"| {header} | meaning |") :].split("\n\n")[0]
    named = re.findall(r"`([^`]+)`", " ".join(line.split("|")[1] for line in table.splitlines()))
    assert tuple(named) == columns


@pytest.mark.parametrize("page", PAGES)
def test_the_modules_that_a_page_names_exist(page: str) -> None:
    for name in set(re.findall(r"sharp_cli(?:\.\w+)+", PAGES[page])):
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            path = ROOT.joinpath(*parts[:end])
            source = path.with_suffix(".py") if not path.is_dir() else path / "__init__.py"
            if source.is_file():
                text = source.read_text(encoding="utf-8")
                missing = [part for part in parts[end:] if not re.search(rf"\b{part}\b", text)]
                assert not missing, f"{page}: {name}"
                break
