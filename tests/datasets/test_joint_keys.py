"""Matching joints by picture, hand, finding and name."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.joint_keys import JointKey, index_joints, match_image

KEY = JointKey("a.png", "left", "jsn", "PIP2")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("/films/p1/left.dcm", "p1/left.dcm"),
        ("p2/left.dcm", "p2/left.dcm"),
        ("left.dcm", "left.dcm"),
        ("/films/p3/left.dcm", "left.dcm"),
        ("/films/p1/right.dcm", "/films/p1/right.dcm"),
        ("", ""),
    ],
)
def test_a_file_is_the_picture_that_its_path_ends_in(file: str, name: str) -> None:
    assert match_image(file, {"p1/left.dcm", "p2/left.dcm", "left.dcm"}) == name


def test_joints_are_indexed_and_none_may_stand_twice() -> None:
    other = KEY._replace(hand="right")
    assert index_joints(Path("x.csv"), [("line 2", KEY, 1), ("line 3", other, 2)]) == {
        KEY: 1,
        other: 2,
    }
    rows = [("line 2", KEY, 1), ("line 3", KEY, 1), ("line 4", KEY, 1)]
    with pytest.raises(DocumentError, match=r"x\.csv: 2 mistakes.*\s+line 3, line 4: jsn of left"):
        index_joints(Path("x.csv"), rows)
