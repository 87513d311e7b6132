"""What sets of joints teach, by a hand's computation and by gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sharp_cli.inference.networks import make_head
from sharp_cli.training.classifier.batches import SetBatch, Step, epoch_steps
from sharp_cli.training.classifier.features import CachedFeatures
from sharp_cli.training.classifier.loss import set_loss, step_loss
from sharp_cli.training.classifier.network import ClassifierNetwork
from tests.training.classifier.wrists import Wrists, erosion_heads

if TYPE_CHECKING:
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.input_sets import (
        HeadName,
    )


def test_the_loss_of_sets_is_what_a_hand_computes() -> None:
    ps = [[0.5, 0.25], [0.1, 0.9, 0.2]]
    logits = [torch.tensor([[math.log(p / (1 - p))] for p in part]) for part in ps]
    # The first set has a joint in each head, the second one and two.
    sets = [np.array([[0], [1]]), np.array([[0], [1], [1]])]
    first = 1 - 0.5 * 0.9
    second = 1 - 0.75 * 0.1 * 0.8
    expected = -(math.log(first) + math.log(second)) / 2
    assert float(set_loss(logits, sets)) == pytest.approx(expected, rel=1e-6)


@given(st.lists(st.floats(-200, 200), min_size=1, max_size=8))
def test_the_loss_of_sets_is_finite_and_draws_no_joint_towards_intact(found: list[float]) -> None:
    logits = torch.tensor([found], requires_grad=True)
    loss = set_loss([logits], [np.zeros((1, len(found)), int)])
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert math.isfinite(loss.item())
    assert bool(torch.isfinite(logits.grad).all())
    assert bool((logits.grad <= 0).all())


def test_joints_of_sets_are_never_masked() -> None:
    seen: list[Any] = []
    patches = np.arange(3000).reshape(1000, 3)
    sets = np.tile([0, -1, -1], (1000, 1))

    class Recording:
        def logits(self, _: HeadName, features: Tensor) -> Tensor:
            return features.sum(dim=-1)

    def extract(rows: Any, _: np.random.Generator | None) -> Tensor:
        seen.append(rows.reshape(1000, 3))
        return torch.zeros(len(rows), 1)

    network: Any = Recording()
    extractor: Any = extract
    step = Step({}, [{erosion_heads("mimo-local")[0]: SetBatch(patches, sets)}])
    step_loss(network, extractor, step, np.random.default_rng(0), masking=True)
    (rows,) = seen
    assert bool((rows[:, 0] >= 0).all())
    assert 0.05 < (rows[:, 1:] < 0).mean() < 0.15


@pytest.mark.parametrize("model", ["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands"])
def test_a_set_teaches_every_head_that_it_spans(model: ModelName) -> None:
    wrists = Wrists(6)
    inputs = wrists.inputs(model)
    torch.manual_seed(0)
    linear = {
        str(head): make_head(6 * size, size, layers=1, hidden=1, dropout=0)
        for head, mine in inputs.items()
        for size in [mine.patches.shape[1]]
    }
    network = ClassifierNetwork(linear, None, torch.ones(6))
    step = next(epoch_steps(wrists.inputs(model), 50, np.random.default_rng(0), sets=8))
    loss = step_loss(
        network, CachedFeatures(wrists.features, "cpu"), Step({}, step.by_set),
        np.random.default_rng(0), masking=True,
    )  # fmt: skip
    loss.backward()  # type: ignore[no-untyped-call]
    for head in linear.values():
        for weights in head.parameters():
            assert weights.grad is not None
            assert bool(weights.grad.abs().sum() > 0)
