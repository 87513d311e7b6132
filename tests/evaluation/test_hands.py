"""Measuring the hand finder: true frames against found ones, and the changed pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.records import Hand
from sharp_cli.evaluation.hands import Tally, changes

TRUE = similarity(scale=0.3, degrees=10, x=200, y=250)


def hand(to_image: Affine, score: float = 0.8) -> Hand:
    return Hand("a.png", "left", "anatomy", to_image, score)


def test_a_hand_found_a_little_off() -> None:
    tally = Tally()
    tally.add("a", [TRUE], [hand(TRUE.after(similarity(scale=1.02, degrees=3, x=0, y=0)))])
    metrics = tally.metrics()
    assert metrics["found"] == metrics["hands"] == 1
    assert metrics["turn_degrees_max"] == pytest.approx(3)
    assert metrics["scale_percent_median"] == pytest.approx(2)
    assert metrics["centre_percent_max"] == pytest.approx(0)
    assert metrics["least_score"] == 0.8
    assert not list(tally.problems())


def test_missed_extra_and_wrong_side_are_named() -> None:
    far = similarity(scale=0.3, x=4000, y=250)
    other = similarity(scale=0.3, degrees=10, mirror=True, x=200, y=250)
    tally = Tally()
    tally.add("a", [TRUE], [hand(far)])
    tally.add("b", [TRUE], [hand(other)])
    tally.add("c", [TRUE], [])
    assert dict(tally.problems()) == {
        "missed": ["a", "c"],
        "wrong side": ["b"],
        "extra": ["a"],
    }


def test_metrics_of_nothing_found_are_not_numbers() -> None:
    tally = Tally()
    tally.add("a", [TRUE], [])
    assert tally.metrics()["found"] == 0
    assert np.isnan(tally.metrics()["turn_degrees_max"])


def test_changed_pictures_come_with_their_map() -> None:
    pixels = np.full((500, 400), 0.4, np.float32)
    spot = np.array([150.0, 210.0])
    cv2.circle(pixels, (150, 210), 4, 1.0, -1)
    kinds = set()
    for kind, changed, move in changes(pixels, [TRUE]):
        kinds.add(kind)
        x, y = move(spot).round().astype(int)
        around = changed[y - 2 : y + 3, x - 2 : x + 3]
        assert np.median(around) > np.median(changed) + 0.02, kind
    assert len(kinds) == 16
