"""Hands that the detector refuses are dropped; a part of a hand may fill the radiograph."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.errors import ManyHandsError, NoHandError
from sharp_cli.core.joints import SIDES
from sharp_cli.core.records import Hand, Point, Radiograph
from sharp_cli.scoring.joints import ANATOMY_ALONE, find_joints
from tests.fakes import FakeDetector, FakeFinder, frame

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side


def radiograph(file: str, side: Side | None = None) -> Radiograph:
    return Radiograph(file, np.zeros((520, 960), np.float32), None, side, ())


class Refusing(FakeDetector):
    """Sees no hand on some sides, and a left wrist where a file's name says so."""

    def __init__(self, *sides: Side) -> None:
        self.sides = sides

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        if hand.side in self.sides:
            raise NoHandError(radiograph.file)
        return super().detect(radiograph, hand)

    def detect_part(self, radiograph: Radiograph) -> tuple[Hand, tuple[Point, ...]]:
        if "wrist" not in radiograph.file:
            raise NoHandError(radiograph.file)
        hand = Hand(radiograph.file, "left", "anatomy", frame("left"), 0.9)
        hand, points = FakeDetector.detect(self, radiograph, hand)
        return hand, points[10:]


def test_one_of_two_hands_may_be_none() -> None:
    found, _ = find_joints(radiograph("two.png"), FakeFinder(), Refusing("left"))
    assert [hand.side for hand, _ in found] == ["right"]


@pytest.mark.parametrize("file", ["none-wrist.png", "x_left-wrist.png"])
def test_a_part_is_found_where_no_hand_is(file: str) -> None:
    ((hand, points),), warnings = find_joints(
        radiograph(file, "right"), FakeFinder(), Refusing("left", "right")
    )
    assert len(points) == 12
    assert (hand.side, hand.side_source) == ("right", "dicom")
    assert "the picture shows a left hand" in warnings[0]


def test_a_side_from_anatomy_alone_is_called_so_once() -> None:
    for file, count in (("two.png", 2), ("x_left.png", 1)):
        found, warnings = find_joints(radiograph(file), FakeFinder(), FakeDetector())
        assert len(found) == count
        assert warnings == [ANATOMY_ALONE]
    _, warnings = find_joints(radiograph("x_left.png", "left"), FakeFinder(), FakeDetector())
    assert warnings == []
    ap = replace(radiograph("x_left.png"), view="AP")
    ((hand, _),), (warning,) = find_joints(ap, FakeFinder(), FakeDetector())
    assert hand.side == "right"
    assert "AP view" in warning


class Four(FakeFinder):
    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        frames = [(side, frame(side, x=x)) for x in (100, 200) for side in SIDES]
        hands = (Hand(radiograph.file, side, "anatomy", to, 0.9) for side, to in frames)
        return tuple(hands), ()


def test_more_than_two_hands_are_refused_and_not_guessed_from() -> None:
    with pytest.raises(ManyHandsError, match=r"^x\.png: 4 hands found.*by itself"):
        find_joints(radiograph("x.png"), Four(), FakeDetector())
    found, _ = find_joints(radiograph("x.png"), Four(), Refusing("left"))
    assert [hand.side for hand, _ in found] == ["left", "right"]


def test_what_shows_no_hand_is_refused() -> None:
    detector = Refusing("left", "right")
    with pytest.raises(NoHandError, match=r"^none\.png: no hand found"):
        find_joints(radiograph("none.png"), FakeFinder(), detector)
    with pytest.raises(NoHandError, match=r"^two\.png: no hand found"):
        find_joints(radiograph("two.png"), FakeFinder(), detector)
