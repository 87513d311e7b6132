"""Shapes: splines exact at their points, statistics recovered from hands."""

from __future__ import annotations

import numpy as np

from sharp_cli.core.geometry import similarity
from sharp_cli.synthetic.phantom.fit_shapes import align, place_points
from sharp_cli.synthetic.phantom.shape import LANDMARK_OF_POINT, Warp, draw_shape, mean_landmarks


def test_warp_is_exact_at_its_points() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.random((8, 2)), rng.random((8, 2))
    assert np.allclose(Warp(source, target)(source), target)


def test_fit_recovers_shapes_and_points() -> None:
    mean = mean_landmarks()
    rng = np.random.default_rng(0)
    turned = np.stack([
        similarity(scale=200 + 5 * n, degrees=n - 5, x=300, y=400)(mean) for n in range(10)
    ])  # fmt: skip
    fitted, aligned = align(turned + rng.normal(0, 0.5, turned.shape))
    assert np.abs(fitted - aligned).max() < 0.02
    points = draw_shape(rng, rng).points
    mirrored = {name: (500 - 100 * float(x), 100 * float(y)) for name, (x, y) in points.items()}
    placed = place_points(mean, [mirrored])
    for name, landmark in LANDMARK_OF_POINT.items():
        assert np.allclose(placed[name], mean[landmark], atol=1e-6)
    assert np.allclose(placed["lunate"], (-0.13, 1.69), atol=0.25)
