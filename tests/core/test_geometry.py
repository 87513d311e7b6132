from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.geometry import Affine, fit_similarity, from_square, sample, similarity

POINTS = np.array([[0.0, 0.0], [10.0, 1.0], [3.0, 7.0], [-4.0, 2.0]])

similarities = st.builds(
    similarity,
    scale=st.floats(0.05, 20),
    degrees=st.floats(-180, 180),
    mirror=st.booleans(),
    x=st.floats(-500, 500),
    y=st.floats(-500, 500),
)


@given(similarities)
def test_inverse_brings_points_back(affine: Affine) -> None:
    np.testing.assert_allclose(affine.inverse()(affine(POINTS)), POINTS, atol=1e-6)


@given(similarities, similarities)
def test_after_applies_the_argument_first(second: Affine, first: Affine) -> None:
    np.testing.assert_allclose(second.after(first)(POINTS), second(first(POINTS)), atol=1e-5)


@given(similarities)
def test_fit_recovers_a_similarity(affine: Affine) -> None:
    fitted = fit_similarity(POINTS, affine(POINTS), mirror=affine.mirrors)
    np.testing.assert_allclose(fitted.matrix, affine.matrix, atol=1e-6)


def test_fit_never_mirrors_unless_asked() -> None:
    mirrored = POINTS * [-1, 1]
    assert not fit_similarity(POINTS, mirrored, mirror=False).mirrors


def test_turn_is_counter_clockwise_as_seen() -> None:
    np.testing.assert_allclose(similarity(degrees=90)([1, 0]), [0, -1], atol=1e-12)


def test_scale_and_mirror() -> None:
    affine = similarity(scale=3, degrees=20, mirror=True)
    assert affine.scale == pytest.approx(3)
    assert affine.mirrors


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 5.0])
def test_sampling_keeps_positions_at_any_scale(factor: float) -> None:
    rows, columns = np.mgrid[0:200, 0:200].astype(np.float32)
    to_image = similarity(scale=factor, x=7, y=3)
    view = sample(columns * 2 + rows, to_image, (20, 20))
    x, y = to_image([10, 12])
    assert view[12, 10] == pytest.approx(2 * x + y, abs=1e-2)


def test_sampling_fills_outside() -> None:
    view = sample(np.ones((10, 10), np.float32), similarity(x=-100), (4, 4), fill=0.25)
    assert (view == 0.25).all()


@pytest.mark.parametrize("aspect", [0.5, 1.25, 4.0])
def test_square_pixels_are_as_wide_as_those_of_the_picture(aspect: float) -> None:
    to_picture = from_square(aspect)
    np.testing.assert_allclose(to_picture([10.0, 10.0]), np.array([10.0, 10.0 / aspect]))
    turned = to_picture.after(similarity(scale=3, degrees=30))
    across, down = turned.scales
    assert across == pytest.approx(3)
    assert down == pytest.approx(3 / aspect)


def test_each_direction_is_averaged_by_its_own_step() -> None:
    stripes = np.zeros((64, 64), np.float32)
    stripes[:, ::2] = 1.0
    view = sample(stripes, Affine(8, 0, 3.5, 0, 1, 0), (8, 64))
    np.testing.assert_allclose(view[:, 1:-1], 0.5, atol=0.01)


def test_shrinking_averages() -> None:
    checks = np.indices((64, 64)).sum(axis=0).astype(np.float32) % 2
    view = sample(checks, similarity(scale=8, x=3.5, y=3.5), (8, 8))
    np.testing.assert_allclose(view[1:-1, 1:-1], 0.5, atol=0.01)
