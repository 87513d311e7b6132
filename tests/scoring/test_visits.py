"""The order of visits."""

from __future__ import annotations

from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.visits import order_visits, read_once, with_earlier


def group(name: str, patient: str | None, date: str | None = None) -> Group:
    return Group((f"{name}.dcm",), name, listed=True, patient=patient, date=date)


def test_the_dates_of_a_manifest_come_before_those_of_headers() -> None:
    groups = [group("b", "p", "2020-03-01"), group("a", "p", "2020-02-01"), group("x", None)]
    ordered, warnings = order_visits(groups, {"a.dcm": 9, "b.dcm": 0})
    assert [(one.name, one.day) for one in ordered] == [("b", 29), ("a", 0), ("x", None)]
    assert warnings == []


def test_headers_give_the_order_where_a_manifest_does_not() -> None:
    groups = [group("a", "p"), group("b", "p", "2020"), group("c", "q", "2020-01-01")]
    ordered, warnings = order_visits(groups, {"a.dcm": -5, "b.dcm": 25})
    assert [one.day for one in ordered] == [0, 30, 0]
    assert warnings == []


def test_visits_that_are_not_all_dated_have_no_order() -> None:
    ordered, (warning,) = order_visits([group("a", "p", "2020-01-01"), group("b", "p")], {})
    assert [one.day for one in ordered] == [None, None]
    assert "no change between a, b" in warning.message
    assert order_visits([group("a", "p"), group("b", "p")], {"a.dcm": 1})[1] == []


def test_each_study_has_the_one_of_the_latest_earlier_day_before_it() -> None:
    groups = [
        group("c", "p", "2020-03-01"), group("x", None), group("q", "q", "2020-01-01"),
        group("a", "p", "2020-01-01"), group("b", "p", "2020-01-01"), group("y", None),
    ]  # fmt: skip
    ordered, _ = order_visits(groups, {})
    followed = [*with_earlier(ordered)]
    assert [(one.name, one.before and one.before.name) for one in followed] == [
        ("a", None), ("b", None), ("c", "b"), ("x", None), ("q", None), ("y", None),
    ]  # fmt: skip
    assert followed[2].read == ("b.dcm", "c.dcm")
    assert [one.before for one in read_once(followed)] == [None] * 6
    assert [one.before and one.before.name for one in read_once(followed[2:])][:1] == ["b"]
