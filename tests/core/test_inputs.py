from __future__ import annotations

import pytest

from sharp_cli.core.inputs import (
    FALLBACKS,
    MODELS,
    Input,
    ModelName,
    input_kinds,
    input_set,
    input_sets,
    relied_on,
    set_size,
)
from sharp_cli.core.joints import JOINT_GROUPS, SIDES, TARGETS, Finding

ALL = pytest.mark.parametrize("model", MODELS)
GROUPS = pytest.mark.parametrize(("finding", "group"), JOINT_GROUPS)


@ALL
@GROUPS
def test_every_joint_of_a_group_is_in_one_set(
    model: ModelName, finding: Finding, group: str
) -> None:
    sets = input_sets(model, finding, group)
    now = [one for unit in sets for one in unit if not one.earlier]
    joints = [t.joint for t in TARGETS if (t.finding, t.group) == (finding, group)]
    assert sorted(now, key=str) == sorted(
        (Input(side, joint) for side in SIDES for joint in joints), key=str
    )
    assert {len(unit) for unit in sets} == {set_size(model, finding, group)}


@GROUPS
def test_what_the_papers_models_look_at_together(finding: Finding, group: str) -> None:
    for (one,) in input_sets("siso", finding, group):
        assert not one.earlier
    for one, other in input_sets("mimo-local", finding, group):
        assert (one.joint, {one.side, other.side}) == (other.joint, {*SIDES})
    for unit in input_sets("mimo-one-hand", finding, group):
        assert len({one.side for one in unit}) == 1
        assert len({one.joint for one in unit}) == len(unit)
    assert len(input_sets("mimo-one-hand", finding, group)) == 2
    assert len(input_sets("mimo-both-hands", finding, group)) == 1


@GROUPS
def test_mimo_time_looks_at_a_joint_now_and_earlier(finding: Finding, group: str) -> None:
    for now, before in input_sets("mimo-time", finding, group):
        assert before == Input(now.side, now.joint, earlier=True)
        assert not now.earlier


def test_hands_are_alike_and_joints_and_times_are_not() -> None:
    assert [input_kinds(model, "erosion", "CMC-M") for model in MODELS] == [
        (0,), (0, 0), (0, 1), (0, 1, 0, 1), (0, 1),
    ]  # fmt: skip


def test_widths_of_the_largest_and_the_smallest_head() -> None:
    assert [set_size(model, "erosion", "MCP") for model in MODELS] == [1, 2, 5, 10, 2]
    assert [set_size(model, "erosion", "CMC-M") for model in MODELS] == [1, 2, 2, 4, 2]


@ALL
@GROUPS
def test_a_fallback_needs_a_part_of_what_its_model_needs(
    model: ModelName, finding: Finding, group: str
) -> None:
    fallback = FALLBACKS.get(model)
    if fallback is None:
        assert model in ("siso", "mimo-one-hand")
        return
    for part in input_sets(fallback, finding, group):
        assert sum({*part} <= {*unit} for unit in input_sets(model, finding, group)) == 1
        assert len({one.side for one in part}) == 1


def test_an_uncertain_joint_tells_of_itself_alone() -> None:
    left, right = (Input(side, "MCP2") for side in SIDES)
    unit = input_set("mimo-local", "jsn", "MCP", right)
    assert unit == (left, right)
    present: set[tuple[Finding, Input]] = {("jsn", left), ("jsn", right)}
    uncertain: set[tuple[Finding, Input]] = {("jsn", left)}
    assert relied_on("jsn", unit, right, present, uncertain) == (right,)
    assert relied_on("jsn", unit, left, present, uncertain) == (left, right)
    assert relied_on("jsn", unit, left, present - {("jsn", right)}, ()) == (left,)
