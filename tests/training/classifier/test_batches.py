"""Sets of joints as an epoch draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import SET_JOINTS
from sharp_cli.training.classifier.batches import epoch_steps
from tests.training.classifier.wrists import Wrists, erosion_heads

if TYPE_CHECKING:
    from sharp_cli.core.inputs import ModelName


@pytest.mark.parametrize("model", ["siso", "mimo-both-hands"])
def test_an_epoch_draws_whole_sets_as_often_as_a_joint_is_non_intact(model: ModelName) -> None:
    wrists = Wrists(6)
    keys = [*wrists.damaged]
    steps = [*epoch_steps(wrists.inputs(model), 50, np.random.default_rng(0), sets=8)]
    seen = 0
    for step in steps:
        assert [*step.labelled] == erosion_heads(model)
        (span,) = step.by_set
        assert [*span] == erosion_heads(model)
        joints: dict[int, set[str]] = {}
        patients: dict[int, set[tuple[str, str]]] = {}
        for one in span.values():
            for row, number in zip(one.patches.ravel(), one.sets.ravel(), strict=True):
                if number >= 0:
                    joints.setdefault(int(number), set()).add(keys[row].joint)
                    patients.setdefault(int(number), set()).add((keys[row].patient, keys[row].side))
        assert all(some == {*SET_JOINTS["erosion", "wrist"]} for some in joints.values())
        assert all(len(some) == 1 for some in patients.values())
        seen += len(joints)
    assert 25 <= seen < 25 + len(steps)


def test_where_only_non_intact_sets_are_known_they_alone_are_drawn() -> None:
    wrists = Wrists(6)
    damaged = {one.patient for one in wrists.sets if one.damaged}
    pure = damaged - {one.patient for one in wrists.sets if not one.damaged}
    data = {head: mine.of_patients(pure) for head, mine in wrists.inputs("siso").items()}
    steps = [*epoch_steps(data, 20, np.random.default_rng(0), sets=8)]
    assert steps
    assert all(not step.labelled and len(step.by_set) == 1 for step in steps)
