"""The classification network in torch: for training, and for inference on a GPU.

One VGG16 trunk (Simonyan & Zisserman, ICLR 2015; torchvision's layout, so that its weights fit)
serves all joint groups and models. It is trained with batch normalisation, which `plain` folds
into the convolutions afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.vgg import cfgs, make_layers

from sharp_cli.joints import FINDINGS, HEADS

if TYPE_CHECKING:
    from collections.abc import Sequence

VGG16: Final[tuple[int | str, ...]] = tuple(cfgs["D"])
"""Channels of the convolutions, `M` for a maximum pool: configuration D of the paper."""

HIDDEN: Final = 64
"""Width of a head's hidden layer; a choice."""

DROPOUT: Final = 0.25

_PLACES: Final = 3
"""Index of the pool before which damage is localised."""


class FindingsNetwork(nn.Module):
    """A trunk and, for each finding and joint group, one head a model.

    Attributes:
        trunk: Pictures (N, 3, S, S) to maps (N, C, S / 32, S / 32).
        heads: `siso/<finding>/<group>` takes the features of one joint to one logit;
            `mimo-local/<finding>/<group>` those of the left and the right hand's joint,
            concatenated, to two logits, left and right.
        places: Maps before the fourth pool to a logit a finding, "here is damage"; in training
            it learns from where the lesions were put.
    """

    def __init__(
        self,
        layout: Sequence[int | str] = VGG16,
        *,
        hidden: int = HIDDEN,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        self.trunk = make_trunk(layout, batch_norm=batch_norm)
        pools = [number for number, size in enumerate(layout) if size == "M"]
        self.places = nn.Conv2d(int(layout[pools[_PLACES] - 1]), len(FINDINGS), 1)
        width = 2 * int(layout[pools[-1] - 1]) + len(FINDINGS)
        self.heads = nn.ModuleDict()
        for finding, group in HEADS:
            self.heads[f"siso/{finding}/{group}"] = _head(width, hidden, 1)
            self.heads[f"mimo-local/{finding}/{group}"] = _head(2 * width, hidden, 2)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None  # noqa: S101 - for the type checker
                nn.init.zeros_(module.bias)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """See `describe`."""
        return describe(self.trunk, self.places, pictures)


def describe(trunk: nn.Sequential, places: nn.Conv2d, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features of pictures, and where damage is seen.

    Args:
        trunk: The convolutions.
        places: Tells damage in the maps before the fourth pool.
        pictures: Standardised, shape (N, S, S).

    Returns:
        Features, shape (N, 2 C + findings): mean, then maximum of each of the trunk's C last maps,
        then the highest logit of each finding's places. And those logits, shape
        (N, findings, S / 8, S / 8).
    """
    pools = [number for number, layer in enumerate(trunk) if isinstance(layer, nn.MaxPool2d)]
    # Gray pictures fill torchvision's three channels.
    early = trunk[: pools[_PLACES]](pictures[:, None].expand(-1, 3, -1, -1))
    seen = places(early).float()
    maps = trunk[pools[_PLACES] :](early).float()
    features = [maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3)), seen.amax(dim=(2, 3))]
    return torch.cat(features, dim=1), seen


def make_trunk(layout: Sequence[int | str], *, batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a layout such as `VGG16`, as torchvision makes and numbers them."""
    trunk: nn.Sequential = make_layers(list(layout), batch_norm=batch_norm)
    return trunk


def _head(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Dropout(DROPOUT),
        nn.Linear(hidden, outputs),
    )


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
