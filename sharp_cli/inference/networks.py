"""The classification networks in torch: for training, and for inference on a GPU.

A trunk is the convolutions of VGG16 (Simonyan & Zisserman, ICLR 2015), laid out as torchvision
does, so that its weights fit. It may be trained with batch normalisation, which `plain` folds into
the convolutions afterwards. Heads are those of `inference.heads`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.vgg import cfgs, make_layers

from sharp_cli.inference import heads

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


class ConcatenationHead(nn.Sequential):
    """See `heads.ConcatenationHead`; its layers are what it is made of."""

    def forward(self, features: Tensor) -> Tensor:
        """Features of input sets, shape (U, K, F), to logits, shape (U, K)."""
        values = features.flatten(1)
        for layer in self:
            values = layer(values)
        return values

    @torch.no_grad()
    def fold_scale(self, scale: Tensor) -> None:
        """Take features as they are, not divided by a scale of shape (F,)."""
        weight = _linear(self, 0).weight
        weight.div_(scale.repeat(weight.shape[1] // len(scale)))


class PoolingHead(nn.Module):
    """See `heads.PoolingHead`. At first the other inputs say nothing.

    Attributes:
        own: The layers, from the features of one input to one logit.
    """

    def __init__(self, own: nn.Sequential, positions: Sequence[int]) -> None:
        super().__init__()
        self.own = own
        self.context = nn.Parameter(torch.zeros(_linear(own, -1).in_features))
        self.alone = nn.Parameter(torch.zeros(1))
        self.kinds = nn.Parameter(torch.zeros(max(positions) + 1))
        self._positions = [*positions]

    def forward(self, features: Tensor) -> Tensor:
        """Features of input sets, shape (U, K, F), to logits, shape (U, K)."""
        hidden: Tensor = self.own[:-1](features)
        own = _linear(self.own, -1)(hidden)[..., 0] + self.kinds[self._positions]
        diagonal = torch.eye(features.shape[1], dtype=torch.bool, device=features.device)
        others = (features.any(dim=2)[:, None] & ~diagonal).to(hidden.dtype)
        count = others.sum(dim=2)
        said = (others @ hidden) @ self.context / count.clamp_min(1)
        logits: Tensor = own + torch.where(count > 0, said, self.alone)
        return logits

    @torch.no_grad()
    def fold_scale(self, scale: Tensor) -> None:
        """Take features as they are, not divided by a scale of shape (F,)."""
        _linear(self.own, 0).weight.div_(scale)
        if len(self.own) == 1:
            self.context.div_(scale)


Head: TypeAlias = ConcatenationHead | PoolingHead


def make_head(
    inputs: int, outputs: int, *, layers: int, hidden: int, dropout: float
) -> ConcatenationHead:
    """A head of one layout; its weights are the trainer's matter.

    Args:
        inputs: Number of features of a whole input set.
        outputs: Number of logits.
        layers: Number of fully connected layers, at least 1.
        hidden: Width of all but the last.
        dropout: Fraction of hidden values dropped in training.
    """
    return ConcatenationHead(*_layers(inputs, outputs, layers, hidden, dropout))


def make_pooling_head(
    features: int, positions: Sequence[int], *, layers: int, hidden: int, dropout: float
) -> PoolingHead:
    """A head of the other layout; see `make_head`.

    Args:
        features: Number of features of one input.
        positions: The kind of each input of a set.
        layers: As there.
        hidden: As there.
        dropout: As there.
    """
    return PoolingHead(nn.Sequential(*_layers(features, 1, layers, hidden, dropout)), positions)


def torch_head(head: heads.Head) -> Head:
    """A head in torch, with its weights."""
    layers: list[nn.Module] = []
    for weight, bias in head.layers:
        linear = nn.Linear(*reversed(weight.shape))
        linear.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
        layers += [linear, nn.ReLU()]
    if isinstance(head, heads.ConcatenationHead):
        return ConcatenationHead(*layers[:-1])
    made = PoolingHead(nn.Sequential(*layers[:-1]), head.positions)
    for name, parameter in made.named_parameters(recurse=False):
        parameter.data = torch.from_numpy(head.tensors[name])
    return made


def _linear(layers: nn.Sequential, place: int) -> nn.Linear:
    """The first or last layer of a head, which is fully connected."""
    layer = layers[place]
    assert isinstance(layer, nn.Linear)  # noqa: S101 - for the type checker
    return layer


def _layers(inputs: int, outputs: int, layers: int, hidden: int, dropout: float) -> list[nn.Module]:
    """Fully connected layers with rectifiers between them."""
    widths = [inputs, *[hidden] * (layers - 1)]
    parts: list[nn.Module] = []
    for before, after in pairwise(widths):
        parts += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
    return [*parts, nn.Linear(widths[-1], outputs)]
