"""Which films are one study, and what it is called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.geometry import similarity
from sharp_cli.core.records import Hand
from sharp_cli.scoring.studies import (
    Film,
    FoundHand,
    Group,
    Names,
    Study,
    names,
    plain,
    settle,
    unique,
)

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side


def film(file: str, *sides: Side) -> Film:
    hands = tuple(FoundHand(Hand(file, side, "dicom", similarity(), 1.0), ()) for side in sides)
    return Film(file, 10, 10, None, hands, ())


def settled(*films: Film, failed: tuple[str, ...] = (), listed: bool = False) -> list[Study]:
    files = tuple(dict.fromkeys([*(film.file for film in films), *failed]))
    return settle(Group(files, "all", listed=listed), films, Names(["all"]))


def paired(*films: Film) -> list[tuple[str, ...]]:
    return [tuple(film.file for film in study.films) for study in settled(*films)]


def test_one_left_and_one_right_hand_are_a_study_by_the_groups_name() -> None:
    (study,) = settled(film("b.png", "right"), film("a.png", "left"))
    assert [film.file for film in study.films] == ["a.png", "b.png"]
    assert names([study]) == ["all"]
    assert not study.films[0].warnings


def test_what_failed_is_no_doubt() -> None:
    films = film("b.png", "right"), film("a.png", "left")
    (study,) = settled(*films, failed=("foot1.png", "foot2.png"))
    assert len(study.films) == 2
    (study,) = settled(films[0], failed=("a.png",))
    assert (study.name, study.films[0].warnings) == ("all", ())


def test_a_film_with_both_hands_is_a_study() -> None:
    films = film("l.png", "left"), film("two.png", "left", "right"), film("r.png", "right")
    assert paired(*films) == [("l.png", "r.png"), ("two.png",)]
    assert [study.name for study in settled(*films)] == ["l", "two"]


@pytest.mark.parametrize("sides", [("left", "left"), ("right", "left", "left")])
def test_doubtful_films_stay_single_and_it_is_said_why(sides: tuple[Side, ...]) -> None:
    files = "abc"[: len(sides)]
    studies = settled(*(film(file, side) for file, side in zip(files, sides, strict=True)))
    assert [study.name for study in studies] == list(files)
    for study in studies:
        (warning,) = study.films[0].warnings
        assert warning.startswith("not paired with ")
        assert f"{sides.count('left')} left and {sides.count('right')} right hands" in warning
        assert study.films[0].file not in warning.split(":")[0].split()


def test_two_hands_of_one_side_on_one_film_are_never_paired() -> None:
    films = film("x.png", "left"), film("x.png", "left"), film("y.png", "right")
    assert paired(*films) == [("x.png",), ("x.png",), ("y.png",)]
    assert [study.name for study in settled(*films[:2])] == ["all", "all-2"]


def test_studies_of_a_manifest_have_its_name() -> None:
    studies = settled(film("x.png", "left"), film("y.png", "left"), listed=True)
    assert [study.name for study in studies] == ["all", "all-2"]


def test_remarks_and_what_the_manifest_says_otherwise_are_told() -> None:
    group = Group(("x", "y"), "s", (("y", "in doubt"),), {"x": "left", "y": "left"}, listed=True)
    (study,) = settle(group, [film("x", "left"), film("y", "right")], Names(["s"]))
    assert study.films[0].warnings == ()
    assert study.films[1].warnings == (
        "in doubt",
        "the manifest says left hand, and the picture shows: right",
    )


SIDES = st.sampled_from([("left",), ("right",), ("left", "right")])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), SIDES), max_size=8))
def test_every_film_is_in_one_study_with_each_side_once(
    drawn: list[tuple[str, tuple[Side, ...]]],
) -> None:
    films = [film(file, *sides) for file, sides in drawn if sides[1:]]
    films += [film(file, *sides) for file, sides in drawn if not sides[1:]]
    studies = settled(*films) if films else []
    hands = [(f.file, *sorted(f.sides)) for study in studies for f in study.films]
    assert sorted(hands) == sorted((f.file, *sorted(f.sides)) for f in films)
    for study in studies:
        sides = [found.hand.side for f in study.films for found in f.hands]
        assert len(sides) == len(set(sides))
    assert len({study.name.casefold() for study in studies}) == len(studies)


def test_names_are_unique_in_any_case() -> None:
    assert unique(["a", "A", "a", "b", "a-2"]) == ["a", "A-2", "a-3", "b", "a-2-2"]
    given_ = Names(["x"])
    given_.take(["Y"])
    assert (given_.new("X"), given_.new("y")) == ("X-2", "y-2")
    given_.free(["x-2"])
    assert given_.new("x") == "x-2"


@given(st.text())
def test_a_plain_name_is_that_of_a_folder(stem: str) -> None:
    stem = stem.encode(errors="surrogateescape" if stem.isascii() else "ignore").decode()
    name = plain(stem)
    assert name
    assert not name.startswith(".")
    assert len(os.fsencode(name)) <= 200
