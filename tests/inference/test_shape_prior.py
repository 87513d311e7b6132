"""How points of a hand fit together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.shape_prior import _covariance, fit


def test_the_mean_hand_fits_wherever_it_lies() -> None:
    moved = similarity(degrees=2, scale=1.02, x=30, y=-20)(TEMPLATE)
    for seen in (TEMPLATE, moved):
        found = fit(seen)
        assert found.misfit.max() < 0.2
        np.testing.assert_allclose(found.places, seen, atol=3)
        assert found.oddity < 1


@given(
    point=st.integers(0, len(POINTS) - 1),
    degrees=st.floats(0, 360),
    distance=st.floats(300, 3000),
)
def test_a_point_astray_is_reported_and_misleads_about_no_other(
    point: int, degrees: float, distance: float
) -> None:
    seen = TEMPLATE.copy()
    seen[point] += similarity(degrees=degrees)([distance, 0])
    found = fit(seen)
    assert int(found.misfit.argmax()) == point
    assert found.misfit[point] > 4
    assert np.delete(found.misfit, point).max() < 1.5
    assert np.hypot(*(found.places[point] - TEMPLATE[point])) < 0.3 * distance


def test_misfits_of_hands_of_the_prior_are_distances_in_two_dimensions() -> None:
    """A squared Mahalanobis distance in the plane has the mean 2."""
    draws = np.random.default_rng(0).multivariate_normal(
        np.zeros(44), _covariance() * 0.25, size=200
    )
    squares = [fit(TEMPLATE + draw.reshape(22, 2)).misfit ** 2 for draw in draws]
    assert np.mean(squares) == pytest.approx(0.25 * 2, rel=0.1)


def test_points_that_are_not_there_follow_from_the_others() -> None:
    seen = TEMPLATE + np.array([15.0, -10.0])
    missing = [POINTS.index(name) for name in ("PIP3", "ulna")]
    seen[missing] = np.nan
    found = fit(seen)
    assert np.flatnonzero(np.isnan(found.misfit)).tolist() == missing
    np.testing.assert_allclose(found.places - TEMPLATE, np.tile([15.0, -10.0], (22, 1)), atol=3)


def test_a_hand_that_is_squeezed_is_odder_than_any_that_is_turned() -> None:
    assert fit(similarity(degrees=3)(TEMPLATE)).oddity < 1
    assert fit(TEMPLATE * [0.6, 1.0]).oddity > 30


def test_without_any_point_nothing_is_odd() -> None:
    found = fit(np.full((22, 2), np.nan))
    assert found.oddity == 0
    np.testing.assert_array_equal(found.places, TEMPLATE)
