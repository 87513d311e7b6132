"""A trunk of a findings bundle extracts features: on the CPU in OpenVINO, on a GPU in torch."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from sharp_cli.inference import lite, vgg16
from sharp_cli.inference.openvino_runtime import OpenVinoNetwork, load_openvino

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from sharp_cli.core.records import Precision
    from sharp_cli.inference.convolution import Convolution

    Array = NDArray[np.float32]
    Trunk = Callable[[Array], Array]

ArchitectureName: TypeAlias = Literal["vgg16", "lite"]

_GPU_BATCH: Final = 64

_SMALLEST: Final = 32
"""Smallest width and height of a picture: every architecture halves them five times."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What all trunks of an architecture have in common.

    Attributes:
        name: Its name.
        title: What it is, in words.
        read: The convolutions that tensors make; see `vgg16.read` and `lite.read`.
        network: The same in torch, without their weights; see `networks.extract_features`.
        step: Of what the width and height of a picture must be a multiple.
        cpu_batch: How many pictures at a time are fastest on a CPU.
    """

    name: ArchitectureName
    title: str
    read: Callable[[Mapping[str, Array]], Sequence[Convolution]]
    network: Callable[[Sequence[Convolution]], nn.Sequential]
    step: int
    cpu_batch: int


def _vgg16_network(convolutions: Sequence[Convolution]) -> nn.Sequential:
    from sharp_cli.inference import networks  # noqa: PLC0415 - seconds that the CPU need not pay

    layout: list[int | str] = []
    for layer in convolutions:
        layout += [len(layer.bias), "M"] if layer.pooled else [len(layer.bias)]
    return networks.make_trunk(layout)


def _lite_network(_: Sequence[Convolution]) -> nn.Sequential:
    from sharp_cli.inference import networks  # noqa: PLC0415 - as above

    return networks.make_lite()


VGG16: Final = Architecture(
    "vgg16", "VGG16 convolutions", vgg16.read, _vgg16_network, step=1, cpu_batch=2
)
LITE: Final = Architecture(
    "lite",
    "EfficientNet-Lite0 without its last convolution",
    lite.read,
    _lite_network,
    step=32,
    cpu_batch=4,
)


@dataclass(frozen=True, slots=True)
class Layers:
    """The convolutions that features are extracted by; see `networks.extract_features`."""

    architecture: Architecture
    convolutions: Sequence[Convolution]

    @property
    def width(self) -> int:
        """Number of features."""
        return 2 * len(self.convolutions[-1].bias)

    @property
    def ends_with_pool(self) -> bool:
        """Whether a pool lies between the last convolution and the features."""
        return self.convolutions[-1].pooled

    @property
    def tensors(self) -> dict[str, Array]:
        """What `of` makes the layers of."""
        return {
            f"{layer.name}.{part}": tensor
            for layer in self.convolutions
            for part, tensor in (("weight", layer.weight), ("bias", layer.bias))
        }

    @classmethod
    def of(cls, tensors: Mapping[str, Array]) -> Layers:
        """The layers that tensors make; VGG16's have numbers for names, Lite's have words.

        Raises:
            KeyError: One lacks its weight or its bias.
            ValueError: They do not make a trunk.
        """
        numbered = all(name.partition(".")[0].isdigit() for name in tensors)
        architecture = VGG16 if numbered else LITE
        return cls(architecture, architecture.read(tensors))

    def check_size(self, size: int) -> None:
        """Check that they take pictures of `size` x `size`.

        Raises:
            ValueError: They do not.
        """
        if size < _SMALLEST or size % self.architecture.step:
            message = f"input size {size}"
            raise ValueError(message)


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
    count = layers.architecture.cpu_batch
    pictures = ops.parameter([count, 3, size, size], np.float32)
    maps = _openvino_maps(ops, layers, pictures)
    parts = [ops.reduce_mean(maps, [2, 3]), ops.reduce_max(maps, [2, 3])]
    model = openvino.Model([ops.concat(parts, axis=1)], [pictures])
    network = OpenVinoNetwork(model, threads=threads, precision=precision, throughput=throughput)

    def batches(squares: Array) -> Iterator[Array]:
        for start in range(0, len(squares), count):
            part = squares[start : start + count]
            batch = np.zeros((count, 3, size, size), np.float32)
            batch[: len(part)] = part[:, None]
            yield batch

    return lambda squares: np.concatenate(network.run_all(batches(squares)))[: len(squares)]


def _openvino_maps(ops: Any, layers: Layers, pictures: Any) -> Any:
    """The last maps, as a part of an OpenVINO graph."""
    one = [1, 1]
    maps = pictures
    inputs = []
    for layer in layers.convolutions:
        inputs.append(maps)
        stride, (before, after) = [layer.stride] * 2, layer.padding
        window = (stride, [before] * 2, [after] * 2, one)
        if layer.groups == 1:
            maps = ops.convolution(maps, ops.constant(layer.weight), *window)
        else:
            weight = layer.weight.reshape(layer.groups, -1, *layer.weight.shape[1:])
            maps = ops.group_convolution(maps, ops.constant(weight), *window)
        maps = ops.add(maps, ops.constant(layer.bias[:, None, None]))
        if layer.activation == "relu":
            maps = ops.relu(maps)
        elif layer.activation == "relu6":
            maps = ops.clamp(maps, 0, 6)
        if layer.added:
            maps = ops.add(maps, inputs[-1 - layer.added])
        if layer.pooled:
            maps = ops.max_pool(maps, [2, 2], one, [0, 0], [0, 0], [2, 2]).output(0)
    return maps


def torch_state(layers: Layers) -> dict[str, Tensor]:
    """The trunk's weights in torch, as its state dict without batch normalisation."""
    import torch  # noqa: PLC0415

    return {name: torch.from_numpy(tensor) for name, tensor in layers.tensors.items()}


def torch_layers(layers: Layers, *, device: str) -> nn.Sequential:
    """The trunk's layers in torch: (N, 3, S, S) to maps (N, C, S / 32, S / 32)."""
    import torch  # noqa: PLC0415

    trunk = layers.architecture.network(layers.convolutions)
    trunk.load_state_dict(torch_state(layers))
    return trunk.to(device).to(memory_format=torch.channels_last).eval()


def torch_trunk(layers: Layers, *, device: str, precision: Precision = "fp32") -> Trunk:
    """The trunk in torch: pictures of shape (N, S, S) to features of shape (N, F)."""
    import torch  # noqa: PLC0415

    from sharp_cli.inference import networks  # noqa: PLC0415

    trunk = torch_layers(layers, device=device)

    def run(squares: Array) -> Array:
        found = []
        # TensorFloat-32 would move probabilities by more than the CPU and the GPU may differ.
        half = torch.autocast(device, torch.bfloat16) if precision == "bf16" else nullcontext()
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False), half:
            for start in range(0, len(squares), _GPU_BATCH):
                batch = torch.from_numpy(squares[start : start + _GPU_BATCH]).to(device)
                found.append(networks.extract_features(trunk, batch).cpu().numpy())
        return np.concatenate(found)

    return run
