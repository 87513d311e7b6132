"""The network that a training of a trunk fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from torch import Tensor, nn

from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS
from sharp_cli.inference.networks import HIDDEN, VGG16, make_head, make_trunk, pooled

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZE: Final = 128
"""Width and height of the network's input: 3 times fewer operations than VGG16's own 224."""

DROPOUT: Final = 0.25

_LOCALISED_AT: Final = 3
"""Index of the pool before which damage is localised: a cell is 8 pixels wide there."""

GRID: Final = SIZE // 2**_LOCALISED_AT
"""Width and height of the map in which damage is localised."""


class TrunkNetwork(nn.Module):
    """A trunk, a head for each finding and joint group, and a map of damage.

    Attributes:
        trunk: Pictures (N, 3, S, S) to maps (N, C, S / 32, S / 32).
        places: Maps before the fourth pool to a logit of damage for each finding.
        heads: By `finding/group`, the features of one joint to one logit.
    """

    def __init__(self, layout: Sequence[int | str] = VGG16, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.trunk = make_trunk(layout, batch_norm=batch_norm)
        pools = [number for number, size in enumerate(layout) if size == "M"]
        self.places = nn.Conv2d(int(layout[pools[_LOCALISED_AT] - 1]), len(FINDINGS), 1)
        features = 2 * int(layout[pools[-1] - 1])
        self.heads = nn.ModuleDict(
            {
                "/".join(head): make_head(features, 1, layers=2, hidden=HIDDEN, dropout=DROPOUT)
                for head in JOINT_GROUPS
            }
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None  # noqa: S101 - for the type checker
                nn.init.zeros_(module.bias)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 2 C) of standardised pictures (N, S, S), and logits of the map of damage."""
        layers = list(self.trunk)
        pools = [number for number, one in enumerate(layers) if isinstance(one, nn.MaxPool2d)]
        early = self.trunk[: pools[_LOCALISED_AT]](pictures[:, None].expand(-1, 3, -1, -1))
        return pooled(self.trunk[pools[_LOCALISED_AT] :](early)), self.places(early).float()
