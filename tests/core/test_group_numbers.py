"""Numbers by finding and joint group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.group_numbers import numbers_by_group
from sharp_cli.core.joints import JOINT_GROUPS

NUMBERS = st.dictionaries(st.sampled_from(JOINT_GROUPS), st.floats(0, 1), min_size=1)


def test_later_numbers_replace_earlier_ones() -> None:
    found = numbers_by_group("0.97, jsn = 0.98,erosion/wrist=0.9")
    assert found == {
        key: 0.98 if key[0] == "jsn" else 0.9 if key[1] == "wrist" else 0.97 for key in JOINT_GROUPS
    }


@given(NUMBERS)
def test_what_is_written_for_groups_is_read_for_them(numbers: dict[tuple[str, str], float]) -> None:
    text = ",".join(f"{finding}/{group}={one!r}" for (finding, group), one in numbers.items())
    assert numbers_by_group(text) == numbers


@pytest.mark.parametrize(
    "text", ["", "often", "2", "-0.1", "nan", "bone=0.1", "jsn/MCP", "jsn/IP=0.1", "0.1,", "=0.1"]
)
def test_what_is_no_number_of_a_group_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of which number it is is for its callers
        numbers_by_group(text)
