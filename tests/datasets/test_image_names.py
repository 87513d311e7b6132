"""Which image of a table a file is."""

from __future__ import annotations

import pytest

from sharp_cli.datasets.image_names import annotated_name


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
def test_a_file_is_the_image_that_its_path_ends_in(file: str, name: str) -> None:
    assert annotated_name(file, {"p1/left.dcm", "p2/left.dcm", "left.dcm"}) == name
