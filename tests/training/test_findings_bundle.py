from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from sharp_cli.bundles.store import CARD_FILE, open_bundle
from sharp_cli.inference.networks import VGG16, extract_features, make_trunk, plain
from sharp_cli.inference.trunk import Layers, openvino_trunk
from sharp_cli.training.findings_bundle import Member, trunk_tensors, write_findings
from tests.tiny_findings import SIZE, TINY, Network, network, write

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn


@pytest.fixture
def trunk() -> nn.Sequential:
    """With batch normalisation, and statistics for it."""
    torch.manual_seed(3)
    trunk = make_trunk(TINY, batch_norm=True)
    trunk(torch.randn(8, 3, SIZE, SIZE))
    return trunk.eval()


def test_folding_changes_nothing(trunk: nn.Sequential) -> None:
    pictures = torch.randn(3, 3, SIZE, SIZE)
    with torch.no_grad():
        folded = plain(trunk)
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded)
        torch.testing.assert_close(folded(pictures), trunk(pictures), atol=1e-5, rtol=1e-4)


def test_a_stored_trunk_is_the_trained_one(tmp_path: Path, trunk: nn.Sequential) -> None:
    bundle = write(tmp_path, Network(trunk, network().heads).member)
    stored = load_file(bundle.path / "trunk-1.safetensors")
    layers = Layers.of({name: value.astype(np.float32) for name, value in stored.items()})
    squares = np.random.default_rng(0).standard_normal((9, SIZE, SIZE), dtype=np.float32)
    with torch.no_grad():
        trained = extract_features(trunk, torch.from_numpy(squares)).numpy()
    assert trained.shape == (9, 16)
    found = openvino_trunk(layers, SIZE, threads=1)(squares)
    # The bundle is stored in 16 bit.
    np.testing.assert_allclose(found, trained, atol=2e-2)


def test_a_stored_trunk_is_torchvisions() -> None:
    vgg16 = pytest.importorskip("torchvision").models.vgg16(num_classes=1)
    stored = trunk_tensors(make_trunk(VGG16, batch_norm=True))
    tensors = {name: torch.from_numpy(value) for name, value in stored.items()}
    vgg16.features.load_state_dict(tensors, strict=True)


def test_each_trunk_is_written_once(tmp_path: Path) -> None:
    first, second = network(1), network(2)
    tensors = trunk_tensors(first.trunk)
    copied = {name: value.copy() for name, value in tensors.items()}
    shared = Network(first.trunk, second.heads).member
    bundle = write(
        tmp_path,
        first.member,
        second.member,
        Member(dict.fromkeys(shared.trunks, copied), shared.heads),
    )
    assert [set(member["trunks"].values()) for member in bundle.meta["members"]] == [
        {"trunk-1.safetensors"}, {"trunk-2.safetensors"}, {"trunk-1.safetensors"},
    ]  # fmt: skip
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == [
        "bundle.json", *(f"heads-{n}.safetensors" for n in (1, 2, 3)),
        "trunk-1.safetensors", "trunk-2.safetensors",
    ]  # fmt: skip
    assert sorted(bundle.meta["sha256"]) == files[1:]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}
    stored = load_file(tmp_path / "heads-1.safetensors")
    assert {value.dtype for value in stored.values()} == {np.dtype(np.float16)}


def test_what_a_bundle_says(tmp_path: Path) -> None:
    made = network(models=["mimo-local", "siso"], known=[("jsn", "CMC")])
    thresholds = {model: {"jsn/CMC": 0.25} for model in ("mimo-local", "siso")}
    write_findings(
        tmp_path / "mine",
        [made.member],
        size=SIZE,
        thresholds=thresholds,  # type: ignore[arg-type]
        extra={"trained_on": "squares", "version": "7"},
        card="# Mine",
    )
    bundle = open_bundle("findings", tmp_path / "mine")
    assert bundle.name == "mine 7"
    assert not bundle.validated_on_patients
    assert bundle.meta["models"] == ["siso", "mimo-local"]
    assert bundle.meta["thresholds"] == thresholds
    assert bundle.meta["trained_on"] == "squares"
    assert bundle.meta["input"]["size"] == SIZE
    assert (bundle.path / CARD_FILE).read_text().startswith("# Mine\n\n## May I use it?\n")
    assert CARD_FILE in bundle.meta["sha256"]
