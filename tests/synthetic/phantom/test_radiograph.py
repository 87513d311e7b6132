"""Films: hands where they are said to be, at the size that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.core.geometry import sample, similarity
from sharp_cli.core.joints import POINTS, SIDES, phalanx_length
from sharp_cli.synthetic.phantom import make_radiograph
from tests.synthetic.phantom.hands import SMALL, hand


@pytest.mark.parametrize("seed", range(4))
def test_radiograph_keeps_points_on_their_joints(seed: int) -> None:
    hands = [hand(seed, side) for side in SIDES]
    made = make_radiograph(hands, np.random.default_rng(seed))
    assert made.sides == SIDES
    height, width = made.pixels.shape
    assert 0.0 <= made.pixels.min() < made.pixels.max() <= 1.0
    for phantom, points, to_radiograph in zip(hands, made.points, made.to_radiograph, strict=True):
        assert set(points) == set(POINTS)
        for name, xy in points.items():
            assert np.allclose(to_radiograph(phantom.points[name]), xy)
            assert 0 < xy[0] < width - 1
            assert 0 < xy[1] < height - 1
        # What surrounds a joint on the film is what surrounds it in the hand's own picture.
        for name in ("PIP3", "MCP5", "lunate"):
            x, y = phantom.points[name]
            view = similarity(x=x - 15, y=y - 15)
            own = sample(phantom.pixels, view, (31, 31))
            filmed = sample(made.pixels, to_radiograph.after(view), (31, 31))
            assert np.corrcoef(own.ravel(), filmed.ravel())[0, 1] > 0.97


def test_radiograph_lays_the_first_hand_on_the_left() -> None:
    hands = [hand(1, "right"), hand(2, "left")]
    made = make_radiograph(hands, np.random.default_rng(0))
    assert made.sides == ("right", "left")
    assert made.points[0]["MCP3"][0] < made.points[1]["MCP3"][0]
    assert made.spacing == hands[0].spacing


def test_radiograph_of_one_hand() -> None:
    made = make_radiograph([hand()], np.random.default_rng(0))
    assert len(made.points) == 1
    assert phalanx_length(made.points[0]) == pytest.approx(SMALL, rel=1e-6)


@pytest.mark.parametrize("size", [(900, 1100), (1200, 700)])
def test_radiograph_of_a_given_size_holds_all_points(size: tuple[int, int]) -> None:
    hands = [hand(3)] if size[0] < size[1] else [hand(3, side) for side in SIDES]
    made = make_radiograph(hands, np.random.default_rng(1), size=size)
    assert made.pixels.shape == size[::-1]
    for points in made.points:
        for x, y in points.values():
            assert 0 < x < size[0] - 1
            assert 0 < y < size[1] - 1
