from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.inputs import MODELS, input_sets, set_size
from sharp_cli.core.joints import JOINT_GROUPS, SIDES
from sharp_cli.training.classifier.batches import BalancedSampler
from sharp_cli.training.classifier.input_sets import (
    HeadName,
    InputSets,
    gather_input_sets,
    has_both_classes,
    head_names,
)
from sharp_cli.training.classifier.patch_store import PatchKey
from tests.training import cohort

if TYPE_CHECKING:
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.datasets.labels import LabelledJoint


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("known", JOINT_GROUPS)
def test_every_labelled_joint_is_once_among_the_inputs(
    model: ModelName, known: tuple[str, str]
) -> None:
    joints = cohort.cohort(2, heads=JOINT_GROUPS, studies=2)
    head = next(one for one in head_names([model]) if one[1:] == known)
    given = gather_input_sets(head, joints, cohort.store(joints), {})
    mine = [index for index, one in enumerate(joints) if one.joint_group == known]
    there = given.joints >= 0
    assert given.patches.shape == (len(given), set_size(*head))
    assert sorted(given.joints[there]) == mine
    np.testing.assert_array_equal(np.isfinite(given.labels), there)
    for index, label in zip(given.joints[there], given.labels[there], strict=True):
        assert joints[index].damaged == bool(label)
    if model == "mimo-time":
        assert bool((given.patches[:, 1] == -1).all())
    else:
        assert bool((given.patches >= 0).all())


def one_study(model: ModelName, joints: list[LabelledJoint], **missing: bool) -> InputSets:
    shown = [] if missing.get("patches") else joints
    return gather_input_sets(HeadName(model, "erosion", "CMC-M"), joints, cohort.store(shown), {})


def test_inputs_are_in_the_order_of_their_sets() -> None:
    joints = cohort.cohort(1)
    store = cohort.store(joints)
    given = gather_input_sets(HeadName("mimo-both-hands", "erosion", "CMC-M"), joints, store, {})
    (unit,) = input_sets("mimo-both-hands", "erosion", "CMC-M")
    places = [PatchKey("p1", "s1.1", one.side, "erosion", one.joint) for one in unit]
    assert given.patches.tolist() == [[store.rows[place] for place in places]]
    # A joint has one number in both hands.
    assert given.names.tolist() == [[0, 1, 0, 1]]


def test_a_missing_hand_joint_or_label_is_told() -> None:
    left, right = ([one for one in cohort.cohort(1) if one.side == side] for side in SIDES)
    given = one_study("mimo-local", left)
    assert given.patches[:, 0].tolist() == [0, 1]
    assert given.patches[:, 1].tolist() == [-1, -1]
    given = one_study("mimo-one-hand", [*left, right[1]])
    assert sorted(map(tuple, given.patches.tolist())) == [(-1, 2), (0, 1)]
    # A joint that only its other finding has a label for is seen, and asks for nothing.
    joints = cohort.cohort(1, heads=(("erosion", "MCP"), ("jsn", "MCP")))
    lacking = [one for one in joints if (one.finding, one.side) != ("jsn", "right")]
    given = gather_input_sets(
        HeadName("mimo-local", "jsn", "MCP"), lacking, cohort.store(lacking), {}
    )
    assert bool((given.patches >= 0).all())
    assert np.isnan(given.labels[:, 1]).all()
    assert np.isfinite(given.labels[:, 0]).all()
    assert given.joints[:, 1].tolist() == [-1] * 5


def test_without_a_patch_there_is_no_label() -> None:
    joints = cohort.cohort(1)
    store = cohort.store(joints[1:])
    given = gather_input_sets(HeadName("siso", "erosion", "CMC-M"), joints, store, {})
    assert sorted(given.joints.ravel()) == [1, 2, 3]
    given = gather_input_sets(HeadName("mimo-local", "erosion", "CMC-M"), joints, store, {})
    assert (given.patches[0, 0], given.joints[0, 0]) == (-1, -1)
    assert np.isnan(given.labels[0, 0])


def test_a_head_without_any_joint_is_empty() -> None:
    joints = cohort.cohort(1)
    given = gather_input_sets(
        HeadName("mimo-one-hand", "jsn", "CMC"), joints, cohort.store(joints), {}
    )
    assert len(given) == 0
    assert given.patches.shape == (0, 3)
    assert not has_both_classes(given)
    assert len(given.of_patients({"p1"})) == 0


def test_earlier_pictures_are_of_the_study_before() -> None:
    joints = cohort.cohort(2, studies=3)
    store = cohort.store(joints)
    earlier = {("p1", "s1.2"): "s1.1", ("p1", "s1.3"): "s1.2"}
    given = gather_input_sets(HeadName("mimo-time", "erosion", "CMC-M"), joints, store, earlier)
    assert len(given) == 24
    places = {row: place for place, row in store.rows.items()}
    for (now, before), (_, label) in zip(given.patches, given.labels, strict=True):
        place = places[int(now)]
        expected = earlier.get((place.patient, place.study))
        assert np.isnan(label)
        if expected is None:
            assert before == -1
        else:
            assert places[int(before)] == place._replace(study=expected)


def test_of_patients() -> None:
    joints = cohort.cohort(3)
    given = gather_input_sets(
        HeadName("siso", "erosion", "CMC-M"), joints, cohort.store(joints), {}
    )
    mine = given.of_patients({"p1", "p3"})
    assert set(mine.patients) == {"p1", "p3"}
    assert {joints[index].patient for index in mine.joints.ravel()} == {"p1", "p3"}
    assert len(mine) == 8


def made(names: list[list[int]], labels: list[list[float]]) -> InputSets:
    shape = np.shape(names)
    every = np.arange(np.prod(shape)).reshape(shape)
    return InputSets(
        every, np.array(labels, np.float32), every, np.array(names), np.array(["p"] * shape[0]),
        np.full(shape, -1),
    )  # fmt: skip


def test_every_joint_comes_alike_often_intact_and_non_intact() -> None:
    names = [[0]] * 570 + [[1]] * 30
    labels = [[float(number % 3 == 0)] for number in range(570)] + [[1.0]] * 2 + [[0.0]] * 28
    given = made(names, labels)
    count = 8000
    drawn = BalancedSampler(given).sample(count, np.random.default_rng(1))
    kinds = 2 * given.names[drawn, 0] + given.labels[drawn, 0].astype(int)
    expected = count / 4
    squares = ((np.bincount(kinds, minlength=4) - expected) ** 2 / expected).sum()
    assert squares < 16.3  # the 0.1 % point of chi-square with three degrees of freedom
    again = BalancedSampler(given).sample(count, np.random.default_rng(1))
    np.testing.assert_array_equal(drawn, again)


def test_sets_are_drawn_for_their_labelled_joints() -> None:
    unknown = np.nan
    given = made([[0, 1], [0, 1], [0, 1]], [[0, unknown], [1, unknown], [unknown, 1]])
    drawn = np.bincount(BalancedSampler(given).sample(4000, np.random.default_rng(0)), minlength=3)
    # Joint 0 has both classes, joint 1 has one.
    np.testing.assert_allclose(drawn / 4000, [0.25, 0.25, 0.5], atol=0.03)


def test_a_head_with_one_class_can_be_drawn_but_not_trained() -> None:
    given = made([[0], [0]], [[1], [1]])
    assert set(BalancedSampler(given).sample(50, np.random.default_rng(0))) == {0, 1}
    assert not has_both_classes(given)
    assert has_both_classes(made([[0], [0]], [[1], [0]]))
