from __future__ import annotations

import math

from sharp_cli.core.joints import JOINT_GROUPS, POINTS, TARGETS, phalanx_length


def test_numbers_of_joints_are_the_papers() -> None:
    assert sum(target.finding == "erosion" for target in TARGETS) == 16
    assert sum(target.finding == "jsn" for target in TARGETS) == 15
    assert len(POINTS) == 22
    assert len(JOINT_GROUPS) == 8


def test_only_the_radius_has_a_wide_box() -> None:
    wide = {target.joint for target in TARGETS if target.box[0] != target.box[1]}
    assert wide == {"radius"}


def test_phalanx_length_is_the_median_of_complete_fingers() -> None:
    points = {"PIP2": (0.0, 0.0), "MCP2": (0.0, 3.0), "PIP3": (1.0, 0.0), "MCP3": (1.0, 5.0)}
    assert phalanx_length(points) == 4.0
    assert phalanx_length({**points, "PIP4": (9.0, 9.0)}) == 4.0
    assert math.isnan(phalanx_length({"PIP2": (0.0, 0.0)}))
