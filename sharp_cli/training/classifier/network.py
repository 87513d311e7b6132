"""The network that a training fits: heads, and the trunk below them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sharp_cli.inference.networks import Head
    from sharp_cli.training.classifier.input_sets import HeadName


class ClassifierNetwork(nn.Module):
    """Heads by name, and the trunk below them if it is trained with them.

    Attributes:
        heads: Each maps features, divided by their scale, to logits.
        cuts: Cut-points of the heads that grade, shape (G - 1,); see `inference.grading`.
        trunk: None if it stays frozen.
        scale: Of each feature, shape (F,), so that the heads start from features of similar size.
    """

    scale: Tensor

    def __init__(
        self,
        heads: Mapping[str, Head],
        trunk: nn.Sequential | None,
        scale: Tensor,
        cuts: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.cuts = nn.ParameterDict(cuts)
        self.trunk = trunk
        self.register_buffer("scale", scale)

    def logits(self, head: HeadName, features: Tensor) -> Tensor:
        """Logits, shape (U, K), of the features of input sets, shape (U, K, F)."""
        logits: Tensor = self.heads[str(head)](features / self.scale)
        return logits

    def plain_heads(self) -> dict[str, Head]:
        """The heads with the scale folded in: they take unscaled features."""
        heads = {name: copy.deepcopy(head) for name, head in self.heads.items()}
        for head in heads.values():
            head.fold_scale(self.scale)  # type: ignore[operator]
        return heads  # type: ignore[return-value]
