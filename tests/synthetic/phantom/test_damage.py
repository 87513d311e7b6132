"""Damage in a phantom's bones: on the bone it is said to be on, kept from visit to visit."""

from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.core.joints import TARGETS
from sharp_cli.synthetic.phantom import Condition, generate_hand
from sharp_cli.synthetic.phantom.damage import damaged, eroded_bones
from tests.synthetic.phantom.hands import SMALL, hand


def test_single_bones_are_rendered_separately() -> None:
    lesions = {("erosion", "lunate"): 2, ("erosion", "MCP2"): 1, ("jsn", "radiocarpal"): 1}
    assert eroded_bones(lesions) == ("lunate",)  # type: ignore[arg-type]


def test_an_erosion_of_a_single_bone_leaves_its_neighbours() -> None:
    size = (200, 200)
    own, other = np.zeros((2, *size), np.float32)
    own[70:130, 70:130] = 0.2
    other[135:180, 40:160] = 0.2
    points = {joint: np.array([100.0, 100.0]) for joint in {t.joint for t in TARGETS}}
    seeds = (3,)
    lesions = {("erosion", "lunate"): 4}
    layers = {"": other, "lunate": own}
    result = damaged(layers, points, 160.0, lesions, seeds)  # type: ignore[arg-type]
    plain = damaged({"": other + own}, points, 160.0, {}, seeds)
    change = result - plain
    assert change[70:130, 70:130].min() < -0.05
    assert np.abs(change[140:175, 45:155]).max() < 0.02


@pytest.mark.parametrize("joint", ["MCP2", "PIP4", "CMC1"])
def test_lesions_stay_where_they_are_from_visit_to_visit(joint: str) -> None:
    def change(visit: int, grade: int) -> tuple[float, float]:
        condition = Condition(young=False)
        plain, worse = (
            generate_hand(
                5,
                side="left",
                lesions={("erosion", joint): g},
                condition=condition,
                visit=visit,
                phalanx=SMALL,
                noise=0.0,
            )
            for g in (0, grade)
        )
        lost = np.maximum(plain.pixels - worse.pixels, 0)
        lost[lost < 0.3 * lost.max()] = 0
        rows, columns = np.nonzero(lost)
        x, y = plain.points[joint]
        weights = lost[rows, columns]
        return (
            float(np.average(columns, weights=weights) - x),
            float(np.average(rows, weights=weights) - y),
        )

    first, later = change(0, 3), change(1, 3)
    assert np.hypot(*np.subtract(first, later)) < 0.12 * SMALL


def test_look_alikes_are_a_persons_own() -> None:
    pictures = [hand(seed, young=False).pixels for seed in (5, 5, 6)]
    assert np.array_equal(pictures[0], pictures[1])
    assert pictures[0].shape != pictures[2].shape or not np.array_equal(pictures[0], pictures[2])
