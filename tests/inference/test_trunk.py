"""Trunks of both architectures: what is read from a bundle gives what was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from sharp_cli.core.errors import ModelError
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.networks import extract_features
from sharp_cli.inference.trunk import LITE, VGG16, Layers, openvino_trunk, torch_trunk
from sharp_cli.training.findings_bundle import trunk_tensors
from tests import tiny_findings
from tests.tiny_findings import SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.tiny_findings import Network


@pytest.fixture(scope="module")
def lite() -> Network:
    return tiny_findings.lite(1, models=["siso"], known=[("jsn", "CMC")])


@pytest.fixture(scope="module")
def tensors(lite: Network) -> dict[str, NDArray[np.float32]]:
    return trunk_tensors(lite.trunk)


def test_architectures_are_known_by_the_names_of_tensors(
    tensors: dict[str, NDArray[np.float32]],
) -> None:
    assert Layers.of(tensors).architecture is LITE
    assert Layers.of(trunk_tensors(tiny_findings.network().trunk)).architecture is VGG16


def test_layers_give_back_their_tensors(tensors: dict[str, NDArray[np.float32]]) -> None:
    layers = Layers.of(tensors)
    assert layers.tensors.keys() == tensors.keys()
    assert layers.width == 640
    assert not layers.ends_with_pool
    assert len(layers.convolutions) == 1 + 2 + 15 * 3
    assert sum(layer.added > 0 for layer in layers.convolutions) == 9


@pytest.mark.parametrize("count", [1, 5])
def test_openvino_and_torch_give_what_was_trained(
    lite: Network, tensors: dict[str, NDArray[np.float32]], count: int
) -> None:
    layers = Layers.of(tensors)
    squares = np.random.default_rng(0).standard_normal((count, SIZE, SIZE), dtype=np.float32)
    with torch.no_grad():
        trained = extract_features(lite.trunk, torch.from_numpy(squares)).numpy()
    assert trained.shape == (count, 640)
    assert np.ptp(trained) > 1
    for run in (openvino_trunk(layers, SIZE, threads=1), torch_trunk(layers, device="cpu")):
        np.testing.assert_allclose(run(squares), trained, atol=1e-4, rtol=1e-4)


def test_padding_is_tensorflows(tensors: dict[str, NDArray[np.float32]]) -> None:
    """At stride 2, of an even size: nothing or one before, one more after."""
    padding = {
        (layer.weight.shape[-1], layer.stride): layer.padding
        for layer in Layers.of(tensors).convolutions
    }
    assert padding == {
        (1, 1): (0, 0), (3, 1): (1, 1), (5, 1): (2, 2), (3, 2): (0, 1), (5, 2): (1, 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("block3.expand.bias", None, "block3.expand.bias"),
        ("block5.depthwise.weight", np.zeros((240, 1, 5, 5)), "block5.depthwise does not fit"),
        ("block15.project.bias", np.zeros(319), "block15.project does not fit"),
        ("block16.expand.bias", np.zeros(1), "block16.expand.bias is of no convolution"),
    ],
)
def test_tensors_of_no_lite_trunk(
    tensors: dict[str, NDArray[np.float32]],
    name: str,
    value: NDArray[np.float32] | None,
    told: str,
) -> None:
    changed = {key: one for key, one in tensors.items() if key != name}
    if value is not None:
        changed[name] = value
    with pytest.raises((KeyError, ValueError), match=told):
        Layers.of(changed)


@pytest.mark.parametrize("size", [16, 33, 80])
def test_sizes_that_a_trunk_does_not_take(tmp_path: Path, lite: Network, size: int) -> None:
    bundle = tiny_findings.write(tmp_path / "lite", lite.member, size=size)
    with pytest.raises(ModelError, match=f"incomplete .input size {size}"):
        read_weights(bundle)
    other = tiny_findings.write(tmp_path / "vgg16", size=size)
    if size > 32:
        assert read_weights(other).size == size
