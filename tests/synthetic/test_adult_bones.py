from __future__ import annotations

import cv2
import numpy as np
import pytest

from sharp_cli.core.joints import BOXES
from sharp_cli.synthetic.adult_bones import GAP_RANGE, grow_up, random_gap
from sharp_cli.synthetic.narrowing import NORMAL_GAP
from tests.synthetic.bars import BONE, GAP, SOFT, bars, gap

SEEDS = range(8)
WIDE = 3.0  # mm, as in a child


def wide_bars() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Bars whose gap is `WIDE`, the bones moved apart."""
    patch = bars()
    extra = round((WIDE - GAP) * 10)
    middle = np.repeat(patch[125:126], extra, axis=0)
    whole = np.concatenate([patch[:125], middle, patch[125:]])
    cut = extra // 2
    return np.ascontiguousarray(whole[cut : cut + 250])


@pytest.mark.parametrize("width", [0.8, 1.0, 1.2])
def test_a_wide_space_becomes_an_adults(width: float) -> None:
    assert gap(wide_bars()) == pytest.approx(WIDE, abs=0.1)
    gaps = [
        gap(grow_up(wide_bars(), np.random.default_rng(s), joint="MCP3", gap=width)) for s in SEEDS
    ]
    assert np.mean(gaps) == pytest.approx(width * NORMAL_GAP["MCP"], rel=0.15)


def test_a_narrower_space_stays() -> None:
    gaps = [gap(grow_up(bars(), np.random.default_rng(s), joint="MCP3", gap=1.35)) for s in SEEDS]
    assert np.mean(gaps) == pytest.approx(GAP, rel=0.1)


def test_a_growth_plate_is_closed() -> None:
    """A dark slit across a bone goes, the joint space beside it stays."""
    patch = bars()
    slit = patch.copy()
    slit[180:192, 60:190] = SOFT
    slit = cv2.GaussianBlur(slit, (0, 0), 1.5)

    def depth(view: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
        return BONE - float(view[184:188, 90:160].mean())

    closed = [
        depth(grow_up(slit, np.random.default_rng(seed), joint="MCP3", gap=1.0)) for seed in SEEDS
    ]
    assert depth(slit) > 0.25
    assert np.mean(closed) < depth(slit) / 3


@pytest.mark.parametrize("joint", ["PIP2", "CMC1", "lunate", "radius", "radiocarpal"])
def test_every_kind_of_joint_keeps_shape_and_range(joint: str) -> None:
    width, height = BOXES[joint]
    patch = bars(width, height, width)
    kept = patch.copy()
    first, again = (
        grow_up(patch, np.random.default_rng(3), joint=joint, gap=1.0) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(patch, kept)
    assert first.shape == patch.shape
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1


def test_adults_differ_within_the_healthy_range() -> None:
    rng = np.random.default_rng(0)
    widths = [random_gap(rng) for _ in range(500)]
    assert GAP_RANGE[0] <= min(widths) < 0.8
    assert 1.2 < max(widths) <= GAP_RANGE[1]
    assert np.median(widths) == pytest.approx(1.0, abs=0.03)
