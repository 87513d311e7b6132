"""Which films are one study, and what it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.geometry import similarity
from sharp_cli.records import Hand
from sharp_cli.studies import Film, FoundHand, Study, gather, names, unique

if TYPE_CHECKING:
    from sharp_cli.joints import Side


def film(file: str, *sides: Side, study: str | None = None, patient: str | None = None) -> Film:
    hands = tuple(FoundHand(Hand(file, side, "dicom", similarity(), 1.0), ()) for side in sides)
    return Film(0, file, 10, 10, None, study, patient, hands, ())


def paired(*films: Film, more: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    files = [*(film.file for film in films), *more]
    studies = gather(films, files)
    return sorted(tuple(film.file for film in study.films) for study in studies)


def test_a_film_with_both_hands_is_a_study() -> None:
    assert paired(film("a_L.png", "left", "right"), film("a_R.png", "right")) == [
        ("a_L.png",),
        ("a_R.png",),
    ]


def test_the_same_dicom_study_pairs_left_and_right() -> None:
    films = [
        film("1.dcm", "right", study="s"),
        film("2.dcm", "left", study="t"),
        film("3.dcm", "left", study="s"),
        film("4.dcm", "left", study="s"),
    ]
    assert paired(*films) == [("2.dcm",), ("3.dcm", "1.dcm"), ("4.dcm",)]


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("p1_L.png", "p1_R.png", "p1"),
        ("x/left-p1.png", "x/right-p1.png", "p1"),
        ("p.L.0.png", "p.R.0.png", "p.0"),
        ("p_Left.png", "p_right.png", "p"),
        ("./L.png", "R.png", "L+R"),
    ],
)
def test_names_that_differ_in_the_side_pair(left: str, right: str, name: str) -> None:
    films = [film(right, "right"), film("other.png", "left"), film(left, "left")]
    assert paired(*films) == sorted([(left, right), ("other.png",)])
    (study,) = [study for study in gather(films, [f.file for f in films]) if study.films[1:]]
    assert names([study]) == [name]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("p1_L.png", "p2_R.png"),
        ("a/p_L.png", "b/p_R.png"),
        ("p_L.png", "p_R.dcm"),
        ("pL.png", "pR.png"),
        ("p_L.png", "p_L2.png"),
    ],
)
def test_other_names_do_not_pair(left: str, right: str) -> None:
    assert paired(film(left, "left"), film(right, "right"), more=("third.png",)) == sorted(
        [(left,), (right,)]
    )


def test_two_files_alone_are_a_study() -> None:
    assert paired(film("b.png", "right"), film("a.png", "left")) == [("a.png", "b.png")]


def test_two_hands_of_one_side_are_not() -> None:
    assert paired(film("p_L.png", "left"), film("p_R.png", "left")) == [("p_L.png",), ("p_R.png",)]


@pytest.mark.parametrize("study", [None, "s"])
def test_different_patients_never_pair_and_it_is_said(study: str | None) -> None:
    films = [
        film("p_L.png", "left", patient="x", study=study),
        film("p_R.png", "right", patient="y", study=study),
    ]
    studies = list(gather(films, ["p_L.png", "p_R.png"]))
    assert [len(study.films) for study in studies] == [1, 1]
    assert ["different patients" in study.films[0].warnings[0] for study in studies] == [True] * 2


def test_an_unknown_patient_may_pair() -> None:
    films = [film("p_L.png", "left", patient="x"), film("p_R.png", "right")]
    assert paired(*films) == [("p_L.png", "p_R.png")]


def test_a_study_comes_as_soon_as_it_is_complete() -> None:
    read = []

    def reading() -> list[Film]:
        return [film("two.png", "left", "right"), film("alone.png", "left"), film("z.png", "left")]

    def films() -> object:
        for each in reading():
            read.append(each.file)
            yield each

    studies = gather(films(), ["two.png", "alone.png", "z.png"])  # type: ignore[arg-type]
    assert next(studies).films[0].file == "two.png"
    assert read == ["two.png"]
    assert next(studies).films[0].file == "alone.png"
    assert read == ["two.png", "alone.png"]


def test_names_are_unique_in_any_case() -> None:
    assert unique(["a", "A", "a", "b", "a-2"]) == ["a", "A-2", "a-3", "b", "a-2-2"]
    studies = [Study((film(f"{folder}/hand.png", "left"),)) for folder in "xy"]
    assert names(studies) == ["hand", "hand-2"]
    assert names([Study((film("L1.png", "left"), film("R1.png", "right")))]) == ["L1+R1"]
