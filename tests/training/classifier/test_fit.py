from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.inputs import MODELS
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.inference.networks import make_trunk
from sharp_cli.training.classifier import fit as classifier_fit
from sharp_cli.training.classifier import settings as classifier_settings
from sharp_cli.training.classifier.batches import Batch, Step, epoch_steps
from sharp_cli.training.classifier.bundle import ensemble_member
from sharp_cli.training.classifier.features import CachedFeatures, PatchAugmenter, TrunkExtractor
from sharp_cli.training.classifier.fit import (
    BEST,
    CHECKPOINT,
    Epoch,
    FitJob,
    HeadData,
    _finished,
    fit,
)
from sharp_cli.training.classifier.input_sets import (
    HeadName,
    InputSets,
    gather_input_sets,
    head_names,
)
from sharp_cli.training.classifier.loss import MASKED_FRACTION, mask_inputs, step_loss
from sharp_cli.training.classifier.patch_cutter import margin
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore
from sharp_cli.training.classifier.settings import Hyperparameters
from sharp_cli.training.findings_bundle import write_findings
from sharp_cli.training.run import Clock
from tests.labels import labelled_joint
from tests.tiny_findings import TINY, hand
from tests.training import cohort

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Patch
    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.training.classifier.fit import Fitted
    from sharp_cli.training.classifier.settings import ClassifierSettings

HEAD = HeadName("mimo-local", "erosion", "CMC-M")
FEATURES = 6


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny networks are slower in several threads, and learn at higher rates."""
    monkeypatch.setattr(classifier_settings, "FROZEN_RATE", 0.03)
    torch.set_num_threads(1)


def separable(count: int = 60) -> tuple[InputSets, Tensor]:
    """Pairs of joints whose first feature tells damage, and all features, one copy augmented."""
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=(count, 2)).astype(np.float32)
    features = rng.standard_normal((2, 2 * count, FEATURES)).astype(np.float32)
    features[..., 0] = 4 * labels.ravel() - 2
    # One feature is far larger than the others.
    features[..., 1] *= 1000
    rows = np.arange(2 * count).reshape(count, 2)
    patients = np.array([f"p{number}" for number in range(count)])
    numbers = np.zeros((count, 2), np.int64)
    inputs = InputSets(rows, labels, rows, numbers, patients, numbers - 1)
    return inputs, torch.from_numpy(features)


def job(folder: Path, inputs: InputSets, features: Tensor, **chosen: Any) -> FitJob:
    half = [*inputs.patients[: len(inputs) // 2]]
    others = [*inputs.patients[len(inputs) // 2 :]]
    known: dict[str, Any] = {
        "name": "test",
        "data": {HEAD: HeadData(inputs.of_patients(half), inputs.of_patients(others))},
        "make_trunk": None,
        "make_extractor": lambda _: CachedFeatures(features, "cpu"),
        "folder": folder,
        "key": 1,
        "clock": Clock(1, 3),
        **chosen,
    }
    return FitJob(**known)


def settings(**chosen: Any) -> ClassifierSettings:
    return cohort.settings(**{"frozen": True, "samples": 200, "epochs": 6, **chosen})


def fitted(folder: Path, **chosen: Any) -> Fitted:
    asked = settings(**chosen)
    return fit(job(folder, *separable()), asked, asked.hyper, device="cpu")


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("fc_init", ["he", "random"])
def test_what_is_separable_is_learned(tmp_path: Path, layers: int, fc_init: Any) -> None:
    inputs, features = separable()
    hyper = Hyperparameters(layers, fc_init, dropout=0.1, batch=8)
    asked = settings(samples=400, epochs=10, patience=10)
    network = fit(job(tmp_path, inputs, features), asked, hyper, device="cpu")
    found = network.probabilities(HEAD, inputs)
    assert ((found > 0.5) == (inputs.labels > 0.5)).mean() > 0.95
    losses = [one.validation for one in network.epochs]
    assert network.loss == min(losses) < losses[0]


@pytest.mark.parametrize("context", ["concatenation", "pooling"])
def test_what_the_other_hand_tells_is_learned(tmp_path: Path, context: str) -> None:
    """Both hands are alike, and half of the patches show nothing."""
    inputs, features = separable(80)
    told = inputs.labels[:, :1].repeat(2, axis=1)
    alike = replace(inputs, labels=told)
    features[..., 0] = torch.from_numpy(4 * told.ravel() - 2)
    features[:, ::2, 0] = 0
    asked = settings(context=context, samples=400, epochs=10, patience=10)
    hyper = Hyperparameters(dropout=0.1, batch=8)
    network = fit(job(tmp_path, alike, features), asked, hyper, device="cpu")
    assert ((network.probabilities(HEAD, alike) > 0.5) == (told > 0.5)).mean() > 0.95


def test_it_follows_from_the_seed(tmp_path: Path) -> None:
    inputs, _ = separable()
    one, same, other = (
        fitted(tmp_path / name, seed=seed, epochs=2)
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one.epochs == same.epochs != other.epochs
    np.testing.assert_array_equal(one.probabilities(HEAD, inputs), same.probabilities(HEAD, inputs))


@pytest.mark.parametrize("number", [1, 30, 70])
def test_cut_off_anywhere_it_goes_on_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    whole = fitted(tmp_path / "whole", epochs=3)
    steps, step = 0, torch.optim.Adam.step

    def stop(*given: Any, **chosen: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == number:
            raise KeyboardInterrupt
        return step(*given, **chosen)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.Adam, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            fitted(tmp_path / "cut", epochs=3)
    again = fitted(tmp_path / "cut", epochs=3)
    assert again.epochs == whole.epochs
    torch.testing.assert_close(
        again.network.state_dict(), whole.network.state_dict(), rtol=0, atol=0
    )
    # What is done needs no more than its best state.
    monkeypatch.delattr(classifier_fit, "step_loss")
    assert fitted(tmp_path / "cut", epochs=3).epochs == whole.epochs
    state = torch.load(tmp_path / "cut" / CHECKPOINT, weights_only=True)
    assert set(state) == {"epochs"}
    assert {path.name for path in (tmp_path / "cut").iterdir()} == {BEST, CHECKPOINT}


def test_patience_ends_it_and_the_best_state_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([0.9, 0.5, 0.5, 0.7, 0.4])
    states = []

    def made_up(network: nn.Module, *_: object) -> float:
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        return next(losses)

    monkeypatch.setattr(classifier_fit, "_validate", made_up)
    network = fitted(tmp_path, patience=2)
    assert [one.validation for one in network.epochs] == [0.9, 0.5, 0.5, 0.7]
    assert network.loss == 0.5
    torch.testing.assert_close(network.network.state_dict(), states[1], rtol=0, atol=0)


def test_when_a_training_ends() -> None:
    asked = settings(epochs=5, patience=2)

    def done(*validation: float) -> bool:
        return _finished([Epoch(n, 0.0, one) for n, one in enumerate(validation, 1)], asked)

    assert not done()
    assert not done(3, 2)
    assert not done(2, 3)
    assert done(2, 3, 2)
    assert done(5, 4, 3, 2, 1)


def test_masking() -> None:
    patches = np.tile([[1, 2, 3], [4, -1, -1]], (2000, 1))
    masked = mask_inputs(patches, np.random.default_rng(0))
    full, lone = masked[::2], masked[1::2]
    assert (full == -1).mean() == pytest.approx(MASKED_FRACTION, abs=0.015)
    assert bool((full >= 0).any(axis=1).all())
    # What is left of a set is never masked.
    np.testing.assert_array_equal(lone, patches[1::2])
    np.testing.assert_array_equal(
        mask_inputs(patches[:, :1], np.random.default_rng(0)), patches[:, :1]
    )


@pytest.mark.parametrize("sets", [1, 7, 32])
def test_an_epoch_gives_every_joint_its_samples(sets: int) -> None:
    joints = cohort.cohort(8, heads=(("erosion", "CMC-M"), ("jsn", "PIP")))
    store = cohort.store(joints)
    heads = [one for one in head_names(["siso", "mimo-both-hands"]) if one[1:] in (
        ("erosion", "CMC-M"), ("jsn", "PIP"))]  # fmt: skip
    data = {head: gather_input_sets(head, joints, store, {}) for head in heads}
    steps = [*epoch_steps(data, 50, np.random.default_rng(0), sets=sets)]
    assert not any(step.by_set for step in steps)
    batches = [step.labelled for step in steps]
    sizes = [sum(len(one.labels) for one in batch.values()) for batch in batches]
    # Each head has some of every step.
    assert max(sizes) == min(sizes) < sets + len(heads)
    for head, given in data.items():
        assert all(len(batch[head].labels) for batch in batches)
        drawn = sum(batch[head].labels.size for batch in batches)
        assert drawn / len(np.unique(given.names)) >= 50


class Constant(nn.Module):
    """Says the same of everything."""

    cuts: ClassVar[dict[str, Tensor]] = {}

    def logits(self, _: HeadName, features: Tensor) -> Tensor:
        return torch.zeros(features.shape[:2])


def test_the_loss_is_summed_over_labelled_outputs_that_are_shown() -> None:
    batch = Batch(
        np.array([[0, 1, 2], [3, -1, 4]]),
        np.array([[1, 0, np.nan], [1, 1, 0]], np.float32),
    )
    frozen = CachedFeatures(torch.zeros(2, 5, FEATURES), "cpu")
    rng = np.random.default_rng(0)
    network: Any = Constant()
    loss = step_loss(network, frozen, Step({HEAD: batch}, []), rng, masking=False)
    # Two labels in the first set, two in the second, where one input is missing.
    assert float(loss) == pytest.approx(np.log(2) * 4 / 2)
    none = batch._replace(labels=np.full((2, 3), np.nan, np.float32))
    both = {HEAD: batch, HeadName("siso", "jsn", "MCP"): none}
    loss = step_loss(network, frozen, Step(both, []), rng, masking=False)
    assert float(loss) == pytest.approx(np.log(2))


def test_a_shared_trunk_learns_with_all_heads(tmp_path: Path) -> None:
    joints = cohort.cohort(6, heads=(("erosion", "CMC-M"), ("jsn", "PIP")))
    store = cohort.store(joints)
    patches = PatchAugmenter(store, "cpu")
    heads = [one for one in head_names(["siso", "mimo-local"]) if one[1:] in (
        ("erosion", "CMC-M"), ("jsn", "PIP"))]  # fmt: skip
    inputs = {head: gather_input_sets(head, joints, store, {}) for head in heads}
    shared = job(
        tmp_path, *separable(),
        data={
            head: HeadData(one.of_patients({"p1", "p2", "p3", "p4"}), one.of_patients({"p5", "p6"}))
            for head, one in inputs.items()
        },
        make_trunk=lambda: make_trunk(TINY, batch_norm=True),
        make_extractor=lambda trunk: TrunkExtractor(patches, trunk, "cpu"),
    )  # fmt: skip
    asked = settings(frozen=False, samples=20, epochs=2)
    network = fit(shared, asked, asked.hyper, device="cpu").network
    again = fit(replace(shared, folder=tmp_path / "again"), asked, asked.hyper, device="cpu")
    torch.testing.assert_close(network.state_dict(), again.network.state_dict(), rtol=0, atol=0)
    torch.manual_seed(asked.seed + shared.key)
    begun = make_trunk(TINY, batch_norm=True)
    assert network.trunk is not None
    assert not torch.equal(network.trunk[0].weight, begun[0].weight)  # type: ignore[arg-type]
    assert [*network.heads] == [str(head) for head in heads]


@pytest.mark.parametrize("context", ["concatenation", "pooling"])
def test_a_bundle_says_what_the_networks_say(tmp_path: Path, context: str) -> None:
    """All the way: of a study's patches, through 16 bit and OpenVINO."""
    size = 64
    study: dict[Side, list[Patch]] = {"left": hand(1), "right": hand(2)}
    edge = margin(size)
    pixels: list[NDArray[np.float32]] = []
    rows: dict[PatchKey, int] = {}
    labelled: list[LabelledJoint] = []
    for side, mine in study.items():
        for patch in mine:
            place = PatchKey("p1", "s1", side, patch.finding, patch.joint)
            if place not in rows:
                rows[place] = len(rows)
                square = standardise(patch.pixels, size)
                pixels.append(np.pad(square, edge, mode="edge"))
            labelled.append(
                labelled_joint(
                    side=side, finding=patch.finding, joint=patch.joint, grade=len(labelled) % 2
                )
            )
    store = PatchStore(np.array(pixels, np.float16), rows, size)
    patches = PatchAugmenter(store, "cpu")
    heads = head_names(MODELS[:4])
    inputs = {head: gather_input_sets(head, labelled, store, {}) for head in heads}
    torch.manual_seed(2)
    trunk = make_trunk(TINY)
    for layer in trunk:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    asked = settings(context=context, frozen=False, samples=4, epochs=1, size=size)
    networks = [
        fit(
            job(
                tmp_path / str(number), *separable(),
                data={head: HeadData(inputs[head], inputs[head])},
                make_trunk=None,
                make_extractor=lambda _: TrunkExtractor(patches, trunk.eval(), "cpu"),
            ),
            asked, Hyperparameters(layers=1 + number % 3, batch=8), device="cpu",
        )
        for number, head in enumerate(heads)
    ]  # fmt: skip
    limits: Any = {
        model: {f"{f}/{g}": 0.5 for m, f, g in heads if m == model} for model in MODELS[:4]
    }
    write_findings(
        tmp_path / "bundle", [ensemble_member(networks, trunk)], size=size, thresholds=limits,
        extra={}, card=None,
    )  # fmt: skip
    classifier = Classifier(open_bundle("findings", tmp_path / "bundle"), device="cpu", threads=1)
    compared = 0
    for head, network in zip(heads, networks, strict=True):
        (results,) = classifier.classify([study], head.model)
        said = {(one.side, one.finding, one.joint): one.probability for one in results}
        given = inputs[head]
        for index, probability in zip(
            given.joints.ravel(), network.probabilities(head, given).ravel(), strict=True
        ):
            one = labelled[index]
            assert said[one.side, one.finding, one.joint] == pytest.approx(probability, abs=5e-3)
            compared += 1
    assert compared == 4 * 62
    every = np.concatenate(
        [n.probabilities(h, inputs[h]).ravel() for h, n in zip(heads, networks, strict=True)]
    )
    assert np.ptp(every) > 0.2


def test_of_no_sets_there_are_no_probabilities(tmp_path: Path) -> None:
    inputs, _ = separable()
    found = fitted(tmp_path, epochs=1).probabilities(HEAD, inputs.of_patients(()))
    assert found.shape == (0, 2)
