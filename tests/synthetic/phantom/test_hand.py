"""Phantoms: the same for the same seed, their points where they are said to be, lesions local."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import COMMON_PHALANX, POINTS, SIDES, TARGETS, phalanx_length
from sharp_cli.synthetic.phantom import Condition, Phantom, generate_hand, random_phantom
from sharp_cli.synthetic.phantom.hand import phalanx_mm
from tests.synthetic.phantom.hands import SMALL, hand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side


@pytest.mark.parametrize("side", SIDES)
def test_same_seed_same_hand(side: Side) -> None:
    first, second = (
        generate_hand(3, side=side, phalanx=SMALL),
        generate_hand(3, side=side, phalanx=SMALL),
    )
    assert np.array_equal(first.pixels, second.pixels)
    assert first.points == second.points
    assert not np.array_equal(first.pixels, generate_hand(4, side=side, phalanx=SMALL).pixels)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("side", SIDES)
def test_points_are_in_the_picture(seed: int, side: Side) -> None:
    phantom = hand(seed, side)
    height, width = phantom.pixels.shape
    assert phantom.pixels.dtype == np.float32
    assert 0.0 <= phantom.pixels.min() < phantom.pixels.max() <= 1.0
    assert set(phantom.points) == set(POINTS)
    for x, y in phantom.points.values():
        assert 0 < x < width - 1
        assert 0 < y < height - 1


@pytest.mark.parametrize("side", SIDES)
def test_hand_is_upright_with_its_thumb_on_its_side(side: Side) -> None:
    points = hand(side=side).points
    assert points["PIP3"][1] < points["MCP3"][1] < points["radius"][1]
    assert (points["IP"][0] > points["PIP5"][0]) == (side == "left")


@pytest.mark.parametrize("seed", range(4))
def test_phalanx_is_as_long_as_asked_and_as_a_persons(seed: int) -> None:
    phantom = hand(seed)
    length = phalanx_length(phantom.points)
    assert length == pytest.approx(SMALL, rel=1e-6)
    assert 25 < length * phantom.spacing < 47


def test_hands_of_a_person_are_alike_but_not_mirror_images() -> None:
    def layout(phantom: Phantom) -> NDArray[np.float64]:
        places = np.array([phantom.points[name] for name in POINTS])
        if phantom.side == "right":
            places[:, 0] *= -1
        return np.asarray((places - places.mean(axis=0)) / SMALL, dtype=np.float64)

    left = layout(hand(8, "left"))
    same = np.abs(left - layout(hand(8, "right"))).max()
    others = [np.abs(left - layout(hand(n, "right"))).max() for n in range(8)]
    assert 0.01 < same < float(np.median(others))


def test_joints_are_darker_than_the_bones_beside_them() -> None:
    differences = []
    for seed in range(4):
        phantom = hand(seed, young=False)
        for finger in range(2, 6):
            pip, mcp = (np.array(phantom.points[f"{name}{finger}"]) for name in ("PIP", "MCP"))
            along = (mcp - pip) / np.hypot(*(mcp - pip))
            inside = [pip + along * SMALL * 0.12, mcp - along * SMALL * 0.12]
            spots = [*inside, pip, mcp]
            values = [phantom.pixels[round(y), round(x)] for x, y in spots]
            differences += [values[0] - values[2], values[1] - values[3]]
    assert np.mean(np.array(differences) > 0) > 0.9


def test_growth_plates_and_noise_are_drawn_when_asked_for() -> None:
    assert not np.array_equal(hand(young=True).pixels, hand(young=False).pixels)
    quiet = hand()
    noisy = generate_hand(5, side="left", phalanx=SMALL, noise=0.01)
    assert np.std((noisy.pixels - quiet.pixels)[quiet.pixels > 0.1]) == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("finding", "joint"), [("erosion", "MCP3"), ("jsn", "PIP2")])
def test_lesion_changes_its_joint_only(side: Side, finding: Finding, joint: str) -> None:
    before = hand(side=side)
    after = generate_hand(5, side=side, lesions={(finding, joint): 3}, phalanx=SMALL, noise=0.0)
    assert after.points == before.points
    assert after.lesions == {(finding, joint): 3}
    change = np.abs(after.pixels - before.pixels)
    assert change.max() > 0.02
    box = next(t.box for t in TARGETS if (t.finding, t.joint) == (finding, joint))
    reach = max(box) / 2 * SMALL / COMMON_PHALANX + 2
    height, width = change.shape
    x, y = before.points[joint]
    rows, columns = np.ogrid[:height, :width]
    away = (np.abs(columns - x) > reach) | (np.abs(rows - y) > reach)
    # Scatter and the film's processing carry a trace of it further.
    assert change[away].max() < 0.1 * change.max()
    assert change[away].mean() < 0.001


def test_grade_0_is_intact_and_unknown_lesions_are_refused() -> None:
    assert np.array_equal(
        generate_hand(
            5, side="left", lesions={("jsn", "MCP2"): 0}, phalanx=SMALL, noise=0.0
        ).pixels,
        hand().pixels,
    )
    with pytest.raises(ValueError, match="no such lesion"):
        generate_hand(5, side="left", lesions={("jsn", "IP"): 1})
    with pytest.raises(ValueError, match="no such lesion"):
        generate_hand(5, side="left", lesions={("jsn", "PIP2"): 5})


def test_random_phantoms_follow_their_generator() -> None:
    phantoms = [random_phantom(np.random.default_rng(1)) for _ in range(2)]
    assert np.array_equal(phantoms[0].pixels, phantoms[1].pixels)
    assert phantoms[0].lesions == {}


def test_visits_differ_in_posture_and_radiograph_but_not_in_the_person() -> None:
    first, second = (generate_hand(5, side="left", visit=visit, phalanx=SMALL) for visit in (0, 1))
    assert first.spacing == second.spacing
    assert first.points != second.points
    assert first.ground != second.ground


def test_a_persons_phalanx_is_known_beforehand() -> None:
    condition = Condition(young=False)
    made = generate_hand(5, side="right", condition=condition, phalanx=SMALL)
    assert made.spacing * SMALL == pytest.approx(phalanx_mm(5, condition))


def test_thin_bones_are_darker() -> None:
    def brightness(density: float) -> float:
        phantom = hand(young=False, density=density)
        x, y = phantom.points["radius"]
        around = phantom.pixels[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5]
        return float(around.mean() / phantom.pixels.max())

    assert brightness(0.5) < brightness(1.1)


@pytest.mark.parametrize("side", SIDES)
def test_drift_turns_the_fingers_towards_the_ulna(side: Side) -> None:
    straight, drifted = hand(side=side), hand(side=side, drift=20.0)
    for finger in range(2, 6):
        before, after = (
            np.subtract(p.points[f"PIP{finger}"], p.points[f"MCP{finger}"])
            for p in (straight, drifted)
        )
        angles = [np.degrees(np.arctan2(-y, x)) for x, y in (before, after)]
        turned = (angles[1] - angles[0] + 180) % 360 - 180
        assert turned == pytest.approx(20.0 if side == "left" else -20.0, abs=0.5)


def test_subluxation_changes_the_knuckles_and_not_the_wrist() -> None:
    straight = hand(young=False)
    change = np.abs(hand(subluxation=1.0, young=False).pixels - straight.pixels)

    def most(joint: str) -> float:
        x, y = (int(value) for value in straight.points[joint])
        return float(change[y - 6 : y + 7, x - 6 : x + 7].max())

    assert most("MCP3") > 20 * most("lunate")
