"""The classification networks in torch: for training, and for inference on a GPU.

A trunk is the convolutions of VGG16 (Simonyan & Zisserman, ICLR 2015), laid out as torchvision
does, so that its weights fit. It may be trained with batch normalisation, which `plain` folds into
the convolutions afterwards. A head is a few fully connected layers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.vgg import cfgs, make_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

VGG16: Final[tuple[int | str, ...]] = tuple(cfgs["D"])
"""Channels of the convolutions, `M` for a maximum pool: configuration D of the paper."""

HIDDEN: Final = 32
"""Width of hidden layers; small enough that the heads of all models fit beside the trunk."""


def make_trunk(layout: Sequence[int | str], *, batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a layout such as `VGG16`, as torchvision makes and numbers them."""
    trunk: nn.Sequential = make_layers(list(layout), batch_norm=batch_norm)
    return trunk


def plain(trunk: nn.Sequential) -> nn.Sequential:
    """The trunk without batch normalisation that gives what `trunk` gives in evaluation."""
    layers: list[nn.Module] = []
    for layer in trunk:
        if isinstance(layer, nn.BatchNorm2d):
            convolution = layers[-1]
            assert isinstance(convolution, nn.Conv2d)  # noqa: S101 - make_layers puts one there
            layers[-1] = fuse_conv_bn_eval(convolution.eval(), layer.eval())
        else:
            layers.append(layer)
    return nn.Sequential(*layers)


def extract_features(trunk: nn.Sequential, patches: Tensor) -> Tensor:
    """The features of patches.

    Args:
        trunk: Patches (N, 3, S, S) to maps (N, C, S / 32, S / 32).
        patches: Standardised, shape (N, S, S).

    Returns:
        float32, shape (N, 2 C): mean, then maximum of each of the C maps.
    """
    # Grey patches fill torchvision's three channels.
    return pooled(trunk(patches[:, None].expand(-1, 3, -1, -1)))


def pooled(maps: Tensor) -> Tensor:
    """Features (N, 2 C) of a trunk's last maps (N, C, H, W): means, then maxima, in float32."""
    maps = maps.float()
    return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def make_head(
    inputs: int, outputs: int, *, layers: int, hidden: int, dropout: float
) -> nn.Sequential:
    """Fully connected layers with rectifiers between them; their weights are the trainer's matter.

    Args:
        inputs: Number of features of a whole input set.
        outputs: Number of logits.
        layers: Number of fully connected layers, at least 1.
        hidden: Width of all but the last.
        dropout: Fraction of hidden values dropped in training.
    """
    widths = [inputs, *[hidden] * (layers - 1)]
    parts: list[nn.Module] = []
    for before, after in pairwise(widths):
        parts += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts, nn.Linear(widths[-1], outputs))
