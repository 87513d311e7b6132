"""Names of studies."""

from __future__ import annotations

import os

import pytest
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


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("2020/01/p\\1", "2020_01_p_1"), ("a:b*c?", "a_b_c_"), ("a\0\nb\udcff", "a__b_"),
        ("..x. .", "x"), ("x" * 260, "x" * 200), ("nul", "_nul"), ("COM1.x", "_COM1.x"),
        ("console", "console"), (". .", "study"), ("\u4e00" * 90, "\u4e00" * 66),
    ],
)  # fmt: skip
def test_what_a_system_refuses_is_replaced(wanted: str, name: str) -> None:
    assert folder_name(wanted) == name


def test_names_that_differ_in_how_an_accent_is_written_are_the_same() -> None:
    assert unique_names(["M\u00fcller", "Mu\u0308ller"]) == ["M\u00fcller", "Mu\u0308ller-2"]
