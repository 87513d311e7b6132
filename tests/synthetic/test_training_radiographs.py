"""Synthetic radiographs: what they show, and where their hands are said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from sharp_cli.core.geometry import fit_similarity, similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import hand_finder
from sharp_cli.inference.hand_finder import INPUT
from sharp_cli.synthetic.source_radiographs import SourceRadiograph, source_radiographs
from sharp_cli.synthetic.training_radiographs import RadiographMaker

if TYPE_CHECKING:
    from numpy.typing import NDArray


def dotted_source(*, mirrored: bool) -> SourceRadiograph:
    """A dark picture with a bright dot at each point of a hand."""
    to_picture = similarity(scale=0.25, degrees=12, mirror=mirrored, x=250, y=250)
    points = to_picture(TEMPLATE)
    picture = np.zeros((512, 512), np.float32)
    for x, y in points.round().astype(int):
        picture[y, x] = 1.0
    picture = cv2.GaussianBlur(picture, (0, 0), 5.0)
    picture /= picture.max()
    return source_radiographs(picture, [points], [mirrored])[0]


@pytest.mark.parametrize("mirrored", [False, True])
def test_points_follow_the_picture(*, mirrored: bool) -> None:
    rng = np.random.default_rng(5)
    maker = RadiographMaker([dotted_source(mirrored=mirrored)], TEMPLATE[None], rng)
    source = maker._stock[0]
    for _ in range(20):
        flip = bool(rng.random() < 0.5)
        view, (points,), (turned,) = maker._place(source, (256, 200), length=0.7, mirrored=flip)
        assert turned == flip
        assert _misfit(points, mirror=flip) < 0.3 * _misfit(points, mirror=not flip)
        inside = ((points > 4) & (points < (251, 195))).all(axis=1)
        ground = np.percentile(view, 20)
        for x, y in points[inside].round().astype(int):
            near = view[y - 2 : y + 3, x - 2 : x + 3]
            assert near.max() > ground + 0.15
    assert inside.any()


def _misfit(points: NDArray[np.float64], *, mirror: bool) -> float:
    to_canonical = fit_similarity(points, TEMPLATE, mirror=mirror)
    return float(np.abs(to_canonical(points) - TEMPLATE).mean())


def test_radiographs_are_what_the_network_takes() -> None:
    rng = np.random.default_rng(1)
    stock = [dotted_source(mirrored=False), dotted_source(mirrored=True)]
    maker = RadiographMaker(stock, np.zeros((0, len(POINTS), 2)), rng)
    counts = set()
    for _ in range(60):
        radiograph = maker.make()
        counts.add(len(radiograph.hands))
        assert radiograph.view.shape == radiograph.inside.shape == (INPUT, INPUT)
        assert len(radiograph.hands) == len(radiograph.mirrored) == len(radiograph.cut)
        assert np.isfinite(hand_finder.normalise(radiograph.view, radiograph.inside)).all()
    assert counts == {0, 1, 2}
