"""Joints that are taken away are gone, and the others as they were."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.synthetic.absent_joints import ABSENCES, Removed, amputated, hidden

FRAME = similarity(scale=0.15, degrees=10, x=200, y=190)
POINTS_AT = FRAME(TEMPLATE)


def film() -> np.ndarray:
    return np.random.default_rng(0).random((380, 400), np.float32) * 0.2 + 0.4


@cache
def removed(kind: str, seed: int) -> Removed:
    return ABSENCES[kind](film(), [POINTS_AT], np.random.default_rng(seed))


@pytest.mark.parametrize("kind", ABSENCES)
def test_what_is_not_hidden_stays_as_it_was(kind: str) -> None:
    for seed in range(3):
        done = removed(kind, seed)
        again = ABSENCES[kind](film(), [POINTS_AT], np.random.default_rng(seed))
        assert np.array_equal(done.pixels, again.pixels)
        assert 0 <= done.pixels.min() <= done.pixels.max() <= 1
        gone = hidden(done.mask, POINTS_AT)
        assert gone.shape == (22,)
        for point, share in zip(POINTS_AT, gone, strict=True):
            x, y = np.rint(point).astype(int)
            u, v = np.rint(done.move(point)).astype(int)
            if share == 0 and kind != "amputated":
                assert done.pixels[v, u] == pytest.approx(film()[y, x], abs=0.02)


@pytest.mark.parametrize("kind", ABSENCES)
def test_some_joints_are_gone_and_some_are_not(kind: str) -> None:
    shares = np.array([hidden(removed(kind, seed).mask, POINTS_AT) for seed in range(6)])
    assert (shares > 0.9).any()
    assert (shares < 0.1).any()


def test_a_digit_that_is_gone_leaves_the_other_digits() -> None:
    fingers = [POINTS.index(name) for name in ("IP", "PIP2", "PIP3", "PIP4", "PIP5")]
    palm = [POINTS.index(name) for name in ("MCP2", "MCP3", "lunate", "ulna", "radius")]
    counts = set()
    for seed in range(8):
        done = amputated(film(), [POINTS_AT], np.random.default_rng(seed))
        gone = hidden(done.mask, POINTS_AT)
        counts.add(int((gone[fingers] > 0.9).sum()))
        assert gone[palm].max() < 0.1
    assert counts <= {0, 1, 2}
    assert max(counts) > 0


def test_a_point_that_is_not_known_is_neither() -> None:
    points = POINTS_AT.copy()
    points[4] = np.nan
    assert np.isnan(hidden(np.ones((380, 400), np.float32), points)).tolist() == [
        number == 4 for number in range(22)
    ]
