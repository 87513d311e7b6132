"""A trunk of a findings bundle extracts features: on the CPU in OpenVINO, on a GPU in torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.inference.openvino_runtime import OpenVinoNetwork, load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from sharp_cli.core.records import Precision

    Array = NDArray[np.float32]
    Trunk = Callable[[Array], Array]

_CPU_BATCH: Final = 2
_GPU_BATCH: Final = 64

_POOLS: Final = 5
SMALLEST: Final = 2**_POOLS
"""Smallest width and height of a picture."""

# How torchvision numbers layers: a convolution and its rectifier take two numbers, a pool a third.
_WITHOUT_POOL: Final = 2
_WITH_POOL: Final = 3


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 3x3 convolution of the trunk, followed by a rectifier.

    Attributes:
        name: Its number in torchvision's `vgg16().features`.
        weight: Shape (outputs, inputs, 3, 3).
        bias: Shape (outputs,).
        pooled: Whether a maximum pool of 2x2 follows.
    """

    name: int
    weight: Array
    bias: Array
    pooled: bool


@dataclass(frozen=True, slots=True)
class Layers:
    """The convolutions that features are extracted by; see `networks.extract_features`."""

    convolutions: Sequence[Convolution]

    @property
    def width(self) -> int:
        """Number of features."""
        return 2 * len(self.convolutions[-1].bias)

    @classmethod
    def of(cls, tensors: Mapping[str, Array]) -> Layers:
        """The layers, by the names `<n>.weight`, `<n>.bias` and the shapes of tensors.

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
            convolutions.append(Convolution(name, weight, bias, pooled))
            inputs = len(bias)
        pools = sum(layer.pooled for layer in convolutions)
        if pools != _POOLS:
            message = f"{pools} pools"
            raise ValueError(message)
        return cls(convolutions)


def openvino_trunk(
    layers: Layers,
    size: int,
    *,
    threads: int | None,
    precision: Precision = "fp32",
    throughput: bool = False,
) -> Trunk:
    """The trunk on the CPU: pictures of shape (N, size, size) to features of shape (N, F)."""
    openvino = load_openvino()
    ops = openvino.opset13
    one = [1, 1]
    pictures = ops.parameter([_CPU_BATCH, 3, size, size], np.float32)
    maps: Any = pictures
    for layer in layers.convolutions:
        maps = ops.convolution(maps, ops.constant(layer.weight), one, one, one, one)
        maps = ops.relu(ops.add(maps, ops.constant(layer.bias[:, None, None])))
        if layer.pooled:
            maps = ops.max_pool(maps, [2, 2], one, [0, 0], [0, 0], [2, 2]).output(0)
    parts = [ops.reduce_mean(maps, [2, 3]), ops.reduce_max(maps, [2, 3])]
    model = openvino.Model([ops.concat(parts, axis=1)], [pictures])
    network = OpenVinoNetwork(model, threads=threads, precision=precision, throughput=throughput)

    def batches(squares: Array) -> Iterator[Array]:
        for start in range(0, len(squares), _CPU_BATCH):
            part = squares[start : start + _CPU_BATCH]
            batch = np.zeros((_CPU_BATCH, 3, size, size), np.float32)
            batch[: len(part)] = part[:, None]
            yield batch

    return lambda squares: np.concatenate(network.run_all(batches(squares)))[: len(squares)]


def torch_layers(layers: Layers, *, device: str) -> nn.Sequential:
    """The trunk's layers in torch: (N, 3, S, S) to maps (N, C, S / 32, S / 32); a pool is last."""
    import torch  # noqa: PLC0415 - seconds that the CPU need not pay

    from sharp_cli.inference import networks  # noqa: PLC0415

    layout: list[int | str] = []
    for layer in layers.convolutions:
        layout += [len(layer.bias), "M"] if layer.pooled else [len(layer.bias)]
    trunk = networks.make_trunk(layout)
    trunk.load_state_dict(
        {
            f"{layer.name}.{part}": torch.from_numpy(tensor)
            for layer in layers.convolutions
            for part, tensor in (("weight", layer.weight), ("bias", layer.bias))
        }
    )
    return trunk.to(device).to(memory_format=torch.channels_last).eval()


def torch_trunk(layers: Layers, *, device: str, precision: Precision = "fp32") -> Trunk:
    """The trunk in torch: pictures of shape (N, S, S) to features of shape (N, F)."""
    import torch  # noqa: PLC0415

    from sharp_cli.inference import networks  # noqa: PLC0415

    trunk = torch_layers(layers, device=device)

    def run(squares: Array) -> Array:
        found = []
        # TensorFloat-32 would move probabilities by more than the CPU and the GPU may differ.
        half = torch.autocast(torch.device(device).type, torch.bfloat16, precision == "bf16")
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False), half:
            for start in range(0, len(squares), _GPU_BATCH):
                batch = torch.from_numpy(squares[start : start + _GPU_BATCH]).to(device)
                found.append(networks.extract_features(trunk, batch).cpu().numpy())
        return np.concatenate(found)

    return run
