"""A convolution of a trunk with its weights, whatever the trunk's architecture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

Activation: TypeAlias = Literal["relu", "relu6", "none"]


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution, and what follows it before the next one.

    Attributes:
        name: Of its tensors, `<name>.weight` and `<name>.bias`.
        weight: Shape (outputs, inputs of a group, k, k).
        bias: Shape (outputs,).
        stride: In both directions.
        groups: Into which inputs and outputs are divided.
        activation: A rectifier, one that is cut off at 6, or none.
        added: How many convolutions earlier the block began whose input is added after that; 0
            where none is.
        pooled: Whether a maximum pool of 2x2 comes last.
    """

    name: str
    weight: Array
    bias: Array
    stride: int = 1
    groups: int = 1
    activation: Activation = "relu"
    added: int = 0
    pooled: bool = False

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before and after the maps, in both directions: TensorFlow's for an even size."""
        total = self.weight.shape[-1] - self.stride
        return total // 2, total - total // 2
