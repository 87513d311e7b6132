"""What names of pictures and cells of tables say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.datasets.importers.files import cell_value, is_empty, is_name, parse_image_name

PARTS = st.from_regex(r"[0-9]{1,4}", fullmatch=True)
SIDES = {"L": "left", "R": "right", "left": "left", "Right": "right"}


@given(st.lists(PARTS, min_size=1, max_size=3), st.sampled_from([*SIDES]), st.sampled_from("_-"))
def test_a_name_is_patient_study_and_side(parts: list[str], side: str, between: str) -> None:
    study = "_".join(parts)
    assert parse_image_name(f"{study}{between}{side}") == (parts[0], study, SIDES[side])


@pytest.mark.parametrize(
    "name", ["", "L", "_L", "0001_0001", "0001_0001_X", "0001_small", "../0001_L", "a/b_L", ".a_L"]
)
def test_other_names_say_nothing(name: str) -> None:
    assert parse_image_name(name) is None


@given(st.text())
def test_what_can_name_a_study_can_name_a_folder(text: str) -> None:
    if is_name(text):
        assert not text.startswith(".")
        assert not {"/", "\\", "\0"} & {*text}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_from_cells(number: float) -> None:
    assert cell_value(f" {number!r} ") == number


@pytest.mark.parametrize("cell", ["two", "inf", "1 2"])
def test_texts_stay_texts(cell: str) -> None:
    assert cell_value(cell) == cell


@pytest.mark.parametrize("cell", ["", " ", "NA", "NaN", "none"])
def test_empty_cells(cell: str) -> None:
    assert is_empty(cell)
    assert not is_empty(f"{cell}0")
