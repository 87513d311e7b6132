"""The overlay picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from PIL import Image, ImageFont

from sharp_cli.core.joints import FINDINGS
from sharp_cli.results import overlay
from sharp_cli.results.overlay_panel import Panel, Placing
from tests.fakes import paint, score_files

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

    from sharp_cli.results.document import JointRow

ORANGE = (255, 149, 0)


@pytest.fixture(scope="module")
def joints(tmp_path_factory: pytest.TempPathFactory) -> tuple[JointRow, ...]:
    file = paint(tmp_path_factory.mktemp("radiograph") / "two.png")
    return score_files(file, model="siso").joints


def has(picture: Image.Image, colour: tuple[int, int, int]) -> bool:
    return bool((np.asarray(picture) == colour).all(axis=2).any())


@pytest.mark.parametrize("shape", [(520, 960), (960, 520), (40, 80), (3000, 2500), (90, 9)])
def test_it_is_large_enough_to_read_whatever_the_picture(
    joints: tuple[JointRow, ...], shape: tuple[int, int]
) -> None:
    picture = overlay.draw_panels(np.zeros(shape, np.uint8), joints, notice="not validated")
    assert picture.mode == "RGB"
    assert 1200 <= max(picture.size) <= 7000


def test_wide_radiographs_stack_their_panels(joints: tuple[JointRow, ...]) -> None:
    wide = overlay.draw_panels(np.zeros((520, 960), np.uint8), joints, notice=None)
    tall = overlay.draw_panels(np.zeros((960, 520), np.uint8), joints, notice=None)
    assert wide.height > wide.width
    assert tall.width > tall.height


@pytest.mark.parametrize("aspect", [0.8, 1.25])
def test_it_shows_square_pixels(joints: tuple[JointRow, ...], aspect: float) -> None:
    """Boxes are where they would be in a picture of square pixels."""
    high = round(520 / aspect)

    def stored(y: float) -> float:
        return (y + 0.5) * high / 520 - 0.5

    squeezed = [
        row
        if row.box is None or row.y is None
        else replace(row, y=stored(row.y), box=tuple((x, stored(y)) for x, y in row.box))
        for row in joints
    ]
    wanted = overlay.draw_panels(np.zeros((520, 960), np.uint8), joints, notice=None)
    shown = overlay.draw_panels(
        np.zeros((high, 960), np.uint8), squeezed, notice=None, aspect=aspect
    )
    assert abs(shown.width / shown.height - wanted.width / wanted.height) < 0.02
    places = [
        np.argwhere((np.asarray(picture) == ORANGE).all(axis=2)).mean(axis=0) / picture.size[::-1]
        for picture in (shown, wanted)
    ]
    np.testing.assert_allclose(places[0], places[1], atol=0.02)


def test_empty_borders_are_cropped(joints: tuple[JointRow, ...]) -> None:
    film = np.random.default_rng(1).integers(60, 200, (520, 960), np.uint8)
    wanted = overlay.draw_panels(film, joints, notice=None)
    moved = [
        replace(row, box=tuple((x + 300, y + 500) for x, y in row.box)) if row.box else row
        for row in joints
    ]
    for level in (0, 255):  # a shutter, and what was not exposed
        bordered = np.pad(film, ((500, 700), (300, 100)), constant_values=level)
        shown = overlay.draw_panels(bordered, moved, notice=None)
        assert shown.size == pytest.approx(wanted.size, rel=0.12)


def test_what_looks_empty_stays_where_joints_are(joints: tuple[JointRow, ...]) -> None:
    black = np.zeros((520, 960), np.uint8)
    assert has(overlay.draw_panels(black, joints, notice=None), ORANGE)


@pytest.mark.parametrize("size", [14.0, 22.0, 30.0])
def test_no_label_lies_on_a_joint(joints: tuple[JointRow, ...], size: float) -> None:
    panel = Panel(
        Image.new("RGB", (1920, 1040)),
        cast("FreeTypeFont", ImageFont.load_default(size)),
        3,
        Placing((0, 0), (2.0, 2.0)),
    )
    for finding in FINDINGS:
        rows = [row for row in joints if row.finding == finding]
        for _, (left, top, right, bottom) in panel.labels(rows):
            for other in rows:
                assert other.x is not None
                assert other.y is not None
                x, y = panel.place((other.x, other.y))
                assert not (left < x < right and top < y < bottom)


def test_headings_have_the_numbers_of_the_tables(joints: tuple[JointRow, ...]) -> None:
    rows = [row for row in joints if row.finding == "jsn"]
    rows[0] = replace(rows[0], probability=None, label=None, model=None)
    damaged = sum(row.label == "non-intact" for row in rows)
    wanted = f"Joint space narrowing: {damaged} of 29 joints non-intact"
    assert overlay.heading("jsn", rows) == wanted


def test_damage_is_drawn_in_its_colour(joints: tuple[JointRow, ...]) -> None:
    black = np.zeros((520, 960), np.uint8)
    intact = [row for row in joints if row.label == "intact"]
    assert intact
    assert len(intact) < len(joints)
    assert has(overlay.draw_panels(black, joints, notice=None), ORANGE)
    assert not has(overlay.draw_panels(black, intact, notice=None), ORANGE)


def test_an_uncertain_box_is_dashed(joints: tuple[JointRow, ...]) -> None:
    black = np.zeros((520, 960), np.uint8)
    one = [replace(joints[0], label="non-intact", probability=0.5)]
    whole, dashed = (
        np.asarray(overlay.draw_panels(black, rows, notice=None))
        for rows in (one, [replace(one[0], status="uncertain")])
    )
    sheet = slice(0, min(len(whole), len(dashed)) // 2)  # its legend says so, too
    painted = [(picture[sheet] == ORANGE).all(axis=2).sum() for picture in (whole, dashed)]
    assert 0.4 * painted[0] < painted[1] < 0.8 * painted[0]


def test_labels_that_are_not_certain_are_marked(joints: tuple[JointRow, ...]) -> None:
    black = np.zeros((520, 960), np.uint8)
    plain, certain, doubted = (
        overlay.draw_panels(black, [replace(joints[0], certainty=each)], notice=None).tobytes()
        for each in (None, "certain", "uncertain")
    )
    assert plain == certain != doubted


def test_a_picture_without_joints_is_drawn(joints: tuple[JointRow, ...]) -> None:
    assert joints
    assert overlay.draw_panels(np.zeros((520, 960), np.uint8), [], notice=None).width >= 1200


def test_the_same_joints_give_the_same_file(joints: tuple[JointRow, ...]) -> None:
    black = np.zeros((520, 960), np.uint8)
    files = [overlay.to_png(overlay.draw_panels(black, joints, notice="x")) for _ in range(2)]
    assert files[0] == files[1]
