from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS, SCORED_FINDINGS, TARGETS
from sharp_cli.datasets.annotations.csv_file import write_annotations
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.inference.trunk import torch_state
from sharp_cli.training import run
from sharp_cli.training.trunk import batches as trunk_batches
from sharp_cli.training.trunk import fit as trunk_fit
from sharp_cli.training.trunk import network as trunk_network
from sharp_cli.training.trunk import training as lesion_trunk
from sharp_cli.training.trunk.batches import HandSources, PatchSampler
from sharp_cli.training.trunk.fit import BEST, CHECKPOINT
from sharp_cli.training.trunk.initial import bundle_trunk
from sharp_cli.training.trunk.network import RECIPES, SIZE, TrunkNetwork
from sharp_cli.training.trunk.start import Distillation, Start
from tests.labels import labelled_joint
from tests.synthetic.bones import JOINTS, intact
from tests.synthetic.phantom import hands as phantoms
from tests.tiny_findings import TINY, hand
from tests.training import cohort
from tests.training.trunk.test_efficientnet import imagenet

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.inference.trunk import ArchitectureName
    from sharp_cli.synthetic.intact_hands import IntactHand

REAL = [intact("a", "left"), intact("a", "right")]
PHANTOM = [intact("phantom 0", "left")]

GRIDS: Final[dict[ArchitectureName, int]] = {"vgg16": 16, "lite": 8}
"""Cells in which damage is localised, in each direction."""

BOTH = pytest.mark.parametrize("of", GRIDS)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trunk_network, "VGG16", TINY)
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, batch=6))
    monkeypatch.setattr(trunk_fit, "VALIDATION_BATCHES", 2)
    monkeypatch.setattr(lesion_trunk, "PHANTOMS", 1)
    monkeypatch.setattr(trunk_fit, "SAVE_EVERY", 1)
    monkeypatch.setattr(trunk_fit, "VALIDATE_EVERY", 2)
    torch.set_num_threads(1)


def labelled() -> list[IntactHand]:
    """MCP2 intact in nine hands and eroded in one, the lunate always eroded."""
    return [
        replace(
            intact(f"cohort {number}", "left"),
            grades={"MCP2": {"erosion": int(number == 0)}, "lunate": {"erosion": 1}},
        )
        for number in range(10)
    ]


def network(seed: int = 0, of: ArchitectureName = "vgg16") -> TrunkNetwork:
    torch.manual_seed(seed)
    return TrunkNetwork(RECIPES[of])


def sampler(sources: HandSources, of: ArchitectureName = "vgg16") -> PatchSampler:
    return PatchSampler(sources, RECIPES[of], seed=0)


def test_a_batch_is_that_of_its_step() -> None:
    patches = sampler(HandSources(REAL))
    batch, again, other = patches.batch(3), patches.batch(3), patches.batch(4)
    assert batch.pictures.shape == (6, SIZE, SIZE)
    assert batch.joints == again.joints
    for name in ("pictures", "labels", "places"):
        one, same = getattr(batch, name), getattr(again, name)
        torch.testing.assert_close(one, same, rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(batch.pictures, other.pictures)


def test_labels_and_places_of_damage_belong_together() -> None:
    patches = sampler(HandSources(REAL))
    placed = 0
    for step in range(6):
        batch = patches.batch(step)
        assert set(batch.joints) <= set(JOINTS)
        for joint, labels, places in zip(batch.joints, batch.labels, batch.places, strict=True):
            for finding, label, place in zip(FINDINGS, labels, places, strict=True):
                assert bool(torch.isfinite(label)) == (finding in SCORED_FINDINGS[joint])
                if label == 1:
                    # Damage too slight to be placed has no place.
                    assert bool(place.isnan().all()) or bool(place.any())
                    placed += int(place.nansum() > 0)
                elif label == 0:
                    assert bool((place == 0).all())
                else:
                    assert bool(place.isnan().all())
    assert placed > 5


def test_sources_have_their_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    patches = sampler(HandSources(REAL, PHANTOM, labelled()))
    rng = np.random.default_rng(0)
    chosen = [patches._choose(rng) for _ in range(4000)]
    kinds = Counter(one.image.split()[0] for one, _, _ in chosen)
    assert kinds["cohort"] / 4000 == pytest.approx(trunk_batches.COHORT_FRACTION, abs=0.03)
    assert kinds["phantom"] / 4000 == pytest.approx(trunk_batches.PHANTOM_FRACTION, abs=0.03)
    known = [(one, joint) for one, joint, is_labelled in chosen if is_labelled]
    assert len(known) == kinds["cohort"]
    # Both heads alike often, and in each both labels that there are.
    counts = Counter((joint, one.grades[joint]["erosion"]) for one, joint in known)
    assert counts["MCP2", 0] / len(known) == pytest.approx(0.25, abs=0.04)
    assert counts["MCP2", 1] / len(known) == pytest.approx(0.25, abs=0.04)
    assert counts["lunate", 1] / len(known) == pytest.approx(0.5, abs=0.05)
    # Labelled joints are taken as they are.
    monkeypatch.setattr(trunk_batches, "COHORT_FRACTION", 1.0)
    batch = patches.batch(0)
    eroded = batch.labels[:, FINDINGS.index("erosion")] == 1
    assert bool(batch.places[eroded].isnan().all())
    assert bool((batch.places[~eroded, FINDINGS.index("erosion")] == 0).all())


def test_unlabelled_hands_stay_as_they_are() -> None:
    patches = sampler(HandSources(REAL, PHANTOM, labelled(), [intact("other", "left")]))
    rng = np.random.default_rng(0)
    chosen = [patches._choose(rng) for _ in range(4000)]
    others = [(one, as_is) for one, _, as_is in chosen if one.image == "other"]
    assert len(others) / 4000 == pytest.approx(trunk_batches.UNLABELLED_FRACTION, abs=0.03)
    assert all(as_is for _, as_is in others)
    alone = sampler(HandSources(REAL, unlabelled=[intact("other", "left")])).batch(0)
    unknown = alone.labels.isnan().all(dim=1)
    assert 0 < unknown.sum() < len(unknown)
    assert bool(alone.places[unknown].isnan().all())


@BOTH
def test_each_joint_goes_to_the_heads_of_its_groups(of: ArchitectureName) -> None:
    made = network(of=of).eval()
    batch = sampler(HandSources(REAL), of).batch(0)
    with torch.no_grad():
        outcome = trunk_fit.forward(made, batch, "cpu")
        features, places = made(batch.pictures)
    assert places.shape == batch.places.shape == (6, len(FINDINGS), GRIDS[of], GRIDS[of])
    assert math.isfinite(float(outcome.loss))
    groups = {(t.finding, t.joint): t.group for t in TARGETS}
    for column, finding in enumerate(FINDINGS):
        rows = [row for row, joint in enumerate(batch.joints) if (finding, joint) in groups]
        expected = [
            float(
                made.heads[f"{finding}/{groups[finding, batch.joints[row]]}"](
                    features[[row]]
                ).detach()
            )
            for row in rows
        ]
        # In training the trunk runs in 16 bit.
        np.testing.assert_allclose(outcome.logits[rows, column], expected, atol=0.05)
        assert bool(outcome.logits[:, column].isfinite().sum() == len(rows))
    torch.testing.assert_close(outcome.features, features, atol=0.05, rtol=0.05)


def train(folder: Path, steps: int = 4, of: ArchitectureName = "vgg16") -> Path:
    folder.mkdir(exist_ok=True)
    return trunk_fit.train(
        network(of=of), HandSources(REAL), HandSources([intact("b", "left")]), folder,
        steps=steps, rate=0.01, seed=0, device="cpu",
    )  # fmt: skip


@BOTH
def test_a_training_cut_off_resumes_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of: ArchitectureName
) -> None:
    best = train(tmp_path / "whole", of=of)
    saved: list[int] = []

    def stopping(state: Any, path: Path) -> None:
        run.save(state, path)
        if path.name == CHECKPOINT:
            saved.append(state["step"])
            if len(saved) == 3:
                raise KeyboardInterrupt

    monkeypatch.setattr(trunk_fit, "save", stopping)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", of=of)
    again = train(tmp_path / "cut", of=of)
    assert saved == [1, 2, 3, 4]
    for name in (BEST, CHECKPOINT):
        one, other = (torch.load(path.parent / name, weights_only=True) for path in (best, again))
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    # What is finished is not trained again.
    train(tmp_path / "cut", of=of)
    assert len(saved) == 4


def test_the_state_of_the_lowest_validation_loss_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([0.5, 0.7, 0.6])
    monkeypatch.setattr(trunk_fit, "validate", lambda *_: (next(losses), ""))
    best = torch.load(train(tmp_path / "long", steps=6), weights_only=True)
    last = torch.load(tmp_path / "long" / CHECKPOINT, weights_only=True)
    assert last["best"] == 0.5
    assert not torch.equal(best["places.weight"], last["network"]["places.weight"])


def test_learning_rate() -> None:
    rates = [trunk_fit.scheduled(1.0, progress) for progress in np.linspace(0, 1, 101)]
    assert max(rates) == pytest.approx(1.0, rel=0.01)
    assert rates[0] < rates[1] < rates[2]
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert all(math.isfinite(one) and one > 0 for one in rates)
    assert rates[-1] < 0.02


@BOTH
def test_a_bundle_is_the_trunk_and_its_heads(tmp_path: Path, of: ArchitectureName) -> None:
    made = network(of=of)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    made.train()
    made(torch.randn(8, SIZE, SIZE))  # gives batch normalisation something to fold
    lesion_trunk.write_trunk(made, tmp_path / "mine", hands=3, phantoms=1, labelled=2)
    bundle = open_bundle("findings", tmp_path / "mine")
    assert bundle.meta["trained_on"].startswith("3 annotated hands and 1 intact phantoms")
    assert "2 hands of a labelled cohort" in bundle.meta["trained_on"]
    study = {"left": hand(1)}
    (results,) = Classifier(bundle, device="cpu", threads=1).classify([study], "siso")  # type: ignore[list-item]
    assert len(results) == len(TARGETS)
    for result, target, patch in zip(results, TARGETS, study["left"], strict=True):
        picture = torch.from_numpy(standardise(patch.pixels, SIZE))[None]
        with torch.no_grad():
            features, _ = made(picture)
            logit = made.heads[f"{target.finding}/{target.group}"](features)
        # The bundle is stored in 16 bit, and the more layers, the more is rounded.
        assert result.probability == pytest.approx(
            float(logit.sigmoid()), abs={"vgg16": 5e-3, "lite": 2e-2}[of]
        )
    # What was folded fits a trunk without batch normalisation.
    layers = bundle_trunk(tmp_path / "mine")
    TrunkNetwork(RECIPES[of], batch_norm=False).trunk.load_state_dict(torch_state(layers))


def write_films(folder: Path, count: int) -> Path:
    """Pictures of phantoms, their joints, and a label of each hand."""
    folder.mkdir()
    phantom = phantoms.hand()
    pixels = np.rint(phantom.pixels * 65535).astype(np.uint16)
    names = [f"{number}.png" for number in range(count)]
    for name in names:
        cv2.imwrite(str(folder / name), pixels)
    known = [AnnotatedHand(name, "left", phantom.points) for name in names]
    write_annotations(folder / "joints.csv", known)
    labels = [
        labelled_joint(patient=f"p{number}", image=name, joint="MCP2", patch=None, grade=number % 2)
        for number, name in enumerate(names)
    ]
    cohort.write(folder, labels)
    return folder


def test_from_annotations_to_the_bundle(tmp_path: Path) -> None:
    films = write_films(tmp_path / "films", 7)
    cohort_films = write_films(tmp_path / "cohort", 5)

    def make(name: str, **chosen: Any) -> Path:
        asked: dict[str, Any] = {
            "names": None, "start": Start("vgg16"), "cohort": cohort_films, "distillation": None,
            "steps": 2, "device": "cpu", "threads": 1, "seed": 1, **chosen,
        }  # fmt: skip
        out = tmp_path / name
        lesion_trunk.train_trunk(films / "joints.csv", films, out, out / "work", **asked)
        return out

    first = make("first")
    bundle = open_bundle("findings", first)
    # One of seven pictures is held out, and of six one validates.
    assert bundle.meta["trained_on"] == (
        "5 annotated hands and 1 intact phantoms with lesions put in, "
        "and 4 hands of a labelled cohort"
    )
    assert set(bundle.meta["thresholds"]["siso"]) == {"/".join(head) for head in JOINT_GROUPS}
    second = open_bundle("findings", make("second", start=Start("vgg16", first), cohort=None))
    assert second.sha256 != bundle.sha256
    with pytest.raises(UsageError, match="holds a training with another --cohort, --steps, --seed"):
        make("first", steps=3, seed=2, cohort=None)
    taught = make("taught", cohort=None, distillation=Distillation(first, cohort_films))
    assert set(load_file(taught / "trunk-1.safetensors")) == set(
        load_file(first / "trunk-1.safetensors")
    )


def test_a_lite_trunk_starts_from_imagenet_or_a_bundle(tmp_path: Path) -> None:
    state = imagenet()
    torch.save(state, tmp_path / "imagenet.pth")
    begun = lesion_trunk._initial(Start("lite", imagenet=tmp_path / "imagenet.pth"))
    stem = begun.trunk.get_parameter("stem.weight")
    torch.testing.assert_close(stem.detach(), state["_conv_stem.weight"], rtol=0, atol=0)
    lesion_trunk.write_trunk(begun, tmp_path / "lite", hands=1, phantoms=1, labelled=0)
    architecture = open_bundle("findings", tmp_path / "lite").meta["architecture"]
    assert architecture.startswith("EfficientNet-Lite0")
    continued = lesion_trunk._initial(Start("lite", tmp_path / "lite"))
    pictures = torch.randn(2, SIZE, SIZE)
    with torch.no_grad():
        before, after = (made.eval()(pictures)[0] for made in (begun, continued))
    torch.testing.assert_close(after, before, rtol=0.05, atol=0.05)
    with pytest.raises(UsageError, match="lite is another; give --architecture lite"):
        lesion_trunk._initial(Start("vgg16", tmp_path / "lite"))
