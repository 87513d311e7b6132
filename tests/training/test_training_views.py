from __future__ import annotations

import numpy as np

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.training.views import VIEW_HEIGHT, VIEW_WIDTH, draw_training_view

SIZE = 64


def spots() -> tuple[np.ndarray, AnnotatedHand]:
    """A picture with a bright spot at each of a right hand's points, and its annotation."""
    to_image = similarity(scale=0.4, degrees=75, mirror=True, x=400, y=420)
    places = to_image(TEMPLATE)
    rows, columns = np.mgrid[0:800, 0:800].astype(np.float32)
    pixels = np.full((800, 800), 0.2, np.float32)
    for x, y in places:
        pixels += 0.7 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 9**2))
    points = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, places, strict=True)}
    return pixels, AnnotatedHand("film.png", "right", points)


def test_points_stay_on_the_picture_under_augmentation() -> None:
    pixels, hand = spots()
    rng = np.random.default_rng(0)
    other = TEMPLATE + rng.normal(0, 40, TEMPLATE.shape)
    brighter = []
    for _ in range(12):
        view = draw_training_view(pixels, hand, [other], rng)
        assert view.picture.shape == (VIEW_HEIGHT, VIEW_WIDTH)
        for x, y in np.rint(view.points).astype(int):
            if 6 <= x < VIEW_WIDTH - 6 and 6 <= y < VIEW_HEIGHT - 6:
                around = view.picture[y - 6 : y + 7, x - 6 : x + 7]
                brighter.append(around[6, 6] >= np.median(around))
    assert np.mean(brighter) > 0.95
