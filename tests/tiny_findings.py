"""Small classification networks and their bundles, and patches for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.inputs import MODELS, input_kinds
from sharp_cli.core.joints import JOINT_GROUPS, TARGETS
from sharp_cli.core.records import Patch
from sharp_cli.inference.networks import (
    VGG16,
    make_head,
    make_lite,
    make_pooling_head,
    make_trunk,
)
from sharp_cli.training.findings_bundle import Member, head_tensors, trunk_tensors, write_findings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import nn

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.inference.networks import Head
    from sharp_cli.training.classifier.settings import Context

TINY: Final = (4, "M", 6, 8, "M", 8, "M", 8, "M", 8, "M")
SIZE: Final = 64
PAPERS: Final = MODELS[:4]


@dataclass(frozen=True)
class Network:
    """A trunk and heads by name."""

    trunk: nn.Sequential
    heads: Mapping[str, Head]

    @property
    def member(self) -> Member:
        tensors = trunk_tensors(self.trunk)
        heads: dict[str, NDArray[np.float32]] = {}
        for name, head in self.heads.items():
            heads |= head_tensors(name, head)
        return Member(dict.fromkeys(self.heads, tensors), heads)


def network(
    seed: int = 0,
    *,
    models: Iterable[ModelName] = PAPERS,
    known: Iterable[tuple[Finding, str]] = JOINT_GROUPS,
    layers: int = 2,
    context: Context = "concatenation",
    layout: Sequence[int | str] = TINY,
) -> Network:
    """A network of random weights, chosen such that its logits differ."""
    torch.manual_seed(seed)
    trunk = make_trunk(layout)
    if layout != VGG16:  # whose own initialisation is torchvision's
        for layer in trunk:
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return Network(trunk.eval(), _heads(2 * int(layout[-2]), models, known, layers, context))


def lite(
    seed: int = 0,
    *,
    models: Iterable[ModelName] = PAPERS,
    known: Iterable[tuple[Finding, str]] = JOINT_GROUPS,
) -> Network:
    """The same, but for its trunk: an EfficientNet-Lite0 with batch normalisation."""
    torch.manual_seed(seed)
    trunk = make_lite(batch_norm=True)
    for layer in trunk.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = 1.0
    trunk(torch.randn(4, 3, SIZE, SIZE))
    return Network(trunk.eval(), _heads(2 * 320, models, known, 2, "concatenation"))


def _heads(
    features: int,
    models: Iterable[ModelName],
    known: Iterable[tuple[Finding, str]],
    layers: int,
    context: Context,
) -> dict[str, Head]:
    heads = {}
    for model in models:
        for finding, group in known:
            positions = input_kinds(model, finding, group)
            count = len(positions)
            shape: dict[str, Any] = {"layers": layers, "hidden": 5, "dropout": 0.1}
            head: Head
            if context == "pooling":
                head = make_pooling_head(features, positions, **shape)
                for parameter in head.parameters(recurse=False):
                    torch.nn.init.normal_(parameter)
            else:
                head = make_head(features * count, count, **shape)
            heads[f"{model}/{finding}/{group}"] = head.eval()
    return heads


def write(
    folder: Path,
    *members: Member,
    threshold: float = 0.5,
    size: int = SIZE,
    familiarity: Mapping[str, Mapping[str, NDArray[np.float64]]] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Bundle:
    """The bundle of some members, or of `network()`."""
    members = members or (network().member,)
    thresholds: dict[ModelName, dict[str, float]] = {}
    for name in (head for member in members for head in member.trunks):
        model, _, head = name.partition("/")
        key = next(known for known in MODELS if known == model)
        thresholds.setdefault(key, {})[head] = threshold
    write_findings(
        folder, members, size=size, thresholds=thresholds, extra=extra or {}, card=None,
        familiarity=familiarity,
    )  # fmt: skip
    return open_bundle("findings", folder)


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
