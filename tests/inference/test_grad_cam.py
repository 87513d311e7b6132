"""Grad-CAM on networks whose answers come from known places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
import torch

from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.core.inputs import Input, input_sets
from sharp_cli.core.joints import TARGET_OF, TARGETS
from sharp_cli.core.records import Patch
from sharp_cli.inference import grad_cam
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.inference.grad_cam import Saliency
from sharp_cli.inference.networks import pooled
from tests.tiny_findings import PAPERS, SIZE, Network, hand, network, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.inference.trunk import Layers
    from sharp_cli.training.classifier.settings import Context

    Study = dict[Side, list[Patch]]


def answers(bundle: Bundle, study: Study, model: ModelName) -> dict[StudyJoint, ModelName]:
    """Which model of a bundle answers for each joint of a study."""
    (results,) = Classifier(bundle, device="cpu").classify([study], model)
    return {(each.side, each.finding, each.joint): each.model for each in results}


def expected(
    members: list[Network], study: Study, asked: StudyJoint, model: ModelName
) -> Mapping[Input, NDArray[np.float64]]:
    """Grad-CAM as it is written down: of each member by itself, with gradients to its maps."""
    hand_side, finding, joint = asked
    group = TARGET_OF[finding, joint].group
    pixels = {
        Input(side, patch.joint): patch.pixels
        for side, patches in study.items()
        for patch in patches
        if patch.finding == finding
    }
    own = Input(hand_side, joint)
    unit = next(unit for unit in input_sets(model, finding, group) if own in unit)
    sums = []
    for member in members:
        looks, features = {}, []
        for one in unit:
            if one not in pixels:
                features.append(torch.zeros(16))
                continue
            square = torch.from_numpy(standardise(pixels[one], SIZE)).expand(1, 3, -1, -1)
            looks[one] = member.trunk[:-1](square).detach().requires_grad_()
            features.append(pooled(member.trunk[-1](looks[one]))[0])
        head = member.heads[f"{model}/{finding}/{group}"]
        head(torch.stack(features)[None])[0, unit.index(own)].backward()
        signed = {}
        for one, look in looks.items():
            assert look.grad is not None
            signed[one] = (look.grad.mean((2, 3), keepdim=True) * look).sum(1)[0].detach().numpy()
        sums.append(signed)
    maps = {one: np.mean([signed[one] for signed in sums], axis=0).clip(0) for one in sums[0]}
    largest = max(each.max() for each in maps.values())
    return {one: each / (largest or 1) for one, each in maps.items()}


@pytest.mark.parametrize("context", ["concatenation", "pooling"])
@pytest.mark.parametrize("model", PAPERS)
def test_maps_are_grad_cam_of_the_mean_logit(
    tmp_path: Path, model: ModelName, context: Context
) -> None:
    members = [network(1, context=context), network(2, context=context, layers=3)]
    for part in (part for member in members for part in (member.trunk, *member.heads.values())):
        part.half().float()  # as files hold them
    bundle = write(tmp_path, *(member.member for member in members))
    study: Study = {"left": hand(1), "right": hand(2, without=["MCP3"])}
    models = answers(bundle, study, model)
    found = Saliency(bundle).maps(study, models)
    assert set(found) == set(models)
    empty = 0
    some = list(models)[::4]
    for joint in some:
        maps = found[joint]
        right = expected(members, study, joint, models[joint])
        assert list(maps) == list(right)
        for one, values in maps.items():
            assert values.shape == (SIZE // 16, SIZE // 16)
            assert values.dtype == np.float32
            assert values == pytest.approx(right[one], abs=1e-4)
        largest = max(values.max() for values in maps.values())
        empty += largest == 0
        assert largest in (0, 1)
    assert empty < len(some) / 2


BRIGHT: Final = (0, 3)
DARK: Final = (2, 1)
"""Row and column of places of a map of 4 x 4."""

ROUNDING: Final = 1e-3


def spotted() -> NDArray[np.uint16]:
    """A grey patch with a bright and a dark place, each of one value of the map."""
    pixels = np.full((4, 4), 30000, np.uint16)
    pixels[BRIGHT] += 20000
    pixels[DARK] -= 20000
    return np.kron(pixels, np.ones((50, 50), np.uint16))


def hand_made(model: ModelName, weights: Mapping[tuple[int, int], float]) -> Network:
    """A network that sees how bright a patch is (feature 0) and how dark (feature 1).

    Args:
        model: Of its heads, of which each has one layer.
        weights: Of each head's first answer, by input and feature.
    """
    made = network(models=[model], layers=1)
    with torch.no_grad():
        for number, layer in enumerate(made.trunk):
            if isinstance(layer, torch.nn.Conv2d):
                for parameter in layer.parameters():
                    parameter.zero_()
                for feature in (0, 1):
                    sign = 1 if number or feature == 0 else -1
                    layer.weight[feature, feature if number else 0, 1, 1] = sign
        for head in made.heads.values():
            (layer,) = head.children()
            assert isinstance(layer, torch.nn.Linear)
            layer.weight.zero_()
            for (one, feature), weight in weights.items():
                layer.weight[0, one * 16 + 8 + feature] = weight
    return made


def hands() -> Study:
    patch = spotted()
    both: Study = {"left": [], "right": []}
    for target in TARGETS:
        for cut in both.values():
            cut.append(Patch(target.finding, target.joint, patch, ()))
    return both


@pytest.mark.parametrize(("feature", "place"), [(0, BRIGHT), (1, DARK)])
def test_a_map_is_highest_where_the_answer_comes_from(
    tmp_path: Path, feature: int, place: tuple[int, int]
) -> None:
    bundle = write(tmp_path, hand_made("siso", {(0, feature): 1}).member)
    study = hands()
    found = Saliency(bundle).maps(study, answers(bundle, study, "siso"))
    assert len(found) == 62
    for (side, _, joint), maps in found.items():
        ((one, values),) = maps.items()
        assert one == Input(side, joint)
        assert values[place] == 1
        assert (values > ROUNDING).sum() == 1


def test_inputs_are_distinguished_and_share_a_scale(tmp_path: Path) -> None:
    bundle = write(tmp_path, hand_made("mimo-local", {(0, 0): 0.5, (1, 1): 2}).member)
    study = hands()
    found = Saliency(bundle).maps(study, answers(bundle, study, "mimo-local"))
    left, right = Input("left", "MCP2"), Input("right", "MCP2")
    maps = found["left", "erosion", "MCP2"]
    assert maps[right][DARK] == 1
    assert maps[left][BRIGHT] == pytest.approx(0.25, abs=ROUNDING)
    assert [(maps[one] > ROUNDING).sum() for one in (left, right)] == [1, 1]
    # What says of the right hand looks at nothing.
    assert not any(each.any() for each in found["right", "erosion", "MCP2"].values())


@pytest.mark.parametrize("weight", [0, -1])
def test_where_nothing_speaks_for_damage_maps_are_zero(tmp_path: Path, weight: float) -> None:
    bundle = write(tmp_path, hand_made("siso", {(0, 0): weight}).member)
    study = hands()
    found = Saliency(bundle).maps(study, answers(bundle, study, "siso"))
    assert all((values == 0).all() for maps in found.values() for values in maps.values())


def test_patches_of_equal_pixels_go_through_the_trunk_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [network(1), network(2)]
    bundle = write(tmp_path, *(member.member for member in members))
    study: Study = {"left": hand(1), "right": hand(2)}
    models = answers(bundle, study, "mimo-both-hands")
    passed = []
    look = grad_cam._last_maps

    def counting(layers: Layers, squares: NDArray[np.float32], device: str) -> torch.Tensor:
        passed.append(len(squares))
        return look(layers, squares, device)

    monkeypatch.setattr(grad_cam, "_last_maps", counting)
    Saliency(bundle).maps(study, models)
    # Of the 31 patches of a hand nine joints are looked at for both findings.
    assert passed == [2 * (31 - 9)] * len(members)


def test_a_hand_by_itself_is_explained_by_what_stood_in(tmp_path: Path) -> None:
    bundle = write(tmp_path)
    study: Study = {"left": hand(1)}
    models = answers(bundle, study, "mimo-local")
    found = Saliency(bundle).maps(study, models)
    assert set(models.values()) == {"siso"}
    assert {tuple(maps) for maps in found.values()} == {
        (Input("left", target.joint),) for target in TARGETS
    }


def test_a_model_that_the_bundle_lacks_is_named(tmp_path: Path) -> None:
    study: Study = {"left": hand(1), "right": hand(2)}
    models = answers(write(tmp_path / "all"), study, "mimo-one-hand")
    other = write(tmp_path / "siso", network(models=["siso"]).member)
    with pytest.raises(ModelError, match=r"siso: no mimo-one-hand for erosion of PIP-IP; name the"):
        Saliency(other).maps(study, models)


def test_torch_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sharp_cli.inference.grad_cam.find_spec", lambda name: name != "torch" or None
    )
    with pytest.raises(
        UsageError, match=r"torch not installed; run: pip install 'sharp-cli\[gpu\]'"
    ):
        Saliency(write(tmp_path))
