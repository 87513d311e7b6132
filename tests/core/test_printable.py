"""What a terminal gets of names."""

from __future__ import annotations

import pytest

from sharp_cli.core.printable import duration, printable, printable_lines


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


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0.4, "less than a minute"), (1, "1 min"), (59.7, "1 h 0 min"), (125, "2 h 5 min")],
)
def test_durations_are_said_as_people_do(minutes: float, said: str) -> None:
    assert duration(minutes) == said
