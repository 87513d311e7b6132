"""Patches: their place, direction and scale, and the picture's edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.core.records import Hand, Point, Radiograph
from sharp_cli.inference.crop import corners, crop, meets

SIZE = 400

frames = st.builds(
    similarity,
    scale=st.floats(0.2, 3.0),
    degrees=st.floats(-180, 180),
    mirror=st.booleans(),
    x=st.floats(100, 300),
    y=st.floats(100, 300),
)


def picture(pixels: np.ndarray) -> Radiograph:
    return Radiograph("a.png", pixels.astype(np.float32), None, None, ())


def hand(to_image: Affine) -> Hand:
    return Hand("a.png", "left", "anatomy", to_image, 1.0)


def test_every_target_has_a_patch_of_its_box() -> None:
    points = [Point(joint, 200.0, 200.0, 1.0) for joint in POINTS]
    patches = crop(picture(np.ones((SIZE, SIZE))), hand(similarity(scale=0.1)), points)
    assert [(patch.finding, patch.joint) for patch in patches] == [
        (target.finding, target.joint) for target in TARGETS
    ]
    for patch, target in zip(patches, TARGETS, strict=True):
        assert patch.pixels.shape == target.box[::-1]
        assert patch.pixels.dtype == np.uint16
        assert patch.pixels.min() == 65535


def test_erosion_and_jsn_of_a_joint_share_their_pixels() -> None:
    patches = crop(
        picture(np.ones((SIZE, SIZE))), hand(similarity()), [Point("MCP2", 200.0, 200.0, 1.0)]
    )
    assert [patch.finding for patch in patches] == ["erosion", "jsn"]
    assert patches[0].pixels is patches[1].pixels


@settings(deadline=None)
@given(to_image=frames)
def test_what_lies_beside_the_joint_lies_there_in_the_patch(to_image: Affine) -> None:
    # A dot 60 units thumbwards and 30 units up from the joint, whatever the hand's direction.
    at = to_image((0.0, 0.0))
    dot = to_image((60.0, -30.0))
    y, x = np.mgrid[:SIZE, :SIZE]
    spread = 10 * to_image.scale
    pixels = np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * spread**2))
    if not (50 < dot[0] < SIZE - 50 and 50 < dot[1] < SIZE - 50):
        return
    point = Point("PIP3", float(at[0]), float(at[1]), 1.0)
    patch = crop(picture(pixels), hand(to_image), [point])[0].pixels
    found = np.unravel_index(np.argmax(cv2.GaussianBlur(patch, (0, 0), 3)), patch.shape)
    assert found == pytest.approx((124.5 - 30, 124.5 + 60), abs=4)


@settings(deadline=None)
@given(to_image=frames, x=st.floats(-50, 450), y=st.floats(-50, 450))
def test_corners_are_the_box_in_the_canonical_frame(to_image: Affine, x: float, y: float) -> None:
    outline = corners(hand(to_image), Point("radius", x, y, 1.0), (500, 300))
    back = to_image.inverse()(outline) - to_image.inverse()((x, y))
    expected = [(-250, -150), (250, -150), (250, 150), (-250, 150)]
    # Corners are rounded to 0.01 px of the file.
    assert back == pytest.approx(np.array(expected), abs=0.01 / to_image.scale)


def test_beyond_the_edge_a_patch_is_black() -> None:
    patch = crop(
        picture(np.ones((SIZE, SIZE))), hand(similarity()), [Point("IP", -0.5, 200.0, 1.0)]
    )[0].pixels
    assert not patch[:, :124].any()
    assert (patch[:, 126:] == 65535).all()


def test_a_box_beside_the_picture_gives_no_patch() -> None:
    white = picture(np.ones((SIZE, SIZE)))
    assert not crop(white, hand(similarity()), [Point("IP", -126.0, 200.0, 1.0)])
    assert len(crop(white, hand(similarity()), [Point("IP", -124.0, 200.0, 1.0)])) == 1


def test_a_box_around_the_whole_picture_meets_it() -> None:
    outline = corners(hand(similarity(scale=9.0)), Point("IP", 200.0, 200.0, 1.0), (250, 250))
    assert meets(outline, (SIZE, SIZE))
