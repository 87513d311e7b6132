"""Files of heads: what is read from them says what the classifier says."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
import openvino
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torchvision.models.vgg import make_layers
from typer.testing import CliRunner

from sharp_cli.bundles.store import open_bundle, write_bundle
from sharp_cli.cli import app
from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import UsageError
from sharp_cli.core.inputs import MODELS, input_kinds, input_sets
from sharp_cli.core.joints import GRADES, JOINT_GROUPS
from sharp_cli.inference.classifier import Classifier, standardise
from sharp_cli.inference.networks import make_lite
from sharp_cli.inference.onnx_export import export
from tests import tiny_findings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.records import Patch
    from sharp_cli.inference.onnx_export import Suffix


@pytest.fixture(scope="module", params=["concatenation", "pooling"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """An ensemble of two, of heads of different depths, with the paper's four models."""
    members = [
        tiny_findings.network(seed, layers=seed, context=request.param).member for seed in (1, 2)
    ]
    return tiny_findings.write(tmp_path_factory.mktemp("bundles") / "tiny", *members, threshold=0.3)


def run(
    file: Path, patches: NDArray[np.float32], output: str = "probabilities"
) -> NDArray[np.float32]:
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(file, "CPU", options)
    answer: NDArray[np.float32] = compiled({"patches": patches})[output]
    return answer


@pytest.mark.parametrize("model", tiny_findings.PAPERS)
def test_files_say_what_the_classifier_says(
    bundle: Bundle, tmp_path: Path, model: ModelName
) -> None:
    study: dict[Side, list[Patch]] = {"left": tiny_findings.hand(1), "right": tiny_findings.hand(2)}
    pixels = {(s, p.finding, p.joint): p.pixels for s, patches in study.items() for p in patches}
    files = export(bundle, tmp_path, model=model)
    assert sorted(tmp_path.iterdir()) == sorted(files)
    (said,) = Classifier(bundle, device="cpu").classify([study], model)
    expected = {(one.side, one.finding, one.joint): one.probability for one in said}
    found: dict[tuple[str, str, str], float] = {}
    for finding, group in JOINT_GROUPS:
        sets = input_sets(model, finding, group)
        patches = np.array(
            [
                [standardise(pixels[one.side, finding, one.joint], tiny_findings.SIZE) for one in s]
                for s in sets
            ]
        )
        answers = run(tmp_path / f"{model}-{finding}-{group}.onnx", patches)
        assert answers.shape == (len(sets), len(sets[0]))
        for unit, row in zip(sets, answers, strict=True):
            found |= {(o.side, finding, o.joint): float(p) for o, p in zip(unit, row, strict=True)}
    assert found.keys() == expected.keys()
    assert np.ptp(list(expected.values())) > 0.1
    assert [found[key] for key in expected] == pytest.approx(list(expected.values()), abs=1e-4)


GRADED: Final[tuple[tuple[Finding, str], ...]] = (("erosion", "wrist"), ("jsn", "MCP"))


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """An ensemble of two whose scores are calibrated and whose heads grade, of two models."""
    models: tuple[ModelName, ...] = ("siso", "mimo-local")
    members = []
    for seed in (1, 2):
        binary, grades = (
            tiny_findings.network(number, models=models, known=GRADED, context="pooling").member
            for number in (seed, seed + 10)
        )
        members.append(replace(binary, grades=grades.heads))
    heads = {"erosion/wrist": [-0.5, 0.1, 0.4, 1.5], "jsn/MCP": [0.0, 0.2, 0.9]}
    extra = {
        "calibration": {
            model: {head: {"slope": 1.5, "intercept": 0.2} for head in heads} for model in models
        },
        "grades": {
            "calibration": {
                model: {head: {"slope": 0.8, "cuts": cuts} for head, cuts in heads.items()}
                for model in models
            }
        },
    }
    folder = tmp_path_factory.mktemp("bundles") / "graded"
    return tiny_findings.write(folder, *members, extra=extra)


@pytest.mark.parametrize("model", ["siso", "mimo-local"])
def test_files_grade_as_the_classifier_does(
    graded: Bundle, tmp_path: Path, model: ModelName
) -> None:
    study: dict[Side, list[Patch]] = {"left": tiny_findings.hand(1), "right": tiny_findings.hand(2)}
    pixels = {(s, p.finding, p.joint): p.pixels for s, patches in study.items() for p in patches}
    (said,) = Classifier(graded, device="cpu").classify([study], model)
    expected = {
        (one.side, one.finding, one.joint): -np.diff([1.0, *one.at_least, 0.0]) for one in said
    }
    for finding, group in GRADED:
        (file,) = export(graded, tmp_path, model=model, finding=finding, group=group)
        onnx.checker.check_model(onnx.load(file), full_check=True)
        sets = input_sets(model, finding, group)
        patches = np.array(
            [
                [standardise(pixels[one.side, finding, one.joint], tiny_findings.SIZE) for one in s]
                for s in sets
            ]
        )
        answers = run(file, patches, "grade_probabilities")
        assert answers.shape == (len(sets), len(sets[0]), GRADES[finding][-1] + 1)
        for unit, rows in zip(sets, answers, strict=True):
            for one, row in zip(unit, rows, strict=True):
                assert row == pytest.approx(expected.pop((one.side, finding, one.joint)), abs=1e-4)
        (weights,) = export(
            graded, tmp_path, suffix=".safetensors", model=model, finding=finding, group=group
        )
        with safe_open(weights, "np") as content:
            told, held = content.metadata(), set(content.keys())
        assert {"0.grades.0.weight", "1.grades.1.bias", "1.grades.kinds"} <= held
        assert (told["grade_slope"], told["calibration_slope"]) == ("0.8", "1.5")
        assert len(told["grade_cuts"].split()) == GRADES[finding][-1] - 1
    assert not expected


def test_a_network_is_sound(bundle: Bundle, tmp_path: Path) -> None:
    file = tmp_path / "one.onnx"
    chosen: dict[str, Any] = {"model": "mimo-local", "finding": "erosion", "group": "CMC-M"}
    assert export(bundle, file, **chosen) == [file]
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [one.dim_param or one.dim_value for one in shape] == ["N", 2, 64, 64]


def test_members_share_a_trunk_that_is_one(tmp_path: Path) -> None:
    network = tiny_findings.network(models=("siso",), known=JOINT_GROUPS[:1])
    bundle = tiny_findings.write(tmp_path / "tiny", network.member, network.member)
    (file,) = export(bundle, tmp_path / "out")
    kinds = [node.op_type for node in onnx.load(file).graph.node]
    assert (kinds.count("ReduceMean"), kinds.count("Sigmoid")) == (1, 2)


def test_earlier_pictures_are_reported(tmp_path: Path) -> None:
    network = tiny_findings.network(models=MODELS[4:], known=JOINT_GROUPS[:1])
    bundle = tiny_findings.write(tmp_path / "tiny", network.member)
    (file,) = export(bundle, tmp_path / "out")
    told = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    assert told["sets"].startswith("left IP, earlier left IP; ")


def test_without_a_choice_it_is_the_model_that_classifies(bundle: Bundle, tmp_path: Path) -> None:
    files = export(bundle, tmp_path, finding="jsn")
    groups = [group for finding, group in JOINT_GROUPS if finding == "jsn"]
    assert sorted(file.name for file in files) == sorted(f"mimo-local-jsn-{g}.onnx" for g in groups)
    assert len(export(bundle, tmp_path, group="wrist")) == 2


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"model": "mimo-time"}, "--model mimo-time"),
        ({"finding": "osteophyte"}, "no such head of mimo-local.*jsn/wrist"),
        ({"finding": "erosion", "group": "PIP"}, "no such head"),
        ({"group": "wrist"}, "one file, and 2 heads"),
    ],
)
def test_a_choice_that_fits_nothing_is_wrong_usage(
    bundle: Bundle, tmp_path: Path, chosen: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        export(bundle, tmp_path / "one.onnx", **chosen)
    assert list(tmp_path.iterdir()) == []


def test_other_kinds_are_onnx_already(tmp_path: Path) -> None:
    (tmp_path / "joints.onnx").touch()
    meta = {"name": "a", "version": "1", "kind": "joints", "validated_on_patients": False}
    write_bundle(tmp_path, meta, ["joints.onnx"])
    with pytest.raises(UsageError, match=rf"ONNX already: {tmp_path / 'joints.onnx'}"):
        export(open_bundle("joints", tmp_path), tmp_path / "out")


def test_without_onnx_the_message_says_so(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sharp_cli.inference.onnx_export.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="onnx not installed"):
        export(bundle, tmp_path)


class Member(nn.Module):
    """A member of an ensemble, as a user of torch would write it who has read the metadata."""

    def __init__(self, widths: Sequence[int], kinds: Sequence[int] | None = None) -> None:
        super().__init__()
        self.features = make_layers(list(tiny_findings.TINY))
        self.classifier = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.kinds = kinds
        if kinds is not None:
            for name, size in (("context", widths[-2]), ("alone", 1), ("kinds", max(kinds) + 1)):
                self.classifier.register_parameter(name, nn.Parameter(torch.zeros(size)))

    def forward(self, patches: Tensor) -> Tensor:
        maps = self.features(patches.flatten(0, 1)[:, None].expand(-1, 3, -1, -1))
        values = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], 1)
        values = values.reshape(*patches.shape[:2], -1)
        if self.kinds is None:
            values = values.flatten(1)
        for number, layer in enumerate(self.classifier):
            hidden = values.relu() if number else values
            values = layer(hidden)
        if self.kinds is None:
            return values.sigmoid()
        parts = ("context", "alone", "kinds")
        context, alone, kinds = (self.classifier.get_parameter(part) for part in parts)
        count = hidden.shape[1]
        others = (hidden.sum(1, keepdim=True) - hidden) / max(count - 1, 1) @ context
        logits = values[..., 0] + kinds[[*self.kinds]]
        return (logits + (others if count > 1 else alone)).sigmoid()


@pytest.mark.parametrize("model", tiny_findings.PAPERS)
def test_weights_make_the_classifier_in_torch(
    bundle: Bundle, tmp_path: Path, model: ModelName
) -> None:
    study: dict[Side, list[Patch]] = {"left": tiny_findings.hand(1), "right": tiny_findings.hand(2)}
    (said,) = Classifier(bundle, device="cpu").classify([study], model)
    expected = {(o.side, o.joint): o.probability for o in said if o.finding == "jsn"}
    pixels = {
        (side, one.joint): standardise(one.pixels, tiny_findings.SIZE)
        for side, patches in study.items()
        for one in patches
        if one.finding == "jsn"
    }
    found: dict[tuple[Side, str], float] = {}
    for weights in export(bundle, tmp_path, suffix=".safetensors", model=model, finding="jsn"):
        sets = input_sets(model, "jsn", weights.stem.split("-")[-1])
        count, tensors = len(sets[0]), load_file(weights)
        kinds = input_kinds(model, "jsn", weights.stem.split("-")[-1])
        # As `bundle` has them: heads of one and of two layers.
        members = nn.ModuleList(
            Member([16, *hidden, 1], kinds)
            if "0.classifier.context" in tensors
            else Member([16 * count, *hidden, count])
            for hidden in ([], [5])
        )
        members.load_state_dict(tensors)
        patches = np.array([[pixels[one.side, one.joint] for one in each] for each in sets])
        with torch.no_grad():
            answers = torch.stack([member(torch.from_numpy(patches)) for member in members]).mean(0)
        for each, row in zip(sets, answers.tolist(), strict=True):
            found |= {(o.side, o.joint): p for o, p in zip(each, row, strict=True)}
    assert found.keys() == expected.keys()
    assert np.ptp(list(expected.values())) > 0.1
    assert [found[key] for key in expected] == pytest.approx(list(expected.values()), abs=1e-5)


def test_files_of_a_lite_trunk(tmp_path: Path) -> None:
    network = tiny_findings.lite(models=["siso"], known=[("jsn", "CMC")])
    bundle = tiny_findings.write(tmp_path / "lite", network.member)
    patches = tiny_findings.hand(1)
    (said,) = Classifier(bundle, device="cpu").classify([{"left": patches}], "siso")
    squares = np.array(
        [
            [standardise(one.pixels, tiny_findings.SIZE)]
            for one in patches
            if one.finding == "jsn" and one.joint in {each.joint for each in said}
        ]
    )
    (file,) = export(bundle, tmp_path / "out")
    expected = pytest.approx([each.probability for each in said], abs=1e-4)
    assert run(file, squares)[:, 0] == expected
    (weights,) = export(bundle, tmp_path / "out", suffix=".safetensors")
    member = Member([640, 5, 1])
    member.features = make_lite()
    nn.ModuleList([member]).load_state_dict(load_file(weights))
    with torch.no_grad():
        assert member(torch.from_numpy(squares))[:, 0].tolist() == expected


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors"])
def test_files_say_what_they_are(bundle: Bundle, tmp_path: Path, suffix: Suffix) -> None:
    chosen: dict[str, Any] = {"model": "mimo-local", "finding": "erosion", "group": "CMC-M"}
    (file,) = export(bundle, tmp_path, suffix=suffix, **chosen)
    if suffix == ".onnx":
        told = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    else:
        with safe_open(file, "np") as content:
            told = content.metadata()
    assert told == {
        **chosen,
        "bundle": "tiny 1",
        "sha256": bundle.sha256,
        "sets": "left CMC1, right CMC1; left multangular, right multangular",
        "size": "64",
        "normalisation": "area-averaged to the size, then mean 0 and standard deviation 1 a patch",
        "threshold": "0.3",
        "notice": NOTICE,
    }


def test_both_kinds_are_written_by_one_call(bundle: Bundle, tmp_path: Path) -> None:
    call = ["models", "export", str(bundle.path), "--finding", "jsn", "--group", "MCP"]
    for_both = ["--onnx", str(tmp_path / "a.onnx"), "--safetensors", str(tmp_path / "b")]
    assert CliRunner().invoke(app, [*call, *for_both]).exit_code == 0
    written = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert written == ["a.onnx", "b/mimo-local-jsn-MCP.safetensors"]
    refused = CliRunner().invoke(app, call)
    assert refused.exit_code == 2
    assert "--onnx or --safetensors" in refused.stderr
