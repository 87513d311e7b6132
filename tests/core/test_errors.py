"""Exit codes: each error of the tree has one, and docs/errors.md says what each means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharp_cli.cli import app
from sharp_cli.core import errors
from sharp_cli.core.errors import ExitCode, SharpError

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_the_page_has_a_section_for_each_exit_code_in_the_words_of_the_help() -> None:
    sections = re.findall(r"^## (\d+): (.+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(code) for code, _ in sections] == list(ExitCode)
    shown = re.findall(r"^  (\d+) +(.+)", app.info.epilog or "", re.MULTILINE)
    assert len(shown) == len(sections)
    for (code, title), (shown_code, meaning) in zip(sections, shown, strict=True):
        assert code == shown_code
        assert meaning.casefold().startswith(title.casefold())


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("RadiographError", 1),
        ("NoHandError", 1),
        ("DocumentError", 1),
        ("IncompleteStudyError", 1),
        ("UsageError", 2),
        ("ModelError", 3),
        ("OutputError", 4),
    ],
)
def test_an_error_has_its_exit_code(name: str, code: int) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, SharpError)
    assert kind.exit_code is ExitCode(code)
