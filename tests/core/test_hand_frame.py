from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.core.geometry import from_square, similarity
from sharp_cli.core.hand_frame import at_common_scale, common_frame, fill_missing, fit_hand
from sharp_cli.core.joints import COMMON_PHALANX, POINTS, phalanx_length
from sharp_cli.core.template import TEMPLATE


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("mirror", [False, True])
def test_the_frame_of_a_hand_is_found_again(*, mirror: bool, told: bool) -> None:
    frame = similarity(scale=0.3, degrees=130, mirror=mirror, x=50, y=70)
    points = frame(TEMPLATE)
    points[3] = np.nan
    found = fit_hand(points, mirror=mirror if told else None)
    assert np.abs(found.matrix - frame.matrix).max() < 1e-9


def test_a_side_that_is_given_is_believed() -> None:
    points = similarity(mirror=True)(TEMPLATE)
    assert not fit_hand(points, mirror=False).mirrors


def test_at_the_common_scale_a_hand_has_the_common_phalanx() -> None:
    points = similarity(scale=0.3, degrees=-20, x=50, y=70)(TEMPLATE * (0.8, 1.1))
    length = phalanx_length(dict(zip(POINTS, points.tolist(), strict=True)))
    seen = at_common_scale(fit_hand(points, mirror=False), length).inverse()(points)
    scaled = phalanx_length(dict(zip(POINTS, seen.tolist(), strict=True)))
    assert scaled == pytest.approx(COMMON_PHALANX)


@pytest.mark.parametrize("aspect", [0.8, 1.25])
def test_a_hand_in_pixels_that_are_not_square_has_the_same_frame(aspect: float) -> None:
    points = similarity(scale=0.3, degrees=-20, mirror=True, x=50, y=70)(TEMPLATE * (0.8, 1.1))
    squared = from_square(aspect)
    seen = common_frame(squared(points), mirror=True, aspect=aspect)
    wanted = squared.after(common_frame(points, mirror=True))
    np.testing.assert_allclose(seen.matrix, wanted.matrix, atol=1e-9)


def test_missing_points_lie_where_the_mean_hand_has_them() -> None:
    places = similarity(scale=0.3, degrees=20, mirror=True, x=200, y=250)(TEMPLATE)
    part = places.copy()
    part[[POINTS.index("lunate"), POINTS.index("PIP5")]] = np.nan
    np.testing.assert_allclose(fill_missing(part, mirror=True), places, atol=1e-6)


def test_a_hand_without_phalanges_has_those_of_the_mean_hand() -> None:
    points = similarity(scale=0.3, degrees=20, mirror=True, x=200, y=250)(TEMPLATE)
    whole = common_frame(points, mirror=True)
    points[[POINTS.index(f"PIP{finger}") for finger in range(2, 6)]] = np.nan
    part = common_frame(points, mirror=True)
    np.testing.assert_allclose(part.matrix, whole.matrix, atol=1e-9)
