"""Which radiographs are one study, and what it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import SIDES
from sharp_cli.core.records import Hand
from sharp_cli.results.study_records import DetectedHand, DetectedRadiograph, Study
from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.plan import name_studies
from sharp_cli.scoring.study_grouping import group_into_studies

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side


def radiograph(file: str, *sides: Side) -> DetectedRadiograph:
    hands = tuple(DetectedHand(Hand(file, side, "dicom", similarity(), 1.0), ()) for side in sides)
    return DetectedRadiograph(file, 10, 10, None, 1.0, hands, ())


def studies_of(
    *radiographs: DetectedRadiograph, failed: tuple[str, ...] = (), listed: bool = False
) -> list[Study]:
    files = tuple(dict.fromkeys([*(radiograph.file for radiograph in radiographs), *failed]))
    (group,) = name_studies([Group(files, "all", listed=listed)])
    return group_into_studies(group, radiographs)


def paired(*radiographs: DetectedRadiograph) -> list[tuple[str, ...]]:
    return [
        tuple(radiograph.file for radiograph in study.radiographs)
        for study in studies_of(*radiographs)
    ]


def test_one_left_and_one_right_hand_are_a_study_by_the_groups_name() -> None:
    (study,) = studies_of(radiograph("b.png", "right"), radiograph("a.png", "left"))
    assert [radiograph.file for radiograph in study.radiographs] == ["a.png", "b.png"]
    assert study.name == "all"
    assert not study.radiographs[0].warnings


def test_what_failed_is_no_doubt() -> None:
    radiographs = radiograph("b.png", "right"), radiograph("a.png", "left")
    (study,) = studies_of(*radiographs, failed=("foot1.png", "foot2.png"))
    assert len(study.radiographs) == 2
    (study,) = studies_of(radiographs[0], failed=("a.png",))
    assert (study.name, study.radiographs[0].warnings) == ("all", ())


def test_a_radiograph_of_both_hands_is_a_study() -> None:
    radiographs = (
        radiograph("l.png", "left"),
        radiograph("two.png", "left", "right"),
        radiograph("r.png", "right"),
    )
    assert paired(*radiographs) == [("l.png", "r.png"), ("two.png",)]
    assert [study.name for study in studies_of(*radiographs)] == ["l", "two"]


@pytest.mark.parametrize("sides", [("left", "left"), ("right", "left", "left")])
def test_doubtful_radiographs_stay_single_with_a_warning(sides: tuple[Side, ...]) -> None:
    files = "abc"[: len(sides)]
    studies = studies_of(*(radiograph(file, side) for file, side in zip(files, sides, strict=True)))
    assert [study.name for study in studies] == list(files)
    for study in studies:
        (warning,) = study.radiographs[0].warnings
        assert warning.startswith("not paired with ")
        assert f"{sides.count('left')} left and {sides.count('right')} right hands" in warning
        assert study.radiographs[0].file not in warning.split(":")[0].split()


def test_two_hands_of_one_side_on_one_radiograph_are_never_paired() -> None:
    radiographs = (
        radiograph("x.png", "left"),
        radiograph("x.png", "left"),
        radiograph("y.png", "right"),
    )
    assert paired(*radiographs) == [("x.png",), ("x.png",), ("y.png",)]
    assert [study.name for study in studies_of(*radiographs[:2])] == ["all", "all-2"]


def test_studies_of_a_manifest_have_its_name() -> None:
    studies = studies_of(radiograph("x.png", "left"), radiograph("y.png", "left"), listed=True)
    assert [study.name for study in studies] == ["all", "all-2"]


def test_remarks_and_what_the_manifest_says_otherwise_are_warnings() -> None:
    group = Group(("x", "y"), "s", (("y", "in doubt"),), {"x": "left", "y": "left"}, listed=True)
    (study,) = group_into_studies(group, [radiograph("x", "left"), radiograph("y", "right")])
    assert study.radiographs[0].warnings == ()
    assert study.radiographs[1].warnings == (
        "in doubt",
        "the manifest says left hand, and the picture shows: right",
    )


SHOWN = st.sampled_from([(("left",),), (("right",),), (("left", "right"),), (("left",), ("left",))])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), SHOWN), unique_by=lambda one: one[0]))
def test_every_radiograph_is_in_one_study_with_each_side_once(
    files: list[tuple[str, tuple[tuple[Side, ...], ...]]],
) -> None:
    radiographs = [radiograph(file, *sides) for file, shown in files for sides in shown]
    studies = studies_of(*radiographs) if radiographs else []
    hands = [(one.file, *sorted(one.sides)) for study in studies for one in study.radiographs]
    assert sorted(hands) == sorted((one.file, *sorted(one.sides)) for one in radiographs)
    for study in studies:
        sides = [each.hand.side for one in study.radiographs for each in one.hands]
        assert len(sides) == len(set(sides))
    assert len({study.name.casefold() for study in studies}) == len(studies)


def guess(left: float, right: float) -> list[Study]:
    """The studies of a guessed pair of hands of these sizes."""
    radiographs = [
        DetectedRadiograph(
            name,
            10,
            10,
            None,
            1.0,
            (DetectedHand(Hand(name, side, "anatomy", similarity(scale=scale), 1.0), ()),),
            (),
        )
        for name, side, scale in zip("ab", SIDES, (left, right), strict=True)
    ]
    (group,) = name_studies([Group(("a", "b"), "a+b", guessed=True)])
    return group_into_studies(group, radiographs)


def test_a_guessed_pair_is_said_to_be_one() -> None:
    (study,) = guess(1.0, 1.2)
    assert study.name == "a+b"
    assert [one.warnings[-1].split(",")[0] for one in study.radiographs] == [
        "taken for a pair with b", "taken for a pair with a",
    ]  # fmt: skip


def test_hands_of_two_sizes_are_no_guessed_pair() -> None:
    studies = guess(1.0, 2.0)
    assert [study.name for study in studies] == ["a", "b"]
    assert "1 left and 1 right hands, of different sizes" in studies[0].radiographs[0].warnings[0]


def test_what_is_left_of_a_guess_has_its_own_name() -> None:
    (group,) = name_studies([Group(("a", "b"), "a+b", guessed=True)])
    (study,) = group_into_studies(group, [radiograph("b", "left")])
    assert study.name == "b"


def test_a_name_that_says_another_side_is_told() -> None:
    (study,) = studies_of(radiograph("x_right.png", "left"))
    assert study.radiographs[0].warnings == (
        "its name says right, and it is reported as left; check the side",
    )
    (study,) = studies_of(radiograph("x_L_R.png", "left"))
    assert study.radiographs[0].warnings == ()


def test_a_study_has_the_keys_of_its_manifest() -> None:
    (group,) = name_studies([Group(("a",), "s", listed=True, patient="p", date="2020")])
    (study,) = group_into_studies(group, [radiograph("a", "left")])
    assert (study.name, study.patient, study.date) == ("s", "p", "2020")
