"""Annotated hands: what their points tell of their scale."""

from __future__ import annotations

import math

import pytest

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import COMMON_PHALANX, POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand

WRIST = POINTS.index("CMC1")


@pytest.mark.parametrize("mirror", [False, True])
def test_a_wrist_has_the_scale_of_the_mean_hand_on_it(*, mirror: bool) -> None:
    places = similarity(scale=0.3, degrees=20, mirror=mirror, x=200, y=250)(TEMPLATE).tolist()
    points = {name: (x, y) for name, (x, y) in zip(POINTS, places, strict=True)}
    wrist = {name: points[name] for name in POINTS[WRIST:]}
    assert AnnotatedHand("a.png", "left", wrist).phalanx == pytest.approx(0.3 * COMMON_PHALANX)
    few = {name: points[name] for name in POINTS[-7:]}
    assert math.isnan(AnnotatedHand("a.png", "left", few).phalanx)
