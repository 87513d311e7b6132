from __future__ import annotations

import math

import pytest

from sharp_cli.core.joints import POINTS, Side
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation.metrics.detection import (
    detection_table,
    grouped,
    joint_errors,
    spread,
    summarise,
    summarise_flags,
)

PLACES = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, TEMPLATE, strict=True)}
HAND = AnnotatedHand("film.png", "left", PLACES)


def test_errors_are_in_phalanx_lengths() -> None:
    length = HAND.phalanx
    side: Side = "left"
    detected = {("film.png", side, name): (x + 0.1 * length, y) for name, (x, y) in PLACES.items()}
    del detected["film.png", side, "ulna"]
    errors = joint_errors(detected, [HAND])
    assert len(errors) == 31
    assert {error.joint for error in errors if math.isinf(error.error)} == {"ulna"}
    summary = summarise(errors)
    assert (summary.joints, summary.detected) == (31, 30)
    assert summary.mean == pytest.approx(10)
    assert summary.found == pytest.approx(100 * 30 / 31)


def test_flags_of_joints_that_are_off_and_of_others() -> None:
    length = HAND.phalanx
    side: Side = "left"
    detected = {("film.png", side, name): place for name, place in PLACES.items()}
    for name in ("PIP2", "CMC1", "navicular"):
        x, y = PLACES[name]
        detected["film.png", side, name] = (x + 0.2 * length, y)
    del detected["film.png", side, "ulna"]
    uncertain = {("film.png", side, name) for name in ("CMC1", "radius", "lunate")}
    erosion = grouped(joint_errors(detected, [HAND], uncertain))["erosion", "all joints"]
    flags = summarise_flags(erosion)
    assert flags.off == 4
    assert flags.off_flagged == pytest.approx(100 * 2 / 4)  # CMC1, and the ulna without a place
    assert flags.good_flagged == pytest.approx(100 * 2 / 12)
    assert math.isnan(summarise_flags([]).off_flagged)
    assert summarise_flags(erosion, 0.21).off == 1  # the ulna


def test_the_tolerance_decides_what_is_found() -> None:
    side: Side = "left"
    x, y = PLACES["IP"]
    errors = joint_errors({("film.png", side, "IP"): (x, y + 0.1 * HAND.phalanx)}, [HAND])
    found = [summarise(errors, tolerance).found for tolerance in (0.09, 0.11)]
    assert found == pytest.approx([0, 100 / 31])


def test_spread_is_of_the_finite_distances() -> None:
    known = spread([1.0, math.inf, 2.0, math.nan, 6.0])
    assert (known.measured, known.mean, known.median) == (3, 3, 2)
    assert known.sd == pytest.approx(math.sqrt((4 + 1 + 9) / 2))
    assert known.p95 == pytest.approx(2 + 0.9 * 4)
    one = spread([5.0])
    assert (one.measured, one.mean, one.p95) == (1, 5, 5)
    assert math.isnan(one.sd)
    assert spread([math.inf]).measured == 0
    assert math.isnan(spread([]).mean)


def test_mm_follow_from_the_height_and_the_width_of_a_pixel() -> None:
    side: Side = "left"
    x, y = PLACES["IP"]
    detected = {("film.png", side, "IP"): (x + 30, y - 20)}
    (found,) = (
        one
        for one in joint_errors(detected, [HAND], spacing={"film.png": (0.2, 0.1)})
        if one.joint == "IP"
    )
    assert found.mm == pytest.approx(5)  # 3 mm across, 4 mm down
    for spacing in (None, {"other.png": (0.2, 0.1)}):
        assert all(math.isnan(one.mm) for one in joint_errors(detected, [HAND], spacing=spacing))
    others = joint_errors({}, [HAND], spacing={"film.png": (0.2, 0.1)})
    assert all(math.isnan(one.mm) for one in others)


def test_a_joint_on_the_wrong_side_is_not_found() -> None:
    side: Side = "right"
    detected = {("film.png", side, name): place for name, place in PLACES.items()}
    summary = summarise(joint_errors(detected, [HAND]))
    assert summary.detected == 0
    assert summary.found == 0
    assert math.isnan(summary.mean)


def test_the_table_has_every_group_and_both_totals() -> None:
    rows = detection_table(joint_errors({}, [HAND]))
    assert len(rows) == 10
    assert rows["erosion all joints"].joints == 16
    assert rows["jsn all joints"].joints == 15


def test_a_hand_without_a_phalanx_has_no_scale() -> None:
    assert joint_errors({}, [AnnotatedHand("film.png", "left", {"IP": (1.0, 2.0)})]) == []
