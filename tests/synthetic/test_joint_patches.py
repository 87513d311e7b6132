from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import FINDINGS, POINTS, SIDES
from sharp_cli.core.template import TEMPLATE
from sharp_cli.synthetic.joint_patches import (
    BOXES,
    MARGIN,
    cut,
    draw,
    draw_grades,
    graded,
    partner,
    phantom_hands,
)
from sharp_cli.synthetic.lesions import GRADES
from tests.training import cohort
from tests.training.bones import bones, intact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.synthetic.joint_patches import IntactHand


@pytest.fixture(scope="module")
def phantoms() -> Sequence[IntactHand]:
    return phantom_hands(1)


@pytest.mark.parametrize("mirror", [False, True])
def test_regions_are_upright_and_at_the_common_scale(*, mirror: bool) -> None:
    flip = np.array([-1.0, 1.0]) if mirror else np.array([1.0, 1.0])
    positions = TEMPLATE * flip / 2 + 600
    pixels = np.zeros((1200, 1200), np.float32)
    for x, y in positions:
        pixels[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5] = 1
    positions[POINTS.index("IP")] = np.nan
    regions = cut(pixels, positions, mirror=mirror)
    assert set(regions) == set(POINTS) - {"IP"}
    for joint, region in regions.items():
        width, height = BOXES[joint]
        assert region.shape == (height + 2 * MARGIN, width + 2 * MARGIN)
        assert region[region.shape[0] // 2, region.shape[1] // 2] == 65535
    thumb = regions["MCP1"]  # CMC1 lies below and, thumb to the right, to the left of it
    assert thumb[200:, : thumb.shape[1] // 2].sum() >= thumb[200:, thumb.shape[1] // 2 :].sum()


def test_grades_are_balanced_and_alike_in_both_hands() -> None:
    rng = np.random.default_rng(0)
    pairs = [draw_grades("MCP2", rng) for _ in range(2000)]
    for finding in FINDINGS:
        first, second = (np.array([pair[side][finding] for pair in pairs]) for side in (0, 1))
        assert np.mean(first > 0) == pytest.approx(0.5, abs=0.07)
        assert np.mean(second[first > 0] > 0) == pytest.approx(0.6, abs=0.07)
        assert set(first) == {0, *GRADES[finding]}
    assert all(one["jsn"] for pair in pairs for one in pair if one["erosion"] == 5)
    assert set(draw_grades("lunate", rng)[0]) == {"erosion"}


def test_plain_lesions_come_oftener() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_grades("lunate", rng, plain=True)[0]["erosion"] for _ in range(3000)]
    counts = np.bincount(drawn, minlength=6)[1:] / np.count_nonzero(drawn)
    np.testing.assert_allclose(counts, np.array([1, 2, 3, 3, 3]) / 12, atol=0.04)


@pytest.mark.parametrize("vary", [False, True])
def test_draw(*, vary: bool) -> None:
    hand = intact("a", "left")
    one, two, damaged = (
        draw(hand, "MCP2", {"erosion": grade}, np.random.default_rng(5), vary=vary, touch=False)
        for grade in (0, 0, 4)
    )
    assert not one.damage
    (damage,) = damaged.damage.values()
    assert 0.005 < damage.mean() < 0.3
    plain, again, eroded = one.pixels, two.pixels, damaged.pixels
    assert plain.shape == (250, 250)
    assert plain.dtype == np.uint16
    np.testing.assert_array_equal(plain, again)
    assert np.abs(plain.astype(int) - eroded).max() > 5000
    assert hand.regions["MCP2"][0, 0] == bones(1, "MCP2")[0, 0]


def test_partner() -> None:
    left, right, alone = intact("a", "left"), intact("a", "right"), intact("b", "left")
    assert partner(left, [left, right, alone]) is right
    assert partner(alone, [left, right, alone]) is None


def test_phantoms_are_pairs_of_whole_hands(phantoms: Sequence[IntactHand]) -> None:
    assert [hand.side for hand in phantoms] == [*SIDES]
    assert partner(phantoms[0], phantoms) is phantoms[1]
    assert set(phantoms[0].regions) == set(POINTS)


def test_hands_get_the_labels_of_their_joints() -> None:
    left, right = intact("a.png", "left"), intact("a.png", "right")
    labels = [
        cohort.joint(image="a.png", joint="MCP2", grade=3),
        cohort.joint(image="a.png", joint="MCP2", finding="jsn", grade=0),
        cohort.joint(image="b.png", side="right", grade=2),
    ]
    first, second = graded([left, right], labels)
    assert first.grades == {"MCP2": {"erosion": 1, "jsn": 0}}
    assert first.regions is left.regions
    assert second.grades == {}
