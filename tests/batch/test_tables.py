"""The tables of a folder of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.results.document import Failure
from sharp_cli.results.failures import read_failures, write_failures

if TYPE_CHECKING:
    from pathlib import Path


def test_failures_are_in_the_order_of_their_files_whenever_they_failed(tmp_path: Path) -> None:
    failures = [Failure(f"{at}.png", "RadiographError", "damaged") for at in (3, 1, 2, 1)]
    write_failures(tmp_path, failures)
    assert [failure.file for failure in read_failures(tmp_path)] == ["1.png", "2.png", "3.png"]
