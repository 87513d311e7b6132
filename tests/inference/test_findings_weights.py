from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sharp_cli.bundles.store import BUNDLE_FILE, open_bundle, write_bundle
from sharp_cli.core.errors import ModelError
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.heads import ConcatenationHead, PoolingHead
from tests.tiny_findings import PAPERS, network, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sharp_cli.bundles.store import Bundle

    Meta = dict[str, Any]

HEADS_FILE = "heads-1.safetensors"
TRUNK_FILE = "trunk-1.safetensors"


def rewrite(bundle: Bundle, **changes: Any) -> Bundle:
    """Write `bundle.json` anew, as whoever made the bundle would."""
    write_bundle(bundle.path, {**bundle.meta, **changes}, bundle.meta["sha256"])
    return open_bundle(changes.get("kind", "findings"), bundle.path)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A member of each layout."""
    return write(tmp_path, network(1).member, network(2, context="pooling").member)


def test_what_a_bundle_holds(bundle: Bundle) -> None:
    weights = read_weights(bundle)
    assert weights.models == PAPERS
    assert set(weights.trunks) == {"trunk-1.safetensors", "trunk-2.safetensors"}
    assert [len(heads) for heads in weights.heads.values()] == [2] * 32
    local = weights.heads["mimo-local", "jsn", "CMC"]
    assert [head.trunk for head in local] == ["trunk-1.safetensors", "trunk-2.safetensors"]
    assert [bias.shape for _, bias in local[0].layers] == [(5,), (2,)]
    assert isinstance(local[0], ConcatenationHead)
    first, second = weights.heads["mimo-both-hands", "erosion", "PIP-IP"]
    assert first.layers[0][0].shape == (5, 10 * 16)
    assert isinstance(second, PoolingHead)
    assert second.layers[0][0].shape == (5, 16)
    assert second.kinds.shape == (5,)
    assert weights.thresholds.keys() == weights.heads.keys()


def test_a_bundle_of_another_kind(bundle: Bundle) -> None:
    with pytest.raises(ModelError, match="kind 'joints'"):
        read_weights(rewrite(bundle, kind="joints"))


def test_a_bundle_of_an_older_version(tmp_path: Path, bundle: Bundle) -> None:
    save_file({}, tmp_path / "findings.safetensors")
    write_bundle(tmp_path, bundle.meta, ["findings.safetensors"])
    with pytest.raises(ModelError, match=f"{tmp_path}: made by an older version; get the bundle"):
        read_weights(open_bundle("findings", tmp_path))


def without_a_row(stored: dict[str, Any], name: str) -> None:
    stored[name] = np.ascontiguousarray(stored[name][:-1])


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        (TRUNK_FILE, "3.bias", "3.bias"),
        (TRUNK_FILE, "0.weight", "0.weight"),
        (HEADS_FILE, "siso/jsn/CMC/0.weight", "siso/jsn/CMC"),
        (HEADS_FILE, "mimo-one-hand/jsn/CMC/1.bias", "mimo-one-hand/jsn/CMC"),
        ("heads-2.safetensors", "mimo-local/jsn/CMC/context", "mimo-local/jsn/CMC"),
    ],
)
@pytest.mark.parametrize("damage", [dict.pop, without_a_row])
def test_a_tensor_that_is_missing_or_does_not_fit(
    bundle: Bundle, file: str, name: str, told: str, damage: Callable[[Any, str], None]
) -> None:
    stored = load_file(bundle.path / file)
    damage(stored, name)
    save_file(stored, bundle.path / file)
    told = told if damage is dict.pop else "does not fit"
    with pytest.raises(ModelError, match=f"{bundle.path}: incomplete .*{told}.*; get the bundle"):
        read_weights(rewrite(bundle))


@pytest.mark.parametrize("name", ["siso/jsn/CMC/2.weight", "siso/jsn/XYZ/0.bias", "odd", "siso/x"])
def test_a_tensor_too_many(bundle: Bundle, name: str) -> None:
    stored = load_file(bundle.path / HEADS_FILE)
    stored[name] = np.zeros((1, 1), np.float16)
    save_file(stored, bundle.path / HEADS_FILE)
    with pytest.raises(ModelError, match="incomplete"):
        read_weights(rewrite(bundle))


def test_a_trunk_of_too_few_pools(tmp_path: Path) -> None:
    layout = (4, "M", 4, "M", 4, "M", 8, "M")
    with pytest.raises(ModelError, match="4 pools"):
        read_weights(write(tmp_path, network(layout=layout).member))


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_heads_have_one_to_three_layers(tmp_path: Path, layers: int) -> None:
    bundle = write(tmp_path, network(layers=layers).member)
    if layers == 4:
        with pytest.raises(ModelError, match="siso/erosion/PIP-IP holds 0"):
            read_weights(bundle)
    else:
        assert len(read_weights(bundle).heads["siso", "jsn", "CMC"][0].layers) == layers


def no_trunk(meta: Meta) -> None:
    del meta["members"][0]["trunks"]["siso/jsn/CMC"]


def unknown_head(meta: Meta) -> None:
    meta["members"][0]["trunks"]["siso/jsn/PIP-IP"] = TRUNK_FILE


def no_threshold(meta: Meta) -> None:
    del meta["thresholds"]["mimo-local"]["jsn/PIP"]


@pytest.mark.parametrize(
    "change",
    [
        no_trunk,
        unknown_head,
        no_threshold,
        lambda meta: meta.pop("models"),
        lambda meta: meta.update(models=[]),
        lambda meta: meta.update(models=5),
        lambda meta: meta.update(models=["siso"]),
        lambda meta: meta.update(models=[*PAPERS, "mimo-time"]),
        lambda meta: meta.update(models=[*PAPERS, "mimo-feet"]),
        lambda meta: meta.pop("members"),
        lambda meta: meta.update(members=[]),
        lambda meta: meta.update(members=[1]),
        lambda meta: meta["members"][0].pop("heads"),
        lambda meta: meta["members"][0].update(trunks=3),
        lambda meta: meta["members"][0]["trunks"].update({"siso/jsn/CMC": [1]}),
        lambda meta: meta.update(thresholds={}),
        lambda meta: meta.update(thresholds=dict.fromkeys(PAPERS, 0.5)),
        lambda meta: meta.update(input={}),
        lambda meta: meta.update(input={"size": "x"}),
        lambda meta: meta.update(input={"size": 8}),
    ],
)
def test_a_description_that_is_wrong(bundle: Bundle, change: Callable[[Meta], object]) -> None:
    meta = json.loads((bundle.path / BUNDLE_FILE).read_text())
    change(meta)
    (bundle.path / BUNDLE_FILE).write_text(json.dumps(meta))
    with pytest.raises(ModelError, match=f"^{bundle.path}: incomplete"):
        read_weights(open_bundle("findings", bundle.path))


@pytest.mark.parametrize("file", [HEADS_FILE, TRUNK_FILE])
def test_weights_that_are_no_weights(bundle: Bundle, file: str) -> None:
    (bundle.path / file).write_bytes(b"not weights")
    with pytest.raises(ModelError, match=f"{bundle.path / file}: cannot be read as weights"):
        read_weights(rewrite(bundle))


@pytest.mark.parametrize("file", [HEADS_FILE, TRUNK_FILE])
def test_weights_that_are_not_part_of_the_bundle(bundle: Bundle, file: str) -> None:
    meta = json.loads((bundle.path / BUNDLE_FILE).read_text())
    del meta["sha256"][file]
    (bundle.path / BUNDLE_FILE).write_text(json.dumps(meta))
    with pytest.raises(ModelError, match=f"{bundle.path / file}: not part of its bundle"):
        read_weights(open_bundle("findings", bundle.path))
