"""How fast a step of classifier training is: whole in 16 and 32 bit, and with a frozen trunk.

    python benchmarks/classifier_step.py [--size 224] [--patches 16] [--device cpu]

A step is Adam on one mimo-local head and, but for the last row, its VGG16 trunk, on synthetic
patches. On a GPU the percentage of the rate of its 16-bit matrix product is given beside it.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from timing.operations import of_trunk

from sharp_cli.inference.networks import HIDDEN, VGG16, extract_features, make_head, make_trunk
from sharp_cli.inference.trunk import Layers

if TYPE_CHECKING:
    from collections.abc import Callable

PASSES: Final = 3
"""A step takes so many times the operations of a look: backwards, inputs and weights have a
gradient each."""

_WARM_UP: Final = 2
_MATRIX: Final = {"cpu": 2048, "cuda": 8192}


class Step(NamedTuple):
    """A step of training that was measured.

    Attributes:
        name: What is trained.
        seconds: How long it took.
        rate: Floating point operations a second; None where no trunk is trained.
        most: Those of torch's matrix product in the same numbers.
    """

    name: str
    seconds: float
    rate: float | None = None
    most: float | None = None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--patches", type=int, default=16)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.device}, {options.patches} patches of {options.size} pixels a step")
    print("| step | s | patches / s | GFLOP/s | fraction of the matrix product's rate |")
    print("| --- | --- | --- | --- | --- |")
    for step in measure(options.device, options.patches, options.size, options.steps):
        rates = "| |"
        if step.rate and step.most:
            percent = 100 * step.rate / step.most
            rates = f"{step.rate / 1e9:.0f} | {percent:.0f} % of {step.most / 1e9:.0f} |"
        patches = options.patches / step.seconds
        print(f"| {step.name} | {step.seconds:.5f} | {patches:.1f} | {rates}")


def measure(device: str, patches: int, size: int, steps: int) -> list[Step]:
    """How fast steps are.

    Args:
        device: `cpu` or `cuda`.
        patches: How many a step.
        size: Their width and height in pixels.
        steps: So many are timed; the fastest counts.
    """
    weights = {name: each.numpy() for name, each in make_trunk(VGG16).state_dict().items()}
    operations = PASSES * patches * of_trunk(Layers.of(weights), size)
    found = []
    for name, dtype in (("32 bit", torch.float32), ("16 bit", torch.bfloat16)):
        seconds = _seconds(_whole(device, patches, size, dtype), steps, device)
        found.append(Step(name, seconds, operations / seconds, _matrix_rate(dtype, device)))
    seconds = _seconds(_frozen(device, patches), steps, device)
    return [*found, Step("frozen trunk", seconds)]


def _whole(device: str, patches: int, size: int, dtype: torch.dtype) -> Callable[[], None]:
    trunk = make_trunk(VGG16).to(device).to(memory_format=torch.channels_last)
    head = _head(device)
    optimizer = torch.optim.Adam([*trunk.parameters(), *head.parameters()])
    pictures = torch.randn(patches, size, size, device=device)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, dtype, enabled=dtype != torch.float32):
            features = extract_features(trunk, pictures)
        head(features.reshape(patches // 2, -1)).square().mean().backward()
        optimizer.step()

    return step


def _frozen(device: str, patches: int) -> Callable[[], None]:
    head = _head(device)
    optimizer = torch.optim.Adam(head.parameters())
    features = torch.randn(patches // 2, 4 * int(VGG16[-2]), device=device)

    def step() -> None:
        optimizer.zero_grad()
        head(features).square().mean().backward()
        optimizer.step()

    return step


def _head(device: str) -> torch.nn.Sequential:
    return make_head(4 * int(VGG16[-2]), 2, layers=2, hidden=HIDDEN, dropout=0.5).to(device)


def _matrix_rate(dtype: torch.dtype, device: str) -> float:
    """Floating point operations a second of a matrix product."""
    side = _MATRIX[device]
    one, other = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2 * side**3 / _seconds(lambda: one @ other, 5, device)


def _seconds(step: Callable[[], object], steps: int, device: str) -> float:
    """Of one call, the least of several."""
    times = []
    for _ in range(_WARM_UP + steps):
        began = time.perf_counter()
        step()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return min(times[_WARM_UP:])


if __name__ == "__main__":
    main()
