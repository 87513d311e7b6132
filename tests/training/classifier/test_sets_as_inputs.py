"""Labelled sets of joints as the heads see them that they span."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.training.classifier.input_sets import (
    has_both_classes,
    of_heads,
)
from sharp_cli.training.classifier.patch_store import PatchKey
from tests.training.classifier.wrists import Wrists

if TYPE_CHECKING:
    from sharp_cli.core.inputs import ModelName


@pytest.mark.parametrize("model", ["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands"])
def test_each_joint_of_a_set_is_an_input_of_its_head(model: ModelName) -> None:
    wrists = Wrists(4)
    inputs = wrists.inputs(model)
    by_set = {(one.identity, number) for number, one in enumerate(wrists.sets) if one.damaged}
    keys = [*wrists.damaged]
    found = {
        (keys[row], int(number))
        for mine in inputs.values()
        for row, number in zip(mine.patches.ravel(), mine.by_set.ravel(), strict=True)
        if number >= 0
    }
    expected = {
        (PatchKey(*joint.identity), number)
        for number, one in enumerate(wrists.sets)
        if one.damaged
        for joint in one.joints
    }
    assert found == expected
    assert len(by_set) == len({number for _, number in found})
    for mine in inputs.values():
        # Of an intact set every joint is labelled, and still known to be of it.
        assert bool((mine.sets >= 0).all())
        np.testing.assert_array_equal(np.isnan(mine.labels), mine.by_set >= 0)


def test_a_set_without_one_of_its_heads_is_not_learned_from() -> None:
    wrists = Wrists(6)
    inputs = wrists.inputs("siso")
    first, second = inputs
    assert has_both_classes(inputs[second])
    left = of_heads(inputs, [second])
    assert [*left] == [second]
    assert not has_both_classes(left[second])
    assert len(left[second]) == sum(one.joint_group[1] == "wrist" for one in wrists.joints)
    both = of_heads(inputs, [first, second])
    for head, mine in both.items():
        np.testing.assert_array_equal(mine.sets, inputs[head].sets)
