"""Counting operations: by hand, and as torch counts them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from timing.operations import (
    DETECTOR_VIEWS,
    FINDER_VIEWS,
    of_classifying,
    of_detecting,
    of_finding,
    of_model,
    of_studies,
    of_trunk,
)
from torch.utils.flop_counter import FlopCounterMode

from sharp_cli.inference import hand_finder
from sharp_cli.inference.findings_weights import read_weights
from sharp_cli.inference.networks import VGG16, make_trunk
from sharp_cli.inference.openvino_runtime import load_openvino
from sharp_cli.inference.trunk import Layers
from sharp_cli.scoring.loading import open_bundles


def test_a_trunk_takes_what_torch_counts() -> None:
    trunk = make_trunk(VGG16)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        trunk(torch.zeros(1, 3, 64, 64))
    layers = Layers.of({name: each.numpy() for name, each in trunk.state_dict().items()})
    assert of_trunk(layers, 64) == counter.get_total_flops()


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        # Outputs times multiplications of each: 2 * (8 * 6 * 6) * (4 * 3 * 3).
        ("convolution", 2 * 288 * 36),
        ("group_convolution", 2 * 288 * 18),  # of two groups, each of half the inputs
        ("transposed", 2 * (4 * 6 * 6) * (8 * 2 * 2)),  # each input goes to 8 maps of 2 x 2
        ("matrix", 2 * (4 * 6 * 5) * 6),
        ("matrix_transposed", 2 * (4 * 6 * 5) * 6),
        ("relu", 0),
    ],
)
def test_a_network_takes_what_its_layers_multiply(kind: str, count: int) -> None:
    openvino = load_openvino()
    ops = openvino.opset13
    given = ops.parameter([1, 4, 6, 6], np.float32)
    pads = ([1, 1], [1, 1], [1, 1], [1, 1])

    def weights(*shape: int) -> object:
        return ops.constant(np.zeros(shape, np.float32))

    made = {
        "convolution": lambda: ops.convolution(given, weights(8, 4, 3, 3), *pads),
        "group_convolution": lambda: ops.group_convolution(given, weights(2, 4, 2, 3, 3), *pads),
        "transposed": lambda: ops.convolution_backprop_data(given, weights(4, 8, 2, 2), [2, 2]),
        "matrix": lambda: ops.matmul(given, weights(6, 5), False, False),
        "matrix_transposed": lambda: ops.matmul(given, weights(6, 5), True, False),
        "relu": lambda: ops.relu(given),
    }[kind]()
    assert of_model(openvino.Model([made], [given])) == count


def test_each_distinct_patch_is_looked_at_once() -> None:
    findings = open_bundles()[2]
    weights = read_weights(findings)
    (layers,) = weights.trunks.values()
    assert of_classifying(findings, "mimo-local") == 2 * 22 * of_trunk(layers, weights.size)


def test_a_study_of_two_radiographs_runs_the_hand_finder_on_both() -> None:
    bundles = open_bundles()
    finding, detecting = of_finding(bundles[0]), of_detecting(bundles[1])
    counts = [of_studies(bundles, 1, radiographs=count) for count in range(3)]
    assert [after - before for before, after in pairwise(counts)] == [finding, finding]
    assert counts[0] == 2 * detecting + of_classifying(bundles[2], "mimo-local")


def test_views_are_those_that_are_looked_at() -> None:
    assert len(hand_finder._FIRST_VIEWS) == FINDER_VIEWS
    assert DETECTOR_VIEWS == 2
