"""What the processor can do: the rate of its matrix product on all cores."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.execution.limits import cores
from sharp_cli.inference.openvino_runtime import OpenVinoNetwork, has_bf16, load_openvino
from timing.table import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sharp_cli.core.records import Precision

_SIDE: Final = 4096
_RUNS: Final = 5


@dataclass(frozen=True, slots=True)
class Machine:
    """What all figures stand beside.

    Attributes:
        processor: Its name.
        cores: How many this process may use.
        rates: Floating point operations a second of the matrix product on all of them, in each
            precision that the processor has.
    """

    processor: str
    cores: int
    rates: Mapping[Precision, float]

    @classmethod
    def measured(cls) -> Machine:
        """This machine."""
        rates: dict[Precision, float] = {"fp32": _fp32_rate()}
        if has_bf16():
            rates["bf16"] = _bf16_rate()
        return cls(processor(), cores(), rates)

    def rows(self) -> Iterator[Row]:
        """Its rows of the table."""
        for precision, rate in self.rates.items():
            measured = f"matrix product of {_SIDE} x {_SIDE}, {precision}"
            yield Row(
                measured, f"{rate / 1e9:.0f} GFLOP/s", f"{self.processor}, {self.cores} cores"
            )

    def utilisation(self, operations: float, seconds: float, precision: Precision) -> str:
        """How near to the rate of the matrix product something came, in words."""
        percent = 100 * operations / seconds / self.rates[precision]
        return f"{percent:.0f} % of the {precision} matrix product ({operations / 1e9:.0f} GFLOP)"


def processor() -> str:
    """Its name."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _fp32_rate() -> float:
    left, right = _matrices()
    return _rate(lambda: left @ right)


def _bf16_rate() -> float:
    """In OpenVINO, which computes in bf16 what is handed to it in fp32."""
    left, right = _matrices()
    ops = load_openvino().opset13
    parameter = ops.parameter(left.shape, np.float32)
    product = ops.matmul(parameter, ops.constant(right), False, False)
    model = load_openvino().Model([product], [parameter])
    network = OpenVinoNetwork(model, threads=None, precision="bf16")
    return _rate(lambda: network(left))


def _matrices() -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    rng = np.random.default_rng(0)
    return [rng.random((_SIDE, _SIDE), dtype=np.float32) for _ in range(2)]


def _rate(product: Callable[[], object]) -> float:
    """The best of some products; the first warms up."""
    best = np.inf
    for _ in range(_RUNS):
        start = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - start)
    return float(2 * _SIDE**3 / best)
