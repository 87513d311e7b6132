"""Heads of a findings bundle as ONNX files, for use elsewhere.

A file holds the trunk and the head of every member of the ensemble, in 32 bit. Its input `patches`
is float32 of shape (N, K, S, S): of N sets the K patches that the head looks at together, each as
`classify.standardise` gives it. Its output `probabilities` has shape (N, K). All K patches must be
there: a missing one, which is zeros to a head, cannot be told. Its metadata say which `bundle` it
is of, from which `threshold` on a joint is called non-intact, and what the `sets` of a study are.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from sharp_cli import output
from sharp_cli.classify import Classifier
from sharp_cli.errors import UsageError
from sharp_cli.findings_weights import read_weights
from sharp_cli.inputs import units, width

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.findings_weights import Head, HeadKey, Weights
    from sharp_cli.inputs import Input, ModelName
    from sharp_cli.registry import Bundle
    from sharp_cli.trunk import Layers

_SUFFIX: Final = ".onnx"
# Both of onnx 1.13 (2022), which older runtimes read too.
_OPSET: Final = 18
_IR_VERSION: Final = 8


def export(
    bundle: Bundle,
    target: Path,
    *,
    model: str | None = None,
    finding: str | None = None,
    group: str | None = None,
) -> list[Path]:
    """Write a file for each head that fits.

    Args:
        bundle: A bundle of kind `findings`.
        target: The file of one head, if it ends with .onnx; else a folder.
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
            str(bundle.path / n) for n in bundle.meta["sha256"] if n.endswith(_SUFFIX)
        )
        message = f"{bundle.path}: a bundle of kind {bundle.kind!r} is ONNX already: {files}"
        raise UsageError(message)
    if find_spec("onnx") is None:
        message = "onnx not installed; run: pip install 'sharp-cli[train]'"
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
    if target.suffix != _SUFFIX:
        files_of = {target / f"{'-'.join(key)}{_SUFFIX}": key for key in keys}
    elif len(keys) == 1:
        files_of = {target: keys[0]}
    else:
        message = (
            f"{target}: one file, and {len(keys)} heads; name a folder, or --finding and --group"
        )
        raise UsageError(message)
    for file, key in files_of.items():
        output.write(file, head_model(weights, key, bundle.name).SerializeToString())
    return list(files_of)


def head_model(weights: Weights, key: HeadKey, name: str) -> Any:
    """The network of one head, an `onnx.ModelProto`.

    Args:
        weights: What the bundle holds.
        key: Which head.
        name: The bundle's, to be told in the file.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415 - of training, and slow to load

    count, size = width(*key), weights.size
    graph = _Graph()
    squares = graph.add("Reshape", "patches", graph.constant(np.array([-1, 1, size, size])))
    features: dict[str, str] = {}
    members = []
    for head in weights.heads[key]:
        if head.trunk not in features:
            features[head.trunk] = _trunk(graph, weights.trunks[head.trunk], squares)
        members.append(_head(graph, head, features[head.trunk]))
    graph.add("Mean", *members, output="probabilities")
    made = helper.make_graph(
        graph.nodes,
        "-".join(key),
        [helper.make_tensor_value_info("patches", TensorProto.FLOAT, ["N", count, size, size])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", count])],
        graph.constants,
    )
    model = helper.make_model(
        made,
        producer_name="sharp-cli",
        ir_version=_IR_VERSION,
        opset_imports=[helper.make_opsetid("", _OPSET)],
    )
    sets = "; ".join(", ".join(map(_place, unit)) for unit in units(*key))
    told = {"bundle": name, "threshold": str(weights.thresholds[key]), "sets": sets}
    helper.set_model_props(model, told)
    return model


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
    """Pictures of shape (B, 1, S, S) to features of shape (B, F)."""
    maps = squares
    for number, layer in enumerate(layers.convolutions):
        # A gray picture fills all three channels, so their weights add up.
        weight = layer.weight if number else layer.weight.sum(axis=1, keepdims=True)
        kernel, bias = graph.constant(weight), graph.constant(layer.bias)
        maps = graph.add("Relu", graph.add("Conv", maps, kernel, bias, pads=[1, 1, 1, 1]))
        if layer.pooled:
            maps = graph.add("MaxPool", maps, kernel_shape=[2, 2], strides=[2, 2])
    axes = graph.constant(np.array([2, 3]))
    parts = [graph.add(kind, maps, axes, keepdims=0) for kind in ("ReduceMean", "ReduceMax")]
    return graph.add("Concat", *parts, axis=1)


def _head(graph: _Graph, head: Head, features: str) -> str:
    """Features of shape (N K, F) to probabilities of shape (N, K)."""
    values = graph.add("Reshape", features, graph.constant(np.array([-1, head.width])))
    for number, (weight, bias) in enumerate(head.layers):
        if number:
            values = graph.add("Relu", values)
        values = graph.add("Gemm", values, graph.constant(weight), graph.constant(bias), transB=1)
    return graph.add("Sigmoid", values)


def _place(one: Input) -> str:
    return f"{'earlier ' if one.earlier else ''}{one.side} {one.joint}"
