"""The weights of a VGG16 trunk (Simonyan & Zisserman, ICLR 2015): 3x3 convolutions and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sharp_cli.inference.convolution import Convolution

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_POOLS: Final = 5

# How torchvision numbers layers: a convolution and its rectifier take two numbers, a pool a third.
_WITHOUT_POOL: Final = 2
_WITH_POOL: Final = 3


def read(tensors: Mapping[str, NDArray[np.float32]]) -> tuple[Convolution, ...]:
    """The convolutions, by the names `<n>.weight`, `<n>.bias` and the shapes of tensors.

    Args:
        tensors: Called as in torchvision's `vgg16().features`.

    Raises:
        KeyError: One lacks its weight or its bias.
        ValueError: They do not make a trunk.
    """
    names = sorted({int(name.partition(".")[0]) for name in tensors})
    convolutions = []
    inputs = 3
    for name, following in zip(names, [*names[1:], None], strict=True):
        weight, bias = tensors[f"{name}.weight"], tensors[f"{name}.bias"]
        pooled = following is None or following == name + _WITH_POOL
        if weight.shape != (len(bias), inputs, 3, 3) or not (
            pooled or following == name + _WITHOUT_POOL
        ):
            message = f"convolution {name} does not fit"
            raise ValueError(message)
        convolutions.append(Convolution(str(name), weight, bias, pooled=pooled))
        inputs = len(bias)
    pools = sum(layer.pooled for layer in convolutions)
    if pools != _POOLS:
        message = f"{pools} pools"
        raise ValueError(message)
    return tuple(convolutions)
