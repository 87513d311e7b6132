"""Networks on the CPU, run by OpenVINO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sharp_cli.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.records import Precision


class Network:
    """A compiled network of one input and one output."""

    def __init__(self, model: Any, *, threads: int | None, precision: Precision = "fp32") -> None:
        """Compile `model`, an `openvino.Model`.

        Args:
            model: The network.
            threads: CPU threads; None for all cores.
            precision: Of its numbers; see `has_bf16`.
        """
        import openvino  # noqa: PLC0415 - a tenth of a second that --help need not pay

        options: dict[str, Any] = {
            # Left to itself OpenVINO picks bf16 where the processor has it, and results would
            # differ from machine to machine.
            "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" else "bf16",
            "PERFORMANCE_HINT": "LATENCY",
        }
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        self._compiled = openvino.Core().compile_model(model, "CPU", options)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one batch; shapes are the network's own."""
        result: NDArray[np.float32] = self._compiled(batch)[0]
        return result


def has_bf16() -> bool:
    """Whether the processor computes in 16-bit brain floats."""
    import openvino  # noqa: PLC0415

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def load_onnx(path: Path, *, threads: int | None) -> Network:
    """Load an ONNX file.

    Raises:
        ModelError: It is not a network that OpenVINO can run.
    """
    import openvino  # noqa: PLC0415

    try:
        return Network(openvino.Core().read_model(path), threads=threads)
    except RuntimeError as error:
        message = f"{path}: not a network that can be run; get its bundle anew"
        raise ModelError(message) from error
