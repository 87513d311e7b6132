from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from sharp_cli import classify, trunk
from sharp_cli.classify import Classifier, standardise
from sharp_cli.errors import ModelError, UsageError
from sharp_cli.joints import HEADS, TARGETS
from sharp_cli.networks import FindingsNetwork, plain
from sharp_cli.records import Patch
from sharp_cli.registry import BUNDLE_FILE, open_bundle, write_bundle
from sharp_cli.train.findings_bundle import tensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.joints import Side
    from sharp_cli.registry import Bundle

    Study = dict[Side, list[Patch]]

TINY = (4, "M", 6, 8, "M", 8, "M", 8, "M", 8, "M")
SIZE = 64


def rewrite(folder: Path, **changes: Any) -> Bundle:
    """Write `bundle.json` anew, as whoever made the bundle would."""
    meta = {
        "name": "tiny",
        "version": "1",
        "kind": "findings",
        "validated_on_patients": False,
        "input": {"size": SIZE},
        "thresholds": {model: {"/".join(head): 0.5 for head in HEADS} for model in classify.MODELS},
    }
    write_bundle(folder, meta | changes, [classify.WEIGHTS_FILE])
    return open_bundle(changes.get("kind", "findings"), folder)


@pytest.fixture(scope="module")
def network() -> FindingsNetwork:
    torch.manual_seed(3)
    network = FindingsNetwork(TINY, hidden=5)
    network(torch.randn(8, SIZE, SIZE))  # statistics for the batch normalisation
    return network.eval()


@pytest.fixture
def bundle(tmp_path: Path, network: FindingsNetwork) -> Bundle:
    save_file(tensors(network), tmp_path / classify.WEIGHTS_FILE)
    return rewrite(tmp_path)


def hand(seed: int, without: Sequence[str] = ()) -> list[Patch]:
    """The 31 patches of a hand of noise; erosion and JSN of a joint share their pixels."""
    rng = np.random.default_rng(seed)
    pixels: dict[str, NDArray[np.uint16]] = {}
    for target in TARGETS:
        if target.joint not in pixels:
            coarse = rng.integers(0, 65536, (5, 5), dtype=np.uint16)
            tile = np.ones((target.box[1] // 5, target.box[0] // 5), np.uint16)
            pixels[target.joint] = np.kron(coarse, tile)
    return [
        Patch(target.finding, target.joint, pixels[target.joint].copy(), ())
        for target in TARGETS
        if target.joint not in without
    ]


def test_two_hands_give_62_results_in_order(bundle: Bundle) -> None:
    (results,) = Classifier(bundle).classify([{"right": hand(1), "left": hand(2)}], "mimo-local")
    expected = [(side, t.finding, t.joint) for side in ("left", "right") for t in TARGETS]
    assert [(r.side, r.finding, r.joint) for r in results] == expected
    assert {r.model for r in results} == {"mimo-local"}
    assert all(0 < r.probability < 1 for r in results)


def test_patches_of_equal_pixels_go_through_the_trunk_once(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(bundle)
    passed: list[int] = []
    trunk = classifier._trunk

    def counting(squares: NDArray[np.float32]) -> NDArray[np.float32]:
        passed.append(len(squares))
        return trunk(squares)

    monkeypatch.setattr(classifier, "_trunk", counting)
    classifier.classify([{"left": hand(1), "right": hand(2)}, {"left": hand(3)}], "mimo-local")
    assert passed == [44, 22]


def test_a_result_depends_on_its_own_study_only(bundle: Bundle) -> None:
    classifier = Classifier(bundle, threads=1)
    first: Study = {"left": hand(1)}
    second: Study = {"left": hand(2, without=["IP"]), "right": hand(3)}
    together = classifier.classify([first, second], "mimo-local")
    assert together == [classifier.classify([one], "mimo-local")[0] for one in (first, second)]


def test_mimo_local_falls_back_joint_by_joint(bundle: Bundle) -> None:
    classifier = Classifier(bundle)
    study: Study = {"left": hand(1), "right": hand(2, without=["MCP3", "ulna"])}
    (results,) = classifier.classify([study], "mimo-local")
    assert len(results) == 59
    alone = {(r.side, r.joint) for r in results if r.model == "siso"}
    assert alone == {("left", "MCP3"), ("left", "ulna")}
    (siso,) = classifier.classify([study], "siso")
    by_joint = {(r.side, r.finding, r.joint): r for r in siso}
    for result in results:
        if result.model == "siso":
            assert result == by_joint[result.side, result.finding, result.joint]


def test_one_hand_and_no_hand(bundle: Bundle) -> None:
    one, none = Classifier(bundle).classify([{"right": hand(1)}, {}], "mimo-local")
    assert [r.model for r in one] == ["siso"] * 31
    assert none == ()


def test_label_is_the_threshold_of_the_head(tmp_path: Path, bundle: Bundle) -> None:
    study: Study = {"left": hand(1)}
    (before,) = Classifier(bundle).classify([study], "siso")
    probability = next(r.probability for r in before if r.joint == "CMC1")
    thresholds = json.loads(json.dumps(bundle.meta["thresholds"]))
    for model in thresholds.values():
        model.update(dict.fromkeys(model, 2.0), **{"erosion/CMC-M": probability})
    (after,) = Classifier(rewrite(tmp_path, thresholds=thresholds)).classify([study], "siso")
    assert [r.probability for r in after] == [r.probability for r in before]
    assert next(r.label for r in after if r.joint == "CMC1") == "non-intact"
    assert {r.label for r in after if r.joint not in ("CMC1", "multangular")} == {"intact"}


def test_openvino_torch_and_the_trained_network_agree(
    bundle: Bundle, network: FindingsNetwork
) -> None:
    stored = load_file(bundle.path / classify.WEIGHTS_FILE)
    layers = trunk.Layers.of({k: v.astype(np.float32) for k, v in stored.items()})
    squares = np.random.default_rng(0).standard_normal((9, SIZE, SIZE), dtype=np.float32)
    cpu = trunk.openvino_trunk(layers, SIZE, threads=1)(squares)
    gpu = trunk.torch_trunk(layers, device="cpu")(squares)
    assert cpu.shape == (9, 18)
    np.testing.assert_allclose(cpu, gpu, atol=1e-4)
    # The bundle is stored in 16 bit.
    trained = network(torch.from_numpy(squares))[0].detach().numpy()
    np.testing.assert_allclose(cpu, trained, atol=2e-2)


def test_heads_are_the_trained_heads(bundle: Bundle, network: FindingsNetwork) -> None:
    classifier = Classifier(bundle)
    left, right = (patches[0] for patches in (hand(1), hand(2)))
    features = classifier.features({"left": [left], "right": [right]})
    pair = torch.from_numpy(
        np.stack([features[side, "erosion", "IP"] for side in ("left", "right")])
    )
    with torch.no_grad():
        local = torch.sigmoid(network.heads["mimo-local/erosion/PIP-IP"](pair.flatten())).tolist()
        alone = torch.sigmoid(network.heads["siso/erosion/PIP-IP"](pair)).flatten().tolist()
    assert [r.probability for r in classifier.decide(features, "mimo-local")] == pytest.approx(
        local, abs=2e-3
    )
    assert [r.probability for r in classifier.decide(features, "siso")] == pytest.approx(
        alone, abs=2e-3
    )


def test_folding_changes_nothing(network: FindingsNetwork) -> None:
    pictures = torch.randn(3, 3, SIZE, SIZE)
    with torch.no_grad():
        folded = plain(network.trunk)
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in folded)
        torch.testing.assert_close(folded(pictures), network.trunk(pictures), atol=1e-5, rtol=1e-4)


def test_a_trained_trunk_is_torchvisions() -> None:
    vgg16 = pytest.importorskip("torchvision").models.vgg16(num_classes=1)
    stored = tensors(FindingsNetwork())
    trunk = {
        name.removeprefix("trunk."): torch.from_numpy(value)
        for name, value in stored.items()
        if name.startswith("trunk.")
    }
    vgg16.features.load_state_dict(trunk, strict=True)
    assert sum(value.nbytes for value in stored.values()) < 33e6


@pytest.mark.parametrize("shape", [(250, 250), (300, 500), (40, 40)])
def test_standardise(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(300, 60000, shape, dtype=np.uint16)
    square = standardise(pixels, SIZE)
    assert square.shape == (SIZE, SIZE)
    assert square.dtype == np.float32
    assert float(square.mean()) == pytest.approx(0, abs=1e-5)
    assert float(square.std()) == pytest.approx(1, abs=1e-5)
    darker = (pixels // 4).astype(np.uint16)
    np.testing.assert_allclose(standardise(darker, SIZE), square, atol=1e-2)


def test_an_empty_patch_gives_a_probability(bundle: Bundle) -> None:
    black = [Patch("erosion", "IP", np.zeros((250, 250), np.uint16), ())]
    ((result,),) = Classifier(bundle).classify([{"left": black}], "siso")
    assert 0 < result.probability < 1


def test_a_bundle_of_another_kind(tmp_path: Path, bundle: Bundle) -> None:
    assert bundle.kind == "findings"
    with pytest.raises(ModelError, match="kind 'joints'"):
        Classifier(rewrite(tmp_path, kind="joints"))


def test_a_bundle_with_a_tensor_of_another_shape(tmp_path: Path, bundle: Bundle) -> None:
    stored = load_file(bundle.path / classify.WEIGHTS_FILE)
    name = "heads.siso/jsn/CMC.0.weight"
    stored[name] = np.ascontiguousarray(stored[name][:, :-1])
    save_file(stored, tmp_path / classify.WEIGHTS_FILE)
    with pytest.raises(ModelError, match="siso/jsn/CMC does not fit"):
        Classifier(rewrite(tmp_path))


@pytest.mark.parametrize(
    "gone", ["trunk.3.bias", "heads.siso/jsn/CMC.0.weight", "trunk.0.weight", "places.bias"]
)
def test_a_bundle_without_a_tensor(tmp_path: Path, bundle: Bundle, gone: str) -> None:
    stored = load_file(bundle.path / classify.WEIGHTS_FILE)
    del stored[gone]
    save_file(stored, tmp_path / classify.WEIGHTS_FILE)
    with pytest.raises(ModelError, match="get the bundle anew"):
        Classifier(rewrite(tmp_path))


@pytest.mark.parametrize(
    "changes", [{"thresholds": {}}, {"input": {}}, {"input": {"size": "x"}}, {"input": {"size": 8}}]
)
def test_a_bundle_without_a_setting(
    tmp_path: Path, bundle: Bundle, changes: dict[str, Any]
) -> None:
    assert bundle.kind == "findings"
    with pytest.raises(ModelError, match=str(tmp_path)):
        Classifier(rewrite(tmp_path, **changes))


def test_weights_that_are_no_weights(tmp_path: Path, bundle: Bundle) -> None:
    (bundle.path / classify.WEIGHTS_FILE).write_bytes(b"not weights")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        Classifier(rewrite(tmp_path))


def test_weights_that_are_not_part_of_the_bundle(tmp_path: Path, bundle: Bundle) -> None:
    meta = json.loads((bundle.path / BUNDLE_FILE).read_text())
    meta["sha256"] = {}
    (bundle.path / BUNDLE_FILE).write_text(json.dumps(meta))
    with pytest.raises(ModelError, match="not part of its bundle"):
        Classifier(open_bundle("findings", tmp_path))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(bundle: Bundle) -> None:
    with pytest.raises(UsageError, match="--device cuda"):
        Classifier(bundle, device="cuda")
