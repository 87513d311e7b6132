from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import BOXES, POINTS, SIDES
from sharp_cli.core.template import TEMPLATE
from sharp_cli.synthetic.intact_hands import (
    MARGIN,
    cut_regions,
    other_hand,
    phantom_hands,
    with_grades,
)
from tests.labels import labelled_joint
from tests.synthetic.bones import intact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.synthetic.intact_hands import IntactHand


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
    regions = cut_regions(pixels, positions, mirror=mirror)
    assert set(regions) == set(POINTS) - {"IP"}
    for joint, region in regions.items():
        width, height = BOXES[joint]
        assert region.shape == (height + 2 * MARGIN, width + 2 * MARGIN)
        assert region[region.shape[0] // 2, region.shape[1] // 2] == 65535
    thumb = regions["MCP1"]  # CMC1 lies below and, thumb to the right, to the left of it
    assert thumb[200:, : thumb.shape[1] // 2].sum() >= thumb[200:, thumb.shape[1] // 2 :].sum()


def test_other_hand() -> None:
    left, right, alone = intact("a", "left"), intact("a", "right"), intact("b", "left")
    assert other_hand(left, [left, right, alone]) is right
    assert other_hand(alone, [left, right, alone]) is None


def test_phantoms_are_pairs_of_whole_hands(phantoms: Sequence[IntactHand]) -> None:
    assert [hand.side for hand in phantoms] == [*SIDES]
    assert other_hand(phantoms[0], phantoms) is phantoms[1]
    assert set(phantoms[0].regions) == set(POINTS)


def test_hands_get_the_labels_of_their_joints() -> None:
    left, right = intact("a.png", "left"), intact("a.png", "right")
    labels = [
        labelled_joint(image="a.png", joint="MCP2", grade=3),
        labelled_joint(image="a.png", joint="MCP2", finding="jsn", grade=0),
        labelled_joint(image="b.png", side="right", grade=2),
    ]
    first, second = with_grades([left, right], labels)
    assert first.grades == {"MCP2": {"erosion": 1, "jsn": 0}}
    assert first.regions is left.regions
    assert second.grades == {}
