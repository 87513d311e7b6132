from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.datasets.annotations.square import read_square
from tests import dicom_files
from tests.datasets.annotations.pictures import SIZE, points

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("ratio", [["5", "4"], ["4", "5"]])
def test_pictures_and_hands_are_brought_to_square_pixels(tmp_path: Path, ratio: list[str]) -> None:
    aspect = int(ratio[0]) / int(ratio[1])
    width, height = SIZE
    rows = round(height / aspect)
    own = {name: (x, y / aspect) for name, (x, y) in points().items()}
    column, row = (round(value) for value in own["MCP3"])
    pixels = np.zeros((rows, width), np.uint16)
    pixels[row - 3 : row + 4, column - 3 : column + 4] = 4095
    dicom_files.dataset(pixels, PixelAspectRatio=ratio).save_as(tmp_path / "film.dcm")
    ((picture, (hand,)),) = read_square([AnnotatedHand("film.dcm", "left", own)], tmp_path)
    assert picture.pixels.shape == (height, width)
    assert picture.aspect == 1
    np.testing.assert_allclose([*hand.points.values()], [*points().values()])
    assert fit_hand(hand.positions()).scale == pytest.approx(0.1, abs=0.001)
    bright = np.argwhere(picture.pixels > 0.5).mean(axis=0)
    assert bright[::-1] == pytest.approx(points()["MCP3"], abs=1.5)


def test_square_ones_stay_as_they_are(tmp_path: Path) -> None:
    dicom_files.dataset(dicom_files.stored()).save_as(tmp_path / "film.dcm")
    hands = [AnnotatedHand("film.dcm", side, {"IP": (1.0, 2.0)}) for side in ("left", "right")]
    ((picture, found),) = read_square(hands, tmp_path)
    assert picture.pixels.shape == dicom_files.stored().shape
    assert found == hands
