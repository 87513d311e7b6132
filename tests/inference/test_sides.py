"""Who says which side a hand is, and what is said where they do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.errors import ManyHandsError
from sharp_cli.core.geometry import similarity
from sharp_cli.core.records import Hand, Radiograph
from sharp_cli.inference.sides import decide_sides

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import SideSource, View


def radiograph(side: Side | None = None, view: View = "PA") -> Radiograph:
    return Radiograph("a.dcm", np.zeros((9, 9), np.float32), None, side, (), view=view)


def hand(side: Side, x: float = 0.0) -> Hand:
    return Hand("a.dcm", side, "anatomy", similarity(x=x, mirror=side == "right"), 1.0)


@pytest.mark.parametrize(
    ("shown", "tag", "listed", "expected", "said"),
    [
        ("left", None, None, ("left", "anatomy"), []),
        ("left", "left", None, ("left", "dicom"), []),
        ("left", "right", None, ("right", "dicom"), ["tags say right, the picture shows a left"]),
        ("left", None, "left", ("left", "manifest"), []),
        ("left", None, "right", ("right", "manifest"), ["manifest says right, the picture shows"]),
        ("left", "right", "left", ("left", "manifest"), ["the file's tags say right; reported"]),
        ("left", "left", "right", ("right", "manifest"), ["tags say left", "shows a left hand"]),
    ],
)
def test_a_manifest_comes_before_tags_and_these_before_anatomy(
    shown: Side,
    tag: Side | None,
    listed: Side | None,
    expected: tuple[Side, SideSource],
    said: list[str],
) -> None:
    (decided,), warnings = decide_sides([hand(shown)], radiograph(tag), listed)
    assert (decided.side, decided.side_source) == expected
    assert decided.to_image == hand(shown).to_image  # the thumb stays where it is
    assert len(warnings) == len(said)
    assert all(part in text for part, text in zip(said, warnings, strict=True))


@pytest.mark.parametrize(
    ("tag", "side", "said"),
    [
        (None, "right", "AP view as the header says"),
        ("right", "right", ""),
        ("left", "left", "shows a right hand (AP view)"),
    ],
)
def test_in_an_ap_view_the_sides_swap(tag: Side | None, side: Side, said: str) -> None:
    (decided,), warnings = decide_sides([hand("left")], radiograph(tag, "AP"))
    assert decided.side == side
    assert [said in text for text in warnings] == ([True] if said else [])


def test_both_hands_of_an_ap_view_swap() -> None:
    hands = [hand("left", 1), hand("right", 2)]
    (left, right), (warning,) = decide_sides(hands, radiograph(view="AP"))
    assert (left.to_image.c, right.to_image.c) == (2, 1)
    assert "AP view" in warning


def test_two_hands_go_by_the_anatomy_whatever_a_tag_says() -> None:
    found, warnings = decide_sides([hand("right"), hand("left")], radiograph("left"))
    assert [one.side for one in found] == ["left", "right"]
    assert {one.side_source for one in found} == {"anatomy"}
    assert not warnings


def test_two_hands_that_look_alike_are_of_two_sides() -> None:
    found, (warning,) = decide_sides([hand("left", 1), hand("left", 2)], radiograph())
    assert [(one.side, one.to_image.c) for one in found] == [("left", 1), ("right", 2)]
    assert not any(one.to_image.mirrors for one in found)
    assert "both hands look like left hands" in warning


def test_of_more_than_two_hands_none_is_chosen() -> None:
    with pytest.raises(ManyHandsError, match=r"a\.dcm: 3 hands found"):
        decide_sides([hand("left", x) for x in range(3)], radiograph())
