"""Heads in numpy and in torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch

from sharp_cli.core.inputs import MODELS, input_kinds
from sharp_cli.inference import heads, networks
from sharp_cli.inference.heads import PoolingHead, make_head
from sharp_cli.training.findings_bundle import head_tensors
from tests.tiny_findings import network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.inference.heads import Head
    from sharp_cli.training.classifier.settings import Context

    Array = NDArray[np.float32]

GROUP: Any = ("erosion", "MCP")
FEATURES = 16


def trained(model: ModelName, context: Context, layers: int = 2) -> networks.Head:
    made = network(layers, models=[model], known=[GROUP], layers=layers, context=context)
    return made.heads["/".join((model, *GROUP))]


def in_numpy(head: networks.Head, model: ModelName) -> Head:
    tensors = {name.removeprefix("x/"): value for name, value in head_tensors("x", head).items()}
    return make_head("trunk", (model, *GROUP), tensors, features=FEATURES)


def pooling(model: ModelName, layers: int = 2) -> PoolingHead:
    return cast("PoolingHead", in_numpy(trained(model, "pooling", layers), model))


def features(model: ModelName, seed: int = 0) -> Array:
    count = len(input_kinds(model, *GROUP))
    return np.random.default_rng(seed).standard_normal((count, FEATURES), dtype=np.float32)


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("context", ["concatenation", "pooling"])
@pytest.mark.parametrize("model", MODELS)
def test_numpy_says_what_torch_says(model: ModelName, context: Context, layers: int) -> None:
    head = trained(model, context, layers)
    plain = in_numpy(head, model)
    kind = heads.PoolingHead if context == "pooling" else heads.ConcatenationHead
    assert isinstance(plain, kind)
    back = networks.torch_head(plain)
    for missing in range(2):
        given = features(model, seed=missing)
        given[:missing] = 0
        with torch.no_grad():
            expected = head(torch.from_numpy(given)[None])[0].numpy()
            again = back(torch.from_numpy(given)[None])[0].numpy()
        assert np.ptp(expected) > 0.01 or len(expected) == 1
        np.testing.assert_allclose(plain(given), expected, atol=1e-5)
        np.testing.assert_allclose(again, expected, atol=1e-6)


@pytest.mark.parametrize("model", ["mimo-local", "mimo-both-hands"])
def test_swapped_hands_swap_what_is_said(model: ModelName) -> None:
    head, given = pooling(model), features(model)
    half = len(given) // 2
    said = head(given)
    swapped = np.roll(said, half)
    assert not np.allclose(said, swapped)
    np.testing.assert_allclose(head(np.roll(given, half, axis=0)), swapped, atol=1e-6)


@pytest.mark.parametrize("model", ["mimo-one-hand", "mimo-both-hands"])
def test_a_missing_input_says_nothing(model: ModelName) -> None:
    head, given = pooling(model), features(model)
    given[2] = 0
    rest = [number for number in range(len(given)) if number != 2]
    without = PoolingHead(
        "trunk", head.layers, head.context, head.alone, head.kinds,
        [head.positions[number] for number in rest],
    )  # fmt: skip
    np.testing.assert_allclose(head(given)[rest], without(given[rest]), atol=1e-6)


def test_of_one_input_that_is_there_alone_speaks() -> None:
    head, given = pooling("mimo-one-hand"), features("mimo-one-hand")
    given[1:] = 0
    siso = heads.ConcatenationHead("trunk", head.layers)
    assert head(given)[0] == pytest.approx((siso(given[:1]) + head.alone + head.kinds[0])[0])


@pytest.mark.parametrize("layers", [1, 2])
def test_it_begins_as_a_head_of_single_joints(layers: int) -> None:
    shape: Any = {"layers": layers, "hidden": 5, "dropout": 0.1}
    head = networks.make_pooling_head(FEATURES, (0, 1, 0, 1), **shape).eval()
    given = torch.from_numpy(features("mimo-both-hands")[:4])[None]
    with torch.no_grad():
        torch.testing.assert_close(head(given)[0], head.own(given[0])[:, 0])


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("context", ["concatenation", "pooling"])
def test_a_scale_is_folded_in(context: Context, layers: int) -> None:
    head = trained("mimo-one-hand", context, layers)
    given = torch.from_numpy(features("mimo-one-hand"))[None]
    scale = torch.linspace(0.5, 2, FEATURES)
    with torch.no_grad():
        expected = head(given / scale)
        head.fold_scale(scale)
        torch.testing.assert_close(head(given), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("part", ["context", "alone", "kinds", "0.weight", "1.weight"])
@pytest.mark.parametrize("change", ["missing", "longer"])
def test_tensors_that_do_not_make_a_head(part: str, change: str) -> None:
    tensors = dict(pooling("mimo-both-hands").tensors)
    whole = tensors.pop(part)
    if change == "longer":
        tensors[part] = np.concatenate([whole, whole])
    told = r"mimo-both-hands/erosion/MCP (holds \d|does not fit)"
    with pytest.raises(ValueError, match=told):
        make_head("trunk", ("mimo-both-hands", *GROUP), tensors, features=FEATURES)
