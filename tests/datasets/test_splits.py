from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.datasets.splits import (
    Patient,
    name_sources,
    patient_of,
    select_hands,
    split_folds,
    split_validation,
)


@dataclass(frozen=True)
class Shown:
    image: str
    patient: Patient | None = None


def of(name: str) -> Patient:
    return Patient(name, "the column patient")


HANDS = st.lists(
    st.builds(
        Shown,
        st.from_regex(r"p[0-9]{1,2}_[LR]\.png", fullmatch=True),
        st.none() | st.sampled_from("abcde").map(of),
    ),
    max_size=30,
)


def test_every_fourth_patient_in_natural_order_is_held_out() -> None:
    hands = [Shown(f"img{number}.png") for number in (10, 9, 2, 1, 30, 4, 5, 100)]
    kept = select_hands(hands, held_out=True)
    assert {hand.image for hand in kept} == {"img5.png", "img100.png"}
    assert select_hands(hands, held_out=False) == [hand for hand in hands if hand not in kept]
    assert select_hands(hands, held_out=None) == hands


def test_both_hands_of_a_patient_stay_together() -> None:
    hands = [Shown(f"p{number}_{side}.png") for number in range(8) for side in "LR"]
    kept = select_hands(hands, held_out=True)
    assert [hand.image for hand in kept] == ["p3_L.png", "p3_R.png", "p7_L.png", "p7_R.png"]


def test_what_is_said_of_patients_counts_more_than_names() -> None:
    hands = [Shown(f"film{number}.png", of("one")) for number in range(6)] + [Shown("other.png")]
    folds = split_folds(hands, 2)
    assert [len(own) for _, own in folds] == [6, 1]
    assert name_sources(hands) == (
        "patients: 1, by the column patient; patients: 1, by the names of files"
    )


@given(HANDS)
def test_no_patient_is_on_both_sides(hands: list[Shown]) -> None:
    splits = [
        (select_hands(hands, held_out=True), select_hands(hands, held_out=False)),
        split_validation(hands),
        *split_folds(hands, 3),
    ]
    for one, other in splits:
        assert not {*map(patient_of, one)} & {*map(patient_of, other)}
        assert sorted([*one, *other], key=str) == sorted(hands, key=str)
