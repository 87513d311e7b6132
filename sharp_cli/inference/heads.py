"""The heads of a findings bundle in numpy; `inference.networks` has the same in torch.

A head takes the features of an input set, a row an input, and gives each input its logit. Features
of a missing input are zeros. There are two layouts:

- `ConcatenationHead`, the paper's, takes all rows together through fully connected layers. Its
  tensors are `<k>.weight` and `<k>.bias`, k = 0, 1, 2.
- `PoolingHead` takes each row through the same layers to one logit, as a head of single joints
  does, and adds what the other inputs say. Its tensors are those of its layers, named alike, and
  `context`, `alone` and `kinds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sharp_cli.core.inputs import input_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding

    Array = NDArray[np.float32]
    HeadKey: TypeAlias = tuple[ModelName, Finding, str]
    """Model, finding and joint group."""
    LayerWeights: TypeAlias = tuple[tuple[Array, Array], ...]
    """Weights, shape (outputs, inputs), and biases, shape (outputs,), of layers in order."""

_DEPTHS: Final = (1, 2, 3)
"""How many fully connected layers a head may have."""

_CONTEXT: Final = ("context", "alone", "kinds")
"""The tensors that a `PoolingHead` has beside its layers."""


@dataclass(frozen=True, slots=True)
class ConcatenationHead:
    """Fully connected layers on all inputs together, with rectifiers between them.

    Attributes:
        trunk: File of the trunk whose features it takes.
        layers: From the features of K inputs, K F, to K logits.
    """

    trunk: str
    layers: LayerWeights

    def __call__(self, features: Array) -> Array:
        """Features of a set, shape (K, F), to logits, shape (K,)."""
        values = features.ravel()
        for number, (weight, bias) in enumerate(self.layers):
            values = weight @ (np.maximum(values, 0) if number else values) + bias
        return values

    @property
    def tensors(self) -> dict[str, Array]:
        """Its tensors by name."""
        return _layer_tensors(self.layers)


@dataclass(frozen=True, slots=True)
class PoolingHead:
    """Fully connected layers on each input by itself, and what the other inputs say.

    The last layer takes H numbers of each input. Of those of the other inputs that are there the
    mean is taken, weighted, and added to the logit.

    Attributes:
        trunk: File of the trunk whose features it takes.
        layers: From the features of one input, F, to one logit.
        context: Weights of the mean, shape (H,).
        alone: Added to the logit instead where no other input is there, shape (1,).
        kinds: Added to the logits of each kind of input, shape (P,).
        positions: The kind of each input; see `inputs.input_kinds`.
    """

    trunk: str
    layers: LayerWeights
    context: Array
    alone: Array
    kinds: Array
    positions: Sequence[int]

    def __call__(self, features: Array) -> Array:
        """Features of a set, shape (K, F), to logits, shape (K,)."""
        hidden = features
        for weight, bias in self.layers[:-1]:
            hidden = np.maximum(hidden @ weight.T + bias, 0)
        others = features.any(axis=1) & ~np.eye(len(features), dtype=bool)
        count = others.sum(axis=1)
        said = (others.astype(np.float32) @ hidden) @ self.context / np.maximum(count, 1)
        weight, bias = self.layers[-1]
        own = hidden @ weight[0] + bias + self.kinds[[*self.positions]]
        return np.asarray(own + np.where(count, said, self.alone), dtype=np.float32)

    @property
    def tensors(self) -> dict[str, Array]:
        """Its tensors by name."""
        context = zip(_CONTEXT, (self.context, self.alone, self.kinds), strict=True)
        return {**_layer_tensors(self.layers), **dict(context)}


Head: TypeAlias = ConcatenationHead | PoolingHead


def make_head(trunk: str, key: HeadKey, tensors: Mapping[str, Array], *, features: int) -> Head:
    """The head that some tensors make; their names tell its layout.

    Args:
        trunk: File of the trunk whose features it takes.
        key: Whose head it is.
        tensors: By name.
        features: Number of features of an input.

    Raises:
        ValueError: A tensor is missing, or they do not fit together.
    """
    positions = input_kinds(*key)
    name, inputs = "/".join(key), len(positions)
    if not tensors.keys() & set(_CONTEXT):
        layers = _layers(name, tensors, inputs=features * inputs, outputs=inputs)
        return ConcatenationHead(trunk, layers)
    if not tensors.keys() >= set(_CONTEXT):
        raise ValueError(_held(name, tensors))
    own = {part: tensor for part, tensor in tensors.items() if part not in _CONTEXT}
    layers = _layers(name, own, inputs=features, outputs=1)
    context, alone, kinds = (tensors[part] for part in _CONTEXT)
    shapes = (context.shape, alone.shape, kinds.shape)
    if shapes != (layers[-1][0].shape[1:], (1,), (max(positions) + 1,)):
        raise ValueError(_misfit(name))
    return PoolingHead(trunk, layers, context, alone, kinds, positions)


def _layers(name: str, tensors: Mapping[str, Array], *, inputs: int, outputs: int) -> LayerWeights:
    depth = len(tensors) // 2
    names = {f"{k}.{part}" for k in range(depth) for part in ("weight", "bias")}
    if depth not in _DEPTHS or tensors.keys() != names:
        raise ValueError(_held(name, tensors))
    layers = tuple((tensors[f"{k}.weight"], tensors[f"{k}.bias"]) for k in range(depth))
    widths = (inputs, *(len(bias) for _, bias in layers))
    shapes = [(weight.shape, bias.shape) for weight, bias in layers]
    if shapes != [((b, a), (b,)) for a, b in pairwise(widths)] or widths[-1] != outputs:
        raise ValueError(_misfit(name))
    return layers


def _held(name: str, tensors: Mapping[str, Array]) -> str:
    return f"{name} holds {', '.join(sorted(tensors))}"


def _misfit(name: str) -> str:
    return f"{name} does not fit"


def _layer_tensors(layers: LayerWeights) -> dict[str, Array]:
    return {
        f"{k}.{part}": tensor
        for k, layer in enumerate(layers)
        for part, tensor in zip(("weight", "bias"), layer, strict=True)
    }
