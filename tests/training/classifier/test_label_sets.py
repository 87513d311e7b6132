"""Sets of joints that were labelled as one: drawn, learned from across heads, and measured."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sharp_cli.core.joints import SET_JOINTS
from sharp_cli.datasets.labels import LabelledJoint, LabelledSet, labelled_by_set
from sharp_cli.training.classifier import settings as classifier_settings
from sharp_cli.training.classifier.batches import SetBatch, Step, epoch_steps
from sharp_cli.training.classifier.features import CachedFeatures
from sharp_cli.training.classifier.fit import FitJob, HeadData, fit
from sharp_cli.training.classifier.input_sets import (
    HeadName,
    InputSets,
    gather_input_sets,
    has_both_classes,
    of_heads,
)
from sharp_cli.training.classifier.loss import set_loss, step_loss
from sharp_cli.training.classifier.network import ClassifierNetwork
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore
from sharp_cli.training.classifier.results import SetParts
from sharp_cli.training.classifier.set_results import (
    set_predictions,
    write_set_metrics,
    write_set_predictions,
)
from sharp_cli.training.run import Clock
from tests.labels import labelled_joint
from tests.training import cohort
from tests.training.classifier.held_out import of, result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side

GROUPS = ("CMC-M", "wrist")
"""The joint groups that a wrist spans for erosion."""


def heads(model: ModelName) -> list[HeadName]:
    return [HeadName(model, "erosion", group) for group in GROUPS]


def wrist(patient: str, side: Side = "left", *, damaged: bool = True) -> LabelledSet:
    return LabelledSet(2, patient, "s1", "a.png", side, "erosion", "wrist", damaged)


def intact(one: LabelledSet) -> list[LabelledJoint]:
    """The labels of the joints of an intact set."""
    return [
        labelled_joint(patient=one.patient, side=one.side, joint=joint.joint)
        for joint in one.joints
    ]


class Wrists:
    """Wrists of which some joints are eroded, and nobody says which.

    The first feature of a joint tells whether it is.
    """

    def __init__(self, count: int = 40, sides: Sequence[Side] = ("left", "right")) -> None:
        rng = np.random.default_rng(1)
        self.sets: list[LabelledSet] = []
        self.joints: list[LabelledJoint] = []
        self.damaged: dict[PatchKey, bool] = {}
        for number in range(count):
            for side in sides:
                erosive = bool(rng.integers(2))
                one = wrist(f"p{number}", side, damaged=erosive)
                self.sets.append(one)
                eroded = rng.permutation(6)[: rng.integers(1, 3)] if erosive else ()
                for place, joint in enumerate(one.joints):
                    self.damaged[PatchKey(*joint.identity)] = place in eroded
                if not erosive:
                    self.joints += intact(one)
        rows = {key: row for row, key in enumerate(self.damaged)}
        self.store = PatchStore(np.zeros((len(rows), 2, 2), np.float16), rows, 2)
        features = rng.standard_normal((2, len(rows), 6)).astype(np.float32)
        features[..., 0] += 6 * np.array([*self.damaged.values()]) - 3
        self.features = torch.from_numpy(features)

    def inputs(self, model: ModelName) -> dict[HeadName, InputSets]:
        return {
            head: gather_input_sets(head, self.joints, self.store, {}, self.sets)
            for head in heads(model)
        }


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
def test_the_loss_of_sets_is_finite_and_its_gradient_never_negative(found: list[float]) -> None:
    logits = torch.tensor([found], requires_grad=True)
    loss = set_loss([logits], [np.zeros((1, len(found)), int)])
    loss.backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert math.isfinite(loss.item())
    assert bool(torch.isfinite(logits.grad).all())
    assert bool((logits.grad <= 0).all())


def drawn(wrists: Wrists, model: ModelName, *, sets: int = 8) -> list[Step]:
    return [*epoch_steps(wrists.inputs(model), 50, np.random.default_rng(0), sets=sets)]


@pytest.mark.parametrize("model", ["siso", "mimo-both-hands"])
def test_an_epoch_draws_whole_sets_as_often_as_a_joint_is_non_intact(model: ModelName) -> None:
    wrists = Wrists(6)
    keys = [*wrists.damaged]
    steps = drawn(wrists, model)
    seen = 0
    for step in steps:
        assert [*step.labelled] == heads(model)
        (span,) = step.by_set
        assert [*span] == heads(model)
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
    step = Step({}, [{heads("mimo-local")[0]: SetBatch(patches, sets)}])
    step_loss(network, extract, step, np.random.default_rng(0), masking=True)
    (rows,) = seen
    assert bool((rows[:, 0] >= 0).all())
    assert 0.05 < (rows[:, 1:] < 0).mean() < 0.15


@pytest.mark.parametrize("model", ["siso", "mimo-local", "mimo-one-hand", "mimo-both-hands"])
def test_a_set_teaches_every_head_that_it_spans(model: ModelName) -> None:
    wrists = Wrists(6)
    inputs = wrists.inputs(model)
    torch.manual_seed(0)
    linear = {
        str(head): torch.nn.Sequential(torch.nn.Linear(6 * size, size))
        for head, mine in inputs.items()
        for size in [mine.patches.shape[1]]
    }
    network = ClassifierNetwork(linear, None, torch.ones(6))
    (step, *_) = drawn(wrists, model)
    loss = step_loss(
        network, CachedFeatures(wrists.features, "cpu"), Step({}, step.by_set),
        np.random.default_rng(0), masking=True,
    )  # fmt: skip
    loss.backward()  # type: ignore[no-untyped-call]
    for head in linear.values():
        gradient = head[0].weight.grad  # type: ignore[union-attr]
        assert gradient is not None
        assert bool(gradient.abs().sum() > 0)


@pytest.mark.parametrize(
    ("model", "sides"),
    [("siso", ["left"]), ("mimo-local", ["left", "right"]), ("mimo-both-hands", ["right"])],
)
def test_from_words_on_wrists_alone_joints_are_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: ModelName, sides: list[Side]
) -> None:
    monkeypatch.setattr(classifier_settings, "FROZEN_RATE", 0.03)
    torch.set_num_threads(1)
    wrists = Wrists(96 // len(sides), sides)
    patients = sorted({one.patient for one in wrists.sets})
    parts = [patients[::2], patients[1::2]]
    inputs = wrists.inputs(model)
    job = FitJob(
        name="test",
        data={
            head: HeadData(*(mine.of_patients(part) for part in parts))
            for head, mine in inputs.items()
        },
        make_trunk=None,
        make_extractor=lambda _: CachedFeatures(wrists.features, "cpu"),
        folder=tmp_path,
        key=1,
        clock=Clock(1, 3),
    )
    asked = cohort.settings(frozen=True, samples=100, epochs=4)
    network = fit(job, asked, asked.hyper, device="cpu")
    damaged = np.array([*wrists.damaged.values()])
    for head, mine in inputs.items():
        held_out = mine.of_patients(parts[1])
        shown = held_out.patches >= 0
        scores = network.probabilities(head, held_out)[shown]
        truth = damaged[held_out.patches[shown]]
        pairs = scores[truth][:, None] > scores[~truth][None]
        assert pairs.mean() > 0.85


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_probability_of_a_set_is_the_noisy_or_of_its_joints(tmp_path: Path) -> None:
    sets = [wrist("p1"), wrist("p1", "right", damaged=False), wrist("p2")]
    first, second = heads("siso")
    none = of([], [])
    found = [
        result(1, none, head=first)._replace(
            of_sets=SetParts(np.array([0, 0, 1]), np.array([0.5, 0.2, 0.1]))
        ),
        result(1, none, head=second)._replace(of_sets=SetParts(np.array([0]), np.array([0.5]))),
        result(2, none, head=first)._replace(of_sets=SetParts(np.array([2]), np.array([1.0]))),
    ]
    predictions = set_predictions(sets, found)
    assert [(one.known, one.fold, one.probability) for one in predictions] == [
        (sets[0], 1, 0.8),
        (sets[1], 1, 0.1),
        (sets[2], 2, 1.0),
    ]
    write_set_predictions(tmp_path / "sets.csv", predictions)
    rows = read(tmp_path / "sets.csv")
    assert [(row["patient"], row["hand"], row["joint"], row["truth"]) for row in rows] == [
        ("p1", "left", "wrist", "non-intact"),
        ("p1", "right", "wrist", "intact"),
        ("p2", "left", "wrist", "non-intact"),
    ]
    write_set_metrics(tmp_path / "metrics.csv", predictions)
    (row,) = read(tmp_path / "metrics.csv")
    assert (row["model"], row["joint"], row["sets"], row["non_intact"]) == (
        "siso",
        "wrist",
        "3",
        "2",
    )
    assert (row["roc_auc"], row["average_precision"]) == ("1.0", "1.0")


def test_joints_of_an_intact_set_that_a_row_names_keep_it() -> None:
    one = wrist("p1", damaged=False)
    joints = intact(one)[:2]
    assert [joint.joint for joint in labelled_by_set(joints, [one])] == [
        joint.joint for joint in one.joints[2:]
    ]
