"""Names of studies."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.results.naming import folder_name, unique_names


def test_names_are_unique_in_any_case() -> None:
    assert unique_names(["a", "A", "a", "b", "a-2"]) == ["a", "A-2", "a-3", "b", "a-2-2"]
    assert unique_names(["X", "y", "x-2"], ["x", "Y"]) == ["X-2", "y-2", "x-2-2"]


@given(st.text())
def test_a_name_of_a_file_becomes_that_of_a_folder(stem: str) -> None:
    stem = stem.encode(errors="surrogateescape" if stem.isascii() else "ignore").decode()
    name = folder_name(stem)
    assert name
    assert not name.startswith(".")
    assert len(os.fsencode(name)) <= 200
