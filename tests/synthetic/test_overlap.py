from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.core.joints import BOXES
from sharp_cli.synthetic.overlap import OVERLAPPING, random_overlap
from tests.synthetic.bars import BONE, GAP, SOFT, bars

SEEDS = range(60)
WITHOUT_SESAMOIDS = ["MCP3", "PIP5"]
SCALE = 10  # pixels per mm


def drawn(joint: str) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """What is added where anything overlaps at all."""
    width, height = BOXES[joint]
    patch = bars(width, height, width)
    added = [random_overlap(patch, np.random.default_rng(seed), joint=joint) for seed in SEEDS]
    return [one for one in added if one.any()]


@pytest.mark.parametrize("joint", WITHOUT_SESAMOIDS)
def test_rims_overlap_by_chance(joint: str) -> None:
    assert len(drawn(joint)) / len(SEEDS) == pytest.approx(OVERLAPPING, abs=0.15)


def test_sesamoid_bones_lie_beside_the_proximal_bones_head() -> None:
    added = drawn("MCP1")
    assert len(added) > 0.8 * len(SEEDS)
    total = np.mean(added, axis=0)
    middle = total.shape[0] // 2
    assert total[middle:].sum() > 2 * total[:middle].sum()


def test_a_rims_shadow_lies_over_the_space_and_over_the_proximal_bone() -> None:
    added = np.mean(drawn("MCP3"), axis=0)
    height, width = added.shape
    down = added[:, width // 2] / (BONE - SOFT)
    middle = height // 2
    reach = round((GAP / 2 + 0.3) * SCALE)
    assert down[middle] > 0.15
    assert down[middle + reach] > 0.15
    # None of it deep in either bone, nor beside them.
    assert not down[: middle - 4 * SCALE].any()
    assert not down[middle + 5 * SCALE :].any()
    assert not added[:, 0].any()


def test_the_head_shows_through_it() -> None:
    """What was dark stays darker than what was bright, at every place under the shadow."""
    patch = bars()
    for added in drawn("MCP3"):
        seen = patch + added
        bright = seen[patch > 0.9 * BONE].mean()
        assert seen[(patch < 1.1 * SOFT) & (added > 0)].mean() < bright


@pytest.mark.parametrize("joint", ["lunate", "radiocarpal", "CMC3"])
def test_wrists_have_none(joint: str) -> None:
    assert not drawn(joint)


def test_the_same_generator_gives_the_same() -> None:
    patch = bars()
    first, again = (random_overlap(patch, np.random.default_rng(4), joint="MCP3") for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32
    assert first.shape == patch.shape
    assert (first >= 0).all()
