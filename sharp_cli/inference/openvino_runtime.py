"""Networks on the CPU, run by OpenVINO."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from sharp_cli.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.records import Precision


class OpenVinoNetwork:
    """A compiled network of one input and one output."""

    def __init__(
        self,
        model: Any,
        *,
        threads: int | None,
        precision: Precision = "fp32",
        throughput: bool = False,
    ) -> None:
        """Compile `model`, an `openvino.Model`.

        Args:
            model: The network.
            threads: CPU threads; None for all cores.
            precision: Of its numbers; see `has_bf16`.
            throughput: Whether to optimise `run_all` for many batches, not a call for one.
        """
        openvino = load_openvino()
        options: dict[str, Any] = {
            # Left to itself OpenVINO picks bf16 where the processor has it, and results would
            # differ from machine to machine.
            "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" else "bf16",
            "PERFORMANCE_HINT": "THROUGHPUT" if throughput else "LATENCY",
            # A pinned thread would wait for its core while another process has it.
            "ENABLE_CPU_PINNING": False,
        }
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        self._compiled = openvino.Core().compile_model(model, "CPU", options)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one batch; shapes are the network's own."""
        result: NDArray[np.float32] = self._compiled(batch)[0]
        return result

    def run_all(self, batches: Iterable[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Run batches, as many at once as OpenVINO finds best for this machine."""
        count = self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        free = [self._compiled.create_infer_request() for _ in range(count)]
        running: deque[Any] = deque()
        found: list[NDArray[np.float32]] = []

        def take() -> None:
            request = running.popleft()
            request.wait()
            found.append(request.get_output_tensor().data.copy())
            free.append(request)

        for batch in batches:
            if not free:
                take()
            request = free.pop()
            request.start_async([batch])
            running.append(request)
        while running:
            take()
        return found


def load_openvino() -> Any:
    """The package, imported only here and only when needed, as that takes a tenth of a second."""
    # Otherwise the package would report its use to its maker, over the network.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino  # noqa: PLC0415

    return openvino


def has_bf16() -> bool:
    """Whether the processor computes in 16-bit brain floats."""
    openvino = load_openvino()
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_onnx(path: Path, *, threads: int | None) -> OpenVinoNetwork:
    """Load an ONNX file.

    Raises:
        ModelError: It is not a network that OpenVINO can run.
    """
    openvino = load_openvino()
    try:
        return OpenVinoNetwork(openvino.Core().read_model(path), threads=threads)
    except RuntimeError as error:
        message = f"{path}: not a network that can be run; get its bundle again"
        raise ModelError(message) from error
