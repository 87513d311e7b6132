from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, TARGETS
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.training.trunk import fit as trunk_fit
from sharp_cli.training.trunk.batches import HandSources
from sharp_cli.training.trunk.network import RECIPES, SIZE, TrunkNetwork
from sharp_cli.training.trunk.teacher import Teacher
from sharp_cli.training.trunk.training import write_trunk
from tests.synthetic.bones import intact
from tests.tiny_findings import hand, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network of random weights, written as a training of a trunk writes it."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("teacher") / "bundle"
    made = TrunkNetwork(RECIPES["lite"], batch_norm=False)
    write_trunk(made, folder, hands=1, phantoms=1, labelled=0)
    return folder


def test_its_answers_are_those_of_the_bundle(bundle: Path) -> None:
    teacher = Teacher(bundle, device="cpu")
    patches = hand(1)
    pictures = torch.stack([torch.from_numpy(standardise(one.pixels, SIZE)) for one in patches])
    joints = [target.joint for target in TARGETS]
    found, features = teacher._answers(pictures, joints)
    assert features.shape == (len(joints), teacher.width)
    classifier = Classifier(open_bundle("findings", bundle), device="cpu", threads=1)
    (expected,) = classifier.classify([{"left": patches}], "siso")
    for row, (target, result) in enumerate(zip(TARGETS, expected, strict=True)):
        answer = float(found[row, FINDINGS.index(target.finding)])
        assert answer == pytest.approx(result.probability, abs=1e-4)


def test_there_is_nothing_to_learn_from_oneself(bundle: Path) -> None:
    teacher = Teacher(bundle, device="cpu")
    pictures = torch.randn(3, SIZE, SIZE)
    joints = ["MCP2", "lunate", "PIP2"]
    found, features = teacher._answers(pictures, joints)
    same = torch.nn.functional.layer_norm(features, (teacher.width,))
    least = teacher.loss(pictures, joints, found.logit(), same)
    known = found[found.isfinite()]
    entropy = torch.nn.functional.binary_cross_entropy(known, known)
    torch.testing.assert_close(least, entropy)
    assert teacher.loss(pictures, joints, found.logit() + 1, same) > least
    assert teacher.loss(pictures, joints, found.logit(), same + 1) > least


def test_a_network_learns_to_imitate_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(trunk_fit, "VALIDATION_BATCHES", 1)
    teacher = Teacher(bundle, device="cpu")
    torch.manual_seed(0)
    network = TrunkNetwork(replace(RECIPES["lite"], batch=4), teacher=teacher.width)
    losses: list[float] = []
    loss = teacher.loss

    def noted(*given: object) -> torch.Tensor:
        now = loss(*given)  # type: ignore[arg-type]
        losses.append(float(now.detach()))
        return now

    monkeypatch.setattr(teacher, "loss", noted)
    trunk_fit.train(
        network, HandSources([intact("a", "left")]), HandSources([intact("b", "left")]), tmp_path,
        steps=6, rate=1e-3, seed=0, device="cpu", teacher=teacher,
    )  # fmt: skip
    assert losses[-1] < losses[0]


def test_other_bundles_are_refused(tmp_path: Path) -> None:
    other = write(tmp_path / "tiny").path
    with pytest.raises(UsageError, match=r"--teacher .*tiny: a bundle with siso and one trunk for"):
        Teacher(other, device="cpu")
