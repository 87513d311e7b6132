from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image

from sharp_cli import radiograph
from sharp_cli.results.html.explanations import explain
from sharp_cli.results.html.pictures import draw
from sharp_cli.results.html.study_page import Visit, study_page
from tests.results.html.documents import scored
from tests.results.html.looks import FakeSaliency

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.records import Radiograph
    from sharp_cli.inference.grad_cam import Saliency
    from sharp_cli.results.document import InputRow


def read(row: InputRow) -> Radiograph:
    return radiograph.read(row.file)


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    assert (picture.format, picture.mode) == ("JPEG", "L")
    assert not picture.getexif()
    return picture


def test_a_study_of_two_radiographs_has_pictures_of_both(tmp_path: Path) -> None:
    document = scored(tmp_path / "left.png", tmp_path / "gap_right.png")
    left, right = draw(document, read)
    assert len(left.patches) == 31
    assert {side for side, _, _ in left.patches} == {"left"}
    # The joint that was not detected has none, neither for erosion nor for JSN.
    assert len(right.patches) == 30
    assert left.patches["left", "erosion", "PIP2"] is left.patches["left", "jsn", "PIP2"]
    assert left.patches["left", "erosion", "PIP2"] != left.patches["left", "erosion", "PIP3"]


def test_pictures_show_the_radiograph_and_its_joints(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    (pictures,) = draw(document, read)
    shown = opened(pictures.radiograph)
    assert shown.size == (960, 520)
    pixels = radiograph.read(document.inputs[0].file).pixels * 255
    assert np.abs(np.asarray(shown, float) - pixels).mean() < 3
    assert opened(pictures.patches["left", "erosion", "MCP2"]).size == (260, 260)
    assert opened(pictures.patches["left", "erosion", "radius"]).size == (433, 260)


def test_the_radiograph_is_shown_in_square_pixels(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    row = replace(document.inputs[0], pixel_aspect=1.5)
    (pictures,) = draw(replace(document, inputs=(row,)), read)
    assert opened(pictures.radiograph).size == (960, 780)


def test_the_largest_and_noisiest_radiograph_stays_small(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    noise = np.random.default_rng(1).random((4000, 6000), np.float32)

    def read_noise(row: InputRow) -> Radiograph:
        return replace(read(row), pixels=noise)

    (pictures,) = draw(document, read_noise)
    shown = opened(pictures.radiograph)
    assert shown.width * shown.height == pytest.approx(4_000_000, rel=0.01)
    assert len(pictures.radiograph) <= 1_400_000
    assert max(map(len, pictures.patches.values())) <= 15_000
    rows = [replace(row, model="mimo-both-hands") for row in document.joints]
    document = replace(document, joints=tuple(rows))
    maps = explain(document, [pictures], cast("Saliency", FakeSaliency(64)), None)
    assert sum(map(len, maps.values())) == 516
    assert len(study_page("two", [Visit(document, [pictures], maps)])) < 3_000_000


def test_linked_pictures_keep_all_pixels(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    noise = np.random.default_rng(1).random((1800, 2400), np.float32)

    def read_noise(row: InputRow) -> Radiograph:
        return replace(read(row), pixels=noise)

    (pictures,) = draw(document, read_noise, whole=True)
    assert opened(pictures.radiograph).size == (2400, 1800)
