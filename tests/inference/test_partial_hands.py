"""The frames in which a part of a hand may fill a film."""

from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.inference.partial_hands import PARTS, part_frames


@pytest.mark.parametrize("size", [(600, 400), (300, 700)])
def test_each_part_is_in_the_middle_any_way_round(size: tuple[int, int]) -> None:
    frames = list(part_frames(*size))
    assert len(frames) == 8 * len(PARTS)
    ways = {(round(frame.a, 6), round(frame.b, 6), frame.mirrors) for frame in frames[:8]}
    assert len(ways) == 8
    for number, frame in enumerate(frames):
        part = PARTS[number // 8]
        middle = (np.array(size) - 1) / 2
        np.testing.assert_allclose(frame(part.centre), middle, atol=1e-9)
        assert frame.scale * part.side == pytest.approx(max(size))


def test_parts_are_as_high_as_wide_where_pixels_are_not() -> None:
    for high, plain in zip(part_frames(600, 400, 1.25), part_frames(600, 500), strict=True):
        middle, scale = np.array([599, 399]) / 2, [1, 1 / 1.25]
        around = np.array([[0, 0], [100, 0], [0, 100]])
        wanted = (plain(around) - np.array([599, 499]) / 2) * scale + middle
        np.testing.assert_allclose(high(around), wanted, atol=1e-6)
