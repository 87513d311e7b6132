"""The network that a training of a trunk fits, for each architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from torch import Tensor, nn

from sharp_cli.core.joints import FINDINGS, GROUP_JOINTS, JOINT_GROUPS
from sharp_cli.inference.networks import (
    HIDDEN,
    VGG16,
    in_three_channels,
    make_head,
    make_lite,
    make_trunk,
    pooled,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sharp_cli.core.joints import Finding
    from sharp_cli.inference.trunk import ArchitectureName

SIZE: Final = 128
"""Width and height of the network's input: 3 times fewer operations than VGG16's own 224."""

DROPOUT: Final = 0.25


def rows_by_group(joints: Sequence[str]) -> Iterator[tuple[Finding, str, list[bool]]]:
    """Each finding and joint group that occurs among joints, and which of them are of it."""
    for finding, group in JOINT_GROUPS:
        rows = [joint in GROUP_JOINTS[finding, group] for joint in joints]
        if any(rows):
            yield finding, group, rows


class TrunkMaker(Protocol):
    """Makes trunks of an architecture."""

    def __call__(self, *, batch_norm: bool) -> nn.Sequential:
        """A new trunk: pictures (N, 3, S, S) to maps (N, C, S / 32, S / 32)."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How trunks of an architecture are made and trained.

    Attributes:
        make: Makes one.
        early: Of one, how many layers come before damage is localised.
        cell: Width and height of a cell of the maps there, in pixels.
        batch: Patches per step.
        rate: Adam's highest learning rate, unless the trunk was trained already.
        half_on_cpu: Whether 16 bit are faster than 32 on a processor that computes in both.
    """

    make: TrunkMaker
    early: Callable[[nn.Sequential], int]
    cell: int
    batch: int
    rate: float
    half_on_cpu: bool

    @property
    def grid(self) -> int:
        """Width and height of the map in which damage is localised, in cells."""
        return SIZE // self.cell


def _make_vgg16(*, batch_norm: bool) -> nn.Sequential:
    return make_trunk(VGG16, batch_norm=batch_norm)


def _before_fourth_pool(trunk: nn.Sequential) -> int:
    pools = [number for number, layer in enumerate(trunk) if isinstance(layer, nn.MaxPool2d)]
    return pools[3]


def _after_fifth_stage(trunk: nn.Sequential) -> int:
    return [name for name, _ in trunk.named_children()].index("block10") + 1


RECIPES: Final[dict[ArchitectureName, Recipe]] = {
    "vgg16": Recipe(
        _make_vgg16, _before_fourth_pool, cell=8, batch=24, rate=7e-4, half_on_cpu=True
    ),
    # Depthwise convolutions gain nothing from matrix units.
    "lite": Recipe(make_lite, _after_fifth_stage, cell=16, batch=32, rate=1e-3, half_on_cpu=False),
}


class TrunkNetwork(nn.Module):
    """A trunk, a head for each finding and joint group, and a map of damage.

    Attributes:
        recipe: Of the trunk's architecture.
        trunk: Pictures (N, 3, S, S) to maps (N, C, S / 32, S / 32).
        places: Maps of an earlier layer to a logit of damage for each finding.
        heads: By `finding/group`, the features of one joint to one logit.
        imitation: Its features to those of a teacher, if it has one.
    """

    def __init__(self, recipe: Recipe, *, batch_norm: bool = True, teacher: int = 0) -> None:
        """Make one with random weights.

        Args:
            recipe: How.
            batch_norm: Whether its trunk has batch normalisation.
            teacher: How many features its teacher has, 0 without one.
        """
        super().__init__()
        self.recipe = recipe
        self.trunk = recipe.make(batch_norm=batch_norm)
        self._early = recipe.early(self.trunk)
        self.places = nn.Conv2d(_width(self.trunk[: self._early]), len(FINDINGS), 1)
        features = 2 * _width(self.trunk)
        self.heads = nn.ModuleDict(
            {
                "/".join(head): make_head(features, 1, layers=2, hidden=HIDDEN, dropout=DROPOUT)
                for head in JOINT_GROUPS
            }
        )
        self.imitation = nn.Linear(features, teacher) if teacher else None
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 2 C) of standardised pictures (N, S, S), and logits of the map of damage."""
        early = self.trunk[: self._early](in_three_channels(pictures))
        return pooled(self.trunk[self._early :](early)), self.places(early).float()


def _width(layers: nn.Sequential) -> int:
    """Number of the last maps."""
    return [one.out_channels for one in layers.modules() if isinstance(one, nn.Conv2d)][-1]
