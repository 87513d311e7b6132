"""The journeys: typed as written, their commands print what is shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.command import ROOT, install
from tests.test_pages import NUMBER, TOLERANCE

sys.path.append(str(ROOT / "docs" / "journeys"))
from paste_outputs import commands, pages, with_outputs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_journey_goes_as_it_is_written(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    printed = with_outputs(text, install(tmp_path))
    assert NUMBER.sub("#", printed) == NUMBER.sub("#", text)
    numbers = [[float(number) for number in NUMBER.findall(one)] for one in (printed, text)]
    assert numbers[0] == pytest.approx(numbers[1], abs=TOLERANCE)


def test_commands_and_what_they_print_are_told_apart() -> None:
    assert list(commands("$ ls\na $ b\n$ cat a | head\n")) == ["ls", "cat a | head"]
