"""Help: every command has examples, which are calls of sharp, in the width of a terminal."""

from __future__ import annotations

import re
import shlex
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from sharp_cli.cli import app
from tests.cli.help import EXAMPLES, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = (
    "efficientnet-lite0.pth",
    "hands.dcm", "p01_L.png", "p01_R.png", "result.json", "joints.csv", "labels.csv", "readers.csv",
    "manifest.csv", "detected.csv", "results.csv", "siso.csv", "mimo-local.csv",
    "results/results.csv", "run/predictions.csv", "implanted/labels.csv", "h1200/labels.csv",
    "w600/labels.csv", "w600/folds.csv", "ra2/labels.csv", "arise/labels.csv", "arise/readers.csv",
    "grades.csv", "predictions.csv", "injured.csv", "wrists.csv", "reader-a.csv", "reader-b.csv",
    "Downloads/p01-labels-a.csv", "Downloads/p02-labels-a.csv",
)  # fmt: skip
FOLDERS = (
    "archive", "radiographs", "pictures-without-hands", "dlc-project", "my-joints", "my-findings",
    "work/joints", "RAM-H1200", "RAM-W600", "RA2-DREAM", "ARISE-2025", "crops",
    "landmarks", "evaluation", "run/bundle", "my-trunk", "my-lite", "more-radiographs",
)  # fmt: skip
"""What the commands of examples find, be it empty."""


def calls() -> Iterator[tuple[str, str]]:
    """Each call of the examples, by the command in whose help it is."""
    for name, text in EXAMPLES.items():
        for line in text.replace("\\\n", "").splitlines():
            if not line.startswith("#"):
                yield from ((name, call.strip()) for call in line.split("|"))


def test_every_command_has_examples_and_calls_itself_in_them() -> None:
    leaves = {name for name, one in walk(get_command(app)) if not hasattr(one, "commands")}
    assert leaves <= set(EXAMPLES)
    groups = {name for name, one in walk(get_command(app)) if name and hasattr(one, "commands")}
    assert groups <= set(EXAMPLES)
    for name in EXAMPLES:
        assert any(call.startswith(f"sharp {name}") for of, call in calls() if of == name)


@pytest.mark.parametrize("call", sorted({call for _, call in calls()}))
def test_an_example_is_a_call_that_sharp_takes(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
    for file in FILES:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    called = []
    sharp = get_command(app)
    for path, command in walk(sharp):
        command.callback = lambda path=path, **_: called.append(path)
    words = shlex.split(call.partition(" > ")[0])
    # As a shell does.
    found = [sorted(map(str, Path().glob(word))) or [word] for word in words]
    program, *arguments = chain.from_iterable(found)
    sharp.main(arguments, prog_name=program, standalone_mode=False)
    assert program == "sharp"
    assert called[-1] in EXAMPLES


@pytest.mark.parametrize("name", [name for name, _ in walk(get_command(app))])
def test_help_fits_a_terminal_and_shows_the_examples_as_they_are(name: str) -> None:
    done = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    assert not re.search(r"<|\brange\b|>=", done.output)
    shown = re.sub("^ {4}", "", done.output.partition("  Examples:\n")[2], flags=re.MULTILINE)
    assert shown == EXAMPLES.get(name, "")
