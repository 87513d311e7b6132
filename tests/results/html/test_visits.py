from __future__ import annotations

from itertools import permutations

from sharp_cli.results.document import Document, InputRow
from sharp_cli.results.html.visits import by_page


def study(name: str, patient: str | None, date: str | None) -> Document:
    row = InputRow(name, f"{name}.png", 1, 1, None, f"{name:0>64}", None, patient, date)
    return Document({}, None, validated_on_patients=False, inputs=(row,))


def test_visits_are_in_the_order_of_their_dates() -> None:
    studies = {
        "b": study("b", "P1", "2021-01-01"),
        "alone": study("alone", None, None),
        "a": study("a", "P1", "2019-01-01"),
        "other": study("other", "P2", "2019-01-01"),
    }
    assert by_page(studies, blind=False) == {
        "P1": ["a", "b"], "alone": ["alone"], "other": ["other"],
    }  # fmt: skip


def test_studies_of_a_patient_without_an_order_have_pages_of_their_own() -> None:
    undated = {name: study(name, "P1", None) for name in ("a", "b")}
    same = {name: study(name, "P2", "2019-01-01") for name in ("c", "d")}
    assert by_page(undated | same, blind=False) == {name: [name] for name in ("a", "b", "c", "d")}


def test_pages_are_folders_that_no_study_has() -> None:
    studies = {name: study(name, "../P1", year) for name, year in (("P1", "2019"), ("b", "2020"))}
    assert list(by_page(studies, blind=False)) == ["_P1"]
    studies = {name: study(name, "p1", year) for name, year in (("P1", "2019"), ("b", "2020"))}
    assert list(by_page(studies, blind=False)) == ["p1-2"]


def test_a_hidden_order_does_not_follow_from_dates_or_names() -> None:
    years = ("2019", "2020", "2021")
    orders = set()
    for dates in permutations(years):
        studies = {
            name: study(name, "P1", date) for name, date in zip(("x", "y", "z"), dates, strict=True)
        }
        (names,) = by_page(studies, blind=True).values()
        assert sorted(names) == ["x", "y", "z"]
        orders.add(tuple(names))
    assert len(orders) == 1  # whatever the dates are
    assert orders != {("x", "y", "z")}
