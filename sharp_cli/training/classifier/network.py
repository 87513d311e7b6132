"""The network that a training fits: heads, and the trunk below them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.training.classifier.input_sets import HeadName


class ClassifierNetwork(nn.Module):
    """Heads by name, and the trunk below them if it is trained with them.

    Attributes:
        heads: Each maps features, divided by their scale, to logits.
        trunk: None if it stays frozen.
        scale: Of each feature, shape (F,), so that the heads start from features of similar size.
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
        """Logits, shape (U, K), of the features of input sets, shape (U, K, F)."""
        logits: Tensor = self.heads[str(head)]((features / self.scale).flatten(1))
        return logits

    def plain_heads(self) -> dict[str, nn.Sequential]:
        """The heads with the scale folded in: they take unscaled features."""
        heads = {}
        for name, head in self.heads.items():
            plain = copy.deepcopy(head)
            weight = plain[0].weight  # type: ignore[index]
            with torch.no_grad():
                weight /= self.scale.repeat(weight.shape[1] // len(self.scale))
            heads[name] = plain
        return heads  # type: ignore[return-value]
