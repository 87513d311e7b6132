"""Heads of a findings bundle as files for use elsewhere: ONNX networks, or safetensors weights.

A file holds the trunk and the head of every member of the ensemble, in 32 bit. What goes in are
`patches`, float32 of shape (N, K, S, S): of N input sets the K patches, each as
`classifier.standardise` gives it. What comes out are `probabilities` of shape (N, K), scores before
calibration; and where heads grade, `grade_probabilities` of shape (N, K, G + 1): of the grades 0 to
G, as `sharp score` gives them. All K patches must be there: the features of a missing one, which
are zeros, cannot be given. The metadata name the `bundle` with its version, the `sha256` of its
`bundle.json`, `model`, `finding` and `group`; the `sets` of a study, in order; `size` (S) and
`normalisation` of a patch; from which `threshold` on a joint is called non-intact; and a `notice`.
Where heads grade, they also give the `grade_slope` and `grade_cuts` of `inference.grading`; and
where scores are calibrated, the `calibration_slope` and `calibration_intercept` of
`inference.score_calibration` and the `prevalence` that grades are of.

An ONNX file computes this. The weights of a safetensors file are called as torch calls those of a
list of members, each with its trunk (a patch in all three channels) and the head:
`0.features.0.weight`, …, `0.classifier.0.weight`, …. The trunk is torchvision's `vgg16().features`,
or `networks.make_lite()` where its first weights are `0.features.stem.weight`. The head takes the
mean and the maximum of the last maps of each patch, `networks.pooled`; what its tensors are called
and how it computes logits is in `inference.heads`. A logistic function follows. Members are
averaged. `0.grades.0.weight`, … are the head that grades: of the same layout, its logits are
severities, which are averaged as they are.
"""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import numpy as np

from sharp_cli.core.about import NOTICE
from sharp_cli.core.errors import UsageError
from sharp_cli.core.inputs import input_sets, set_size
from sharp_cli.core.joints import GRADES
from sharp_cli.core.prevalence import TABLE_2
from sharp_cli.fileio import output
from sharp_cli.inference.classifier import Classifier
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.heads import ConcatenationHead

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import Input, ModelName
    from sharp_cli.inference.findings_weights import Weights
    from sharp_cli.inference.heads import Head, HeadKey, LayerWeights
    from sharp_cli.inference.trunk import Layers

Suffix: TypeAlias = Literal[".onnx", ".safetensors"]

# Both of onnx 1.13 (2022), which older runtimes read too.
_OPSET: Final = 18
_IR_VERSION: Final = 8

_CERTAIN: Final = 100.0
"""Log-odds of what is certain, in 32 bit."""

_NORMALISATION: Final = "area-averaged to the size, then mean 0 and standard deviation 1 a patch"
"""What `classifier.standardise` does."""


def export(
    bundle: Bundle,
    target: Path,
    *,
    suffix: Suffix = ".onnx",
    model: str | None = None,
    finding: str | None = None,
    group: str | None = None,
) -> list[Path]:
    """Write a file for each head that fits.

    Args:
        bundle: A bundle of kind `findings`.
        target: The file of one head, if it ends with the suffix; else a folder.
        suffix: Which kind of file.
        model: Of which model; None for the one that classifies if none is asked for.
        finding: Of which finding; None for both.
        group: Of which joint group; None for all.

    Returns:
        The files that were written.

    Raises:
        ModelError: The bundle does not hold what it should.
        OutputError: A file cannot be written.
        UsageError: It is an ONNX file already, no head fits, several fit and `target` is one file,
            or onnx is not installed.
    """
    if bundle.kind != "findings":
        files = ", ".join(
            str(bundle.path / n) for n in bundle.meta["sha256"] if n.endswith(".onnx")
        )
        message = f"{bundle.path}: a bundle of kind {bundle.kind!r} is ONNX already: {files}"
        raise UsageError(message)
    if suffix == ".onnx" and find_spec("onnx") is None:
        message = "onnx not installed; run: pip install 'sharp-cli[export]'"
        raise UsageError(message)
    chosen = Classifier(bundle, device="cpu").choose(cast("ModelName | None", model))
    weights = read_weights(bundle)
    asked = (chosen, finding, group)
    keys = [
        key
        for key in weights.heads
        if all(want in (None, has) for want, has in zip(asked, key, strict=True))
    ]
    if not keys:
        held = ", ".join(f"{key[1]}/{key[2]}" for key in weights.heads if key[0] == chosen)
        message = f"--finding, --group: no such head of {chosen} in {bundle.path}; it has {held}"
        raise UsageError(message)
    if target.suffix != suffix:
        files_of = {target / f"{'-'.join(key)}{suffix}": key for key in keys}
    elif len(keys) == 1:
        files_of = {target: keys[0]}
    else:
        message = (
            f"{target}: one file, and {len(keys)} heads; name a folder, or --finding and --group"
        )
        raise UsageError(message)
    for file, key in files_of.items():
        metadata = _metadata(bundle, weights, key)
        content = (
            _network(weights, key, metadata)
            if suffix == ".onnx"
            else _tensors(weights, key, metadata)
        )
        output.write(file, content)
    return list(files_of)


def _metadata(bundle: Bundle, weights: Weights, key: HeadKey) -> dict[str, str]:
    """The metadata of a head's file."""
    graded: dict[str, str] = {}
    if key in weights.grades:
        model = weights.grades[key]
        graded = {"grade_slope": str(model.slope), "grade_cuts": " ".join(map(str, model.cuts))}
        if key in weights.calibration:
            calibration = weights.calibration[key]
            graded |= {
                "calibration_slope": str(calibration.slope),
                "calibration_intercept": str(calibration.intercept),
                "prevalence": str(TABLE_2[key[1:]]),
            }
    return {
        "bundle": bundle.name,
        "sha256": bundle.sha256,
        **dict(zip(("model", "finding", "group"), key, strict=True)),
        "sets": "; ".join(", ".join(map(_name, inputs)) for inputs in input_sets(*key)),
        "size": str(weights.size),
        "normalisation": _NORMALISATION,
        "threshold": str(weights.thresholds[key]),
        **graded,
        "notice": NOTICE,
    }


def _tensors(weights: Weights, key: HeadKey, metadata: dict[str, str]) -> bytes:
    """The weights of one head and its trunks, a safetensors file."""
    from safetensors.numpy import save  # noqa: PLC0415 - as onnx

    tensors: dict[str, NDArray[np.float32]] = {}
    for number, head in enumerate(weights.heads[key]):
        for name, tensor in weights.trunks[head.trunk].tensors.items():
            tensors[f"{number}.features.{name}"] = tensor
        tensors |= {f"{number}.classifier.{part}": one for part, one in head.tensors.items()}
    for number, head in enumerate(weights.grade_heads.get(key, ())):
        tensors |= {f"{number}.grades.{part}": one for part, one in head.tensors.items()}
    return bytes(save({name: np.ascontiguousarray(one) for name, one in tensors.items()}, metadata))


def _network(weights: Weights, key: HeadKey, metadata: dict[str, str]) -> bytes:
    """The network of one head, an ONNX file."""
    from onnx import TensorProto, helper  # noqa: PLC0415 - of training, and slow to load

    count, size = set_size(*key), weights.size
    graph = _Graph()
    squares = _reshape(graph, "patches", -1, 1, size, size)
    features: dict[str, str] = {}
    members = []
    for head in weights.heads[key]:
        if head.trunk not in features:
            features[head.trunk] = _trunk(graph, weights.trunks[head.trunk], squares)
        members.append(graph.add("Sigmoid", _head(graph, head, features[head.trunk], count)))
    shapes: dict[str, list[str | int]] = {"probabilities": ["N", count]}
    scores = graph.add("Mean", *members, output="probabilities")
    if key in weights.grades:
        severities = [
            _head(graph, head, features[head.trunk], count) for head in weights.grade_heads[key]
        ]
        grades = _grades(graph, weights, key, scores, graph.add("Mean", *severities))
        shapes[grades] = ["N", count, GRADES[key[1]][-1] + 1]
    made = helper.make_graph(
        graph.nodes,
        "-".join(key),
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["N", count, size, size])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in shapes.items()
        ],
        graph.constants,
    )
    model = helper.make_model(
        made,
        producer_name="sharp-cli",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    helper.set_model_props(model, metadata)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants as they are added, under names that count them."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: NDArray[Any]) -> str:
        """Add an array; gives its name."""
        from onnx import numpy_helper  # noqa: PLC0415

        name = f"constant-{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add a node of one output; gives the output's name."""
        from onnx import helper  # noqa: PLC0415

        name = output or f"{kind}-{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


def _trunk(graph: _Graph, layers: Layers, squares: str) -> str:
    """Patches of shape (B, 1, S, S) to features of shape (B, F)."""
    maps = squares
    inputs = []
    for number, layer in enumerate(layers.convolutions):
        inputs.append(maps)
        # A grey patch fills all three channels, so their weights add up.
        weight = layer.weight if number else layer.weight.sum(axis=1, keepdims=True)
        before, after = layer.padding
        maps = graph.add(
            "Conv",
            maps,
            graph.constant(weight),
            graph.constant(layer.bias),
            pads=[before, before, after, after],
            strides=[layer.stride] * 2,
            group=layer.groups,
        )
        if layer.activation == "relu":
            maps = graph.add("Relu", maps)
        elif layer.activation == "relu6":
            limits = (graph.constant(np.array(limit, np.float32)) for limit in (0, 6))
            maps = graph.add("Clip", maps, *limits)
        if layer.added:
            maps = graph.add("Add", maps, inputs[-1 - layer.added])
        if layer.pooled:
            maps = graph.add("MaxPool", maps, kernel_shape=[2, 2], strides=[2, 2])
    axes = graph.constant(np.array([2, 3]))
    parts = [graph.add(kind, maps, axes, keepdims=0) for kind in ("ReduceMean", "ReduceMax")]
    return graph.add("Concat", *parts, axis=1)


def _head(graph: _Graph, head: Head, features: str, count: int) -> str:
    """Features of shape (N K, F), K = `count`, to logits of shape (N, K)."""
    if isinstance(head, ConcatenationHead):
        inputs = head.layers[0][0].shape[1]
        return _fully_connected(graph, head.layers, _reshape(graph, features, -1, inputs))
    hidden = features
    if head.layers[1:]:
        hidden = graph.add("Relu", _fully_connected(graph, head.layers[:-1], features))
    own = _reshape(graph, _fully_connected(graph, head.layers[-1:], hidden), -1, count)
    # All inputs are there: each is weighed alike, but for oneself.
    others = (1 - np.eye(count, dtype=np.float32)) / max(count - 1, 1)
    sets = _reshape(graph, hidden, -1, count, len(head.context))
    pooled = graph.add("MatMul", graph.constant(others), sets)
    said = graph.add("MatMul", pooled, graph.constant(head.context))
    offsets = head.kinds[[*head.positions]] + (head.alone if count == 1 else 0)
    return graph.add("Sum", own, said, graph.constant(offsets))


def _grades(graph: _Graph, weights: Weights, key: HeadKey, scores: str, severities: str) -> str:
    """Scores and severities, both of shape (N, K), to the probabilities of the grades 0, 1, ...

    See `grading.GradeCalibration.at_least` and `score_calibration.Calibration.probability`.
    """
    model, damage = weights.grades[key], scores
    if key in weights.calibration:
        calibration, prevalence = weights.calibration[key], TABLE_2[key[1:]]
        offset = calibration.intercept + math.log(prevalence / (1 - prevalence))
        rest = graph.add("Sub", graph.constant(np.array(1, np.float32)), scores)
        odds = graph.add("Log", graph.add("Div", scores, rest))
        odds = graph.add("Mul", odds, graph.constant(np.array(calibration.slope, np.float32)))
        odds = graph.add("Add", odds, graph.constant(np.array(offset, np.float32)))
        damage = graph.add("Sigmoid", odds)
    highest, last = len(model.cuts) + 1, graph.constant(np.array([-1]))
    # That the grade of a damaged joint is at least 1 is certain, whatever its severity.
    slopes = np.array([0.0, *[model.slope] * len(model.cuts)], np.float32)
    offsets = np.array([_CERTAIN, *(-cut for cut in model.cuts)], np.float32)
    odds = graph.add("Mul", graph.add("Unsqueeze", severities, last), graph.constant(slopes))
    given = graph.add("Sigmoid", graph.add("Add", odds, graph.constant(offsets)))
    at_least = graph.add("Mul", graph.add("Unsqueeze", damage, last), given)
    # What is at least of a grade, but not of the next one; 1 is at least of grade 0.
    differences = np.eye(highest, highest + 1, 1) - np.eye(highest, highest + 1)
    shares = graph.add("MatMul", at_least, graph.constant(differences.astype(np.float32)))
    first = graph.constant(np.eye(1, highest + 1, dtype=np.float32)[0])
    return graph.add("Add", shares, first, output="grade_probabilities")


def _fully_connected(graph: _Graph, layers: LayerWeights, values: str) -> str:
    """Values of shape (B, inputs) to those of the last of some layers, shape (B, outputs)."""
    for number, (weight, bias) in enumerate(layers):
        if number:
            values = graph.add("Relu", values)
        values = graph.add("Gemm", values, graph.constant(weight), graph.constant(bias), transB=1)
    return values


def _reshape(graph: _Graph, values: str, *shape: int) -> str:
    return graph.add("Reshape", values, graph.constant(np.array(shape)))


def _name(one: Input) -> str:
    return f"{'earlier ' if one.earlier else ''}{one.side} {one.joint}"
