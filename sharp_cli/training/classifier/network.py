"""The network of a training: heads, and the trunk below them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.training.classifier.head_units import HeadName


class Network(nn.Module):
    """Heads by name, and the trunk below them if it learns with them.

    Attributes:
        heads: From features, each divided by its scale, to logits.
        trunk: It, or None.
        scale: Of the features, shape (F,): all are about as large for the heads at first.
    """

    scale: Tensor

    def __init__(
        self, heads: Mapping[str, nn.Sequential], trunk: nn.Sequential | None, scale: Tensor
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.trunk = trunk
        self.register_buffer("scale", scale)

    def logits(self, head: HeadName, features: Tensor) -> Tensor:
        """Features of sets of inputs, shape (U, K, F), to logits, shape (U, K)."""
        found: Tensor = self.heads[str(head)]((features / self.scale).flatten(1))
        return found

    def plain_heads(self) -> dict[str, nn.Sequential]:
        """The heads, to be given features as they are."""
        heads = {}
        for name, head in self.heads.items():
            plain = copy.deepcopy(head)
            weight = plain[0].weight  # type: ignore[index]
            with torch.no_grad():
                weight /= self.scale.repeat(weight.shape[1] // len(self.scale))
            heads[name] = plain
        return heads  # type: ignore[return-value]
