"""Pictures that are hard, or no hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.training.detector.hard_pictures import HARD, STRANGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.perturbations import Perturbation

TO_PICTURE = similarity(scale=0.2, degrees=90, mirror=True, x=210, y=230)
POINTS_AT = TO_PICTURE(TEMPLATE)


def radiograph() -> NDArray[np.float32]:
    """A bright spot on every point, on a ground that is not flat."""
    rows, columns = np.mgrid[:440, :400]
    pixels = 0.2 + 0.1 * rows / 440
    for x, y in POINTS_AT:
        pixels += 0.6 * np.exp(-(np.hypot(columns - x, rows - y) ** 2) / 18)
    return np.asarray(np.clip(pixels, 0, 1), np.float32)


@pytest.mark.parametrize(
    "perturbation", [*HARD, *STRANGE], ids=lambda one: f"{one.kind} {one.severity}"
)
def test_a_perturbation_gives_a_picture_and_leaves_its_own(perturbation: Perturbation) -> None:
    pixels = radiograph()
    (one, _), (two, _) = (
        perturbation.apply(pixels, [POINTS_AT], np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(pixels, radiograph())
    np.testing.assert_array_equal(one, two)
    assert one.dtype == np.float32
    assert 0 <= one.min() < one.max() <= 1
    assert one.shape != pixels.shape or (one != pixels).any()


@pytest.mark.parametrize(
    "perturbation",
    [one for one in (*HARD, *STRANGE) if one.kind in ("cut", "squeezed")],
    ids=lambda one: f"{one.kind} {one.severity}",
)
def test_its_map_says_where_the_points_are(perturbation: Perturbation) -> None:
    changed, move = perturbation.apply(radiograph(), [POINTS_AT], np.random.default_rng(0))
    places = np.rint(move(POINTS_AT)).astype(int)
    inside = ((places >= 0) & (places < changed.shape[::-1])).all(axis=1)
    assert inside.any()
    for x, y in places[inside]:
        assert changed[y, x] > np.median(changed)


@pytest.mark.parametrize(
    ("where", "gone", "kept"),
    [
        ("through the fingers", "PIP3", "MCP3"),
        ("at the knuckles", "PIP5", "radius"),
        ("through the forearm", "radius", "lunate"),
        ("through the wrist", "lunate", "MCP1"),
    ],
)
def test_cuts_take_off_what_they_say(where: str, gone: str, kept: str) -> None:
    perturbation = next(one for one in HARD if one.severity == where)
    changed, move = perturbation.apply(radiograph(), [POINTS_AT], np.random.default_rng(0))
    size = np.array(changed.shape[::-1])
    inside = {
        name: (at >= 0).all() and (at < size).all()
        for name, at in zip(POINTS, move(POINTS_AT), strict=True)
    }
    assert inside[kept]
    assert not inside[gone]
