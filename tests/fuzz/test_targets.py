"""Fuzzing for a moment: SHARP_FUZZ_SECONDS says how long, for each target."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fuzz.targets import TARGETS, found_before
from fuzz.with_hypothesis import fuzz

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = float(os.environ.get("SHARP_FUZZ_SECONDS", "0.2"))


@pytest.mark.parametrize("name", TARGETS)
def test_files_are_read_or_refused(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    whole = [*target.write(tmp_path)]
    for content in whole:
        target.read(content, tmp_path)
    for content in found_before(name):
        target.check(content, tmp_path)
    end, number = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        fuzz(target, tmp_path, whole, 10, number=number, findings=tmp_path)
        number += 1


def test_what_is_not_meant_for_users_is_a_finding(tmp_path: Path) -> None:
    broken = replace(TARGETS["archive"], read=_broken)
    with pytest.raises(KeyError):
        fuzz(broken, tmp_path, [b"x"], 99, number=0, findings=tmp_path)
    assert (tmp_path / "finding").read_bytes() != b"x"


def _broken(content: bytes, _: Path) -> None:
    if content != b"x":
        raise KeyError(content)
