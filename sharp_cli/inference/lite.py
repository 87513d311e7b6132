"""The trunk of EfficientNet-Lite0: its blocks, and the weights that they need.

EfficientNet-Lite0 is EfficientNet-B0 (Tan & Le, ICML 2019) without squeeze-and-excitation, its
activations rectifiers that are cut off at 6 (tensorflow/tpu, models/official/efficientnet/lite).
The trunk ends with the last block: the convolution of 1280 maps after it is left out. Padding is
TensorFlow's, so that ImageNet weights fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.inference.convolution import Convolution

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Unit:
    """A convolution without its weights.

    Attributes:
        name: Of its tensors, within its block.
        inputs: Maps that it takes.
        outputs: Maps that it makes.
        kernel: Width and height.
        stride: In both directions.
        groups: Into which inputs and outputs are divided.
        rectified: Whether a rectifier that is cut off at 6 follows.
    """

    name: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    groups: int = 1
    rectified: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """An inverted residual block.

    Attributes:
        expansion: How many times more maps are filtered than come in.
        kernel: Of the filters, one a map.
        stride: Of the filters.
        inputs: Maps that come in.
        outputs: Maps that come out.
    """

    expansion: int
    kernel: int
    stride: int
    inputs: int
    outputs: int

    @property
    def residual(self) -> bool:
        """Whether what comes in is added to what comes out."""
        return self.stride == 1 and self.inputs == self.outputs

    @property
    def units(self) -> Sequence[Unit]:
        """Its convolutions."""
        inner = self.expansion * self.inputs
        expand = [Unit("expand", self.inputs, inner)] if self.expansion > 1 else []
        return [
            *expand,
            Unit("depthwise", inner, inner, self.kernel, self.stride, groups=inner),
            Unit("project", inner, self.outputs, rectified=False),
        ]


STEM: Final = Unit("stem", 3, 32, kernel=3, stride=2)

# Of each stage: expansion, kernel, stride of its first block, outputs, number of blocks.
_STAGES: Final = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)


def _blocks() -> dict[str, Block]:
    blocks: list[Block] = []
    inputs = STEM.outputs
    for expansion, kernel, stride, outputs, count in _STAGES:
        blocks.append(Block(expansion, kernel, stride, inputs, outputs))
        blocks += [Block(expansion, kernel, 1, outputs, outputs)] * (count - 1)
        inputs = outputs
    return {f"block{number}": block for number, block in enumerate(blocks)}


BLOCKS: Final = _blocks()
"""By name, in order."""


def read(tensors: Mapping[str, NDArray[np.float32]]) -> tuple[Convolution, ...]:
    """The convolutions, their batch normalisation folded.

    Args:
        tensors: `stem.weight`, `stem.bias`, `block0.depthwise.weight`, …

    Raises:
        KeyError: One is missing.
        ValueError: One is of another shape, or does not belong there.
    """
    found = [_convolution(STEM.name, STEM, tensors)]
    for name, block in BLOCKS.items():
        units = block.units
        for unit in units:
            last = block.residual and unit is units[-1]
            added = len(units) - 1 if last else 0
            found.append(_convolution(f"{name}.{unit.name}", unit, tensors, added=added))
    known = {f"{layer.name}.{part}" for layer in found for part in ("weight", "bias")}
    if odd := sorted(tensors.keys() - known):
        message = f"{odd[0]} is of no convolution"
        raise ValueError(message)
    return tuple(found)


def _convolution(
    name: str, unit: Unit, tensors: Mapping[str, NDArray[np.float32]], *, added: int = 0
) -> Convolution:
    weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
    shape = (unit.outputs, unit.inputs // unit.groups, unit.kernel, unit.kernel)
    if weight.shape != shape or bias.shape != (unit.outputs,):
        message = f"convolution {name} does not fit"
        raise ValueError(message)
    return Convolution(
        name,
        weight,
        bias,
        stride=unit.stride,
        groups=unit.groups,
        activation="relu6" if unit.rectified else "none",
        added=added,
    )
