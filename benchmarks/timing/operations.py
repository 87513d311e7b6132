"""Floating point operations that networks need: two for each multiplication with its addition.

Counted are convolutions and matrix products of trunks, hand finder and joint detector. The rest
(rectifiers, pools, the heads of classifiers) is less than a thousandth of them.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.hand_finder import CHANNELS, INPUT
from sharp_cli.inference.joint_detector import FURTHER_VIEWS
from sharp_cli.inference.openvino_runtime import load_openvino

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.inference.trunk import Layers
    from sharp_cli.scoring.loading import Bundles

FINDER_VIEWS: Final = 2
"""Views of a picture in which `hands` looks for hands where none leaves doubt."""

DETECTOR_VIEWS: Final = 1 + len(FURTHER_VIEWS)
"""Views of a hand in which `detect` looks for joints."""


def of_studies(
    bundles: Bundles, studies: int, *, radiographs: int, model: ModelName = "mimo-local"
) -> int:
    """Of scoring both hands of some patients.

    Args:
        bundles: What scores.
        studies: How many patients.
        radiographs: How many radiographs they have together, of both hands or of one.
        model: What classifies.
    """
    hands, joints, findings = bundles
    of_hands = len(SIDES) * of_detecting(joints) + of_classifying(findings, model)
    return radiographs * of_finding(hands) + studies * of_hands


def of_finding(bundle: Bundle) -> int:
    """Of finding the hands of a radiograph."""
    return FINDER_VIEWS * of_onnx(bundle.path / "hands.onnx", (1, CHANNELS, INPUT, INPUT))


def of_detecting(bundle: Bundle) -> int:
    """Of detecting the joints of a hand."""
    view = bundle.meta["view"]
    shape = (1, 1, view["height"], view["width"])
    networks = bundle.meta["networks"]
    return DETECTOR_VIEWS * sum(of_onnx(bundle.path / one["file"], shape) for one in networks)


def of_classifying(bundle: Bundle, model: ModelName) -> int:
    """Of classifying the joints of both hands: each trunk looks once at each distinct patch."""
    weights = read_weights(bundle)
    looks = {
        (head.trunk, target.joint, target.box)
        for target in TARGETS
        for head in weights.heads.get((model, target.finding, target.group), ())
    }
    trunks = (weights.trunks[trunk] for trunk, _, _ in looks)
    return len(SIDES) * sum(of_trunk(layers, weights.size) for layers in trunks)


def of_trunk(layers: Layers, size: int) -> int:
    """Of a trunk that looks at a picture of `size` x `size` pixels."""
    count = 0
    for layer in layers.convolutions:
        size //= layer.stride
        count += 2 * layer.weight.size * size**2
        if layer.pooled:
            size //= 2
    return count


def of_onnx(path: Path, shape: Sequence[int]) -> int:
    """Of the network of an ONNX file, for an input of that shape."""
    model = load_openvino().Core().read_model(path)
    model.reshape(list(shape))
    return of_model(model)


def of_model(model: Any) -> int:
    """Of an `openvino.Model` whose shapes are known."""
    return sum(_of_operation(one) for one in model.get_ops())


def _of_operation(operation: Any) -> int:
    """By OpenVINO's layout of weights: that of each operation's specification."""
    kind = operation.get_type_name()
    if kind not in ("Convolution", "GroupConvolution", "ConvolutionBackpropData", "MatMul"):
        return 0
    given, weights = (_shape(operation.input(number)) for number in range(2))
    made = _shape(operation.output(0))
    if kind == "MatMul":
        inner = given[-2 if operation.get_attributes()["transpose_a"] else -1]
        return 2 * prod(made) * inner
    if kind == "ConvolutionBackpropData":  # (inputs, outputs, height, width)
        return 2 * prod(given) * prod(weights[1:])
    # (outputs, inputs, height, width), with the number of groups before that
    per_output = weights[1:] if kind == "Convolution" else weights[2:]
    return 2 * prod(made) * prod(per_output)


def _shape(port: Any) -> list[int]:
    return [int(side) for side in port.get_shape()]
