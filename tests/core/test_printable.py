"""What a terminal gets of names."""

from __future__ import annotations

import pytest

from sharp_cli.core.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("händ 手.png", "händ 手.png"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("a\nb\r", r"a\nb\r"),
        ("\x9b31m", r"\x9b31m"),
        ("gnp.\u202exe", r"gnp.\u202exe"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_controls_a_terminal_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines() -> None:
    assert printable_lines("a\x07\nb\n") == "a\\x07\nb\n"
