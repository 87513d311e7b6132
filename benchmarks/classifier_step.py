"""How fast a step of classifier training is: whole in 16 and 32 bit, and with a frozen trunk.

    python benchmarks/classifier_step.py [--size 224] [--patches 16] [--device cpu]

A step is Adam on one mimo-local head and, but for the last row, its VGG16 trunk, on made-up
patches. On a GPU the share of the rate of its 16-bit matrix product is told beside it.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Final

import torch

from sharp_cli.networks import HIDDEN, VGG16, describe, make_head, make_trunk

if TYPE_CHECKING:
    from collections.abc import Callable

GFLOP_FORWARD: Final = 30.7
"""Of VGG16's convolutions for one patch of 224 x 224; a step takes three times as many."""

_WARM_UP: Final = 2
_MATRIX: Final = {"cpu": 2048, "cuda": 8192}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--patches", type=int, default=16)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=5)
    options = parser.parse_args()
    operations = 3 * GFLOP_FORWARD * (options.size / 224) ** 2 * options.patches
    print(f"{options.device}, {options.patches} patches of {options.size} pixels a step")
    print("| step | s | patches / s | GFLOP/s | share of the matrix product's rate |")
    print("| --- | --- | --- | --- | --- |")
    for name, dtype in (("32 bit", torch.float32), ("16 bit", torch.bfloat16)):
        seconds = _seconds(_whole(options, dtype), options.steps, options.device)
        rate, top = operations / seconds, _matrix_rate(dtype, options.device)
        print(
            f"| {name} | {seconds:.3f} | {options.patches / seconds:.1f} | {rate:.0f} "
            f"| {100 * rate / top:.0f} % of {top:.0f} |"
        )
    seconds = _seconds(_frozen(options), options.steps, options.device)
    print(f"| frozen trunk | {seconds:.5f} | {options.patches / seconds:.0f} | | |")


def _whole(options: argparse.Namespace, dtype: torch.dtype) -> Callable[[], None]:
    device = options.device
    trunk = make_trunk(VGG16).to(device).to(memory_format=torch.channels_last)
    head = _head(device)
    optimizer = torch.optim.Adam([*trunk.parameters(), *head.parameters()])
    pictures = torch.randn(options.patches, options.size, options.size, device=device)

    def step() -> None:
        optimizer.zero_grad()
        with torch.autocast(device, dtype, enabled=dtype != torch.float32):
            features = describe(trunk, pictures)
        head(features.reshape(options.patches // 2, -1)).square().mean().backward()
        optimizer.step()

    return step


def _frozen(options: argparse.Namespace) -> Callable[[], None]:
    head = _head(options.device)
    optimizer = torch.optim.Adam(head.parameters())
    features = torch.randn(options.patches // 2, 4 * int(VGG16[-2]), device=options.device)

    def step() -> None:
        optimizer.zero_grad()
        head(features).square().mean().backward()
        optimizer.step()

    return step


def _head(device: str) -> torch.nn.Sequential:
    return make_head(4 * int(VGG16[-2]), 2, layers=2, hidden=HIDDEN, dropout=0.5).to(device)


def _matrix_rate(dtype: torch.dtype, device: str) -> float:
    """GFLOP/s of a matrix product."""
    side = _MATRIX[device]
    one, other = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    return 2e-9 * side**3 / _seconds(lambda: one @ other, 5, device)


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
