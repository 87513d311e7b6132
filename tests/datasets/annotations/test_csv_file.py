from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.annotations.csv_file import read_annotations

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, *rows: str, header: str = "image,hand,joint,x,y") -> Path:
    path = folder / "joints.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def test_hands_are_distinguished_by_picture_and_side(tmp_path: Path) -> None:
    path = write(tmp_path, "a.png,left,IP,1,2", "a.png,right,IP,3,4", "b.png,left,MCP1,5,6.5")
    hands = read_annotations(path)
    assert [(hand.image, hand.side) for hand in hands] == [
        ("a.png", "left"),
        ("a.png", "right"),
        ("b.png", "left"),
    ]
    positions = hands[2].positions()
    assert positions[POINTS.index("MCP1")].tolist() == [5, 6.5]
    assert np.isnan(positions).sum() == 42
    assert math.isnan(hands[0].phalanx)


def test_every_bad_row_is_named(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.png,left,IP,1,2",
        "a.png,left,IP,1,2",
        "a.png,both,IP,1,2",
        "a.png,left,DIP2,1,2",
        "a.png,left,MCP1,nan,2",
        "a.png,left,MCP2,,2",
        ",left,MCP3,1,2",
    )
    with pytest.raises(DocumentError, match="6 mistakes") as caught:
        read_annotations(path)
    assert all(f"line {number}:" in str(caught.value) for number in range(3, 9))


def test_missing_column_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no column joint"):
        read_annotations(write(tmp_path, header="image,hand,point,x,y"))
    with pytest.raises(DocumentError, match="cannot be read"):
        read_annotations(tmp_path / "none.csv")


def test_a_column_may_say_whose_a_picture_is(tmp_path: Path) -> None:
    header = "image,hand,joint,x,y,patient"
    path = write(tmp_path, "a.png,left,IP,1,2, P7", "b.png,left,IP,1,2,", header=header)
    first, second = read_annotations(path)
    assert first.patient == ("P7", "the column patient")
    assert second.patient is None


def test_a_picture_of_several_patients_is_refused(tmp_path: Path) -> None:
    header = "image,hand,joint,x,y,patient"
    path = write(tmp_path, "a.png,left,IP,1,2,P7", "a.png,right,IP,1,2,P8", header=header)
    with pytest.raises(DocumentError, match=r"line 3: a\.png belongs to several patients"):
        read_annotations(path)
