"""What torch may compute on: the processor, or a GPU by torch's own name for it."""

from __future__ import annotations

import platform
import shutil
from importlib.util import find_spec
from typing import Literal, TypeAlias

from sharp_cli.core.errors import UsageError

TorchDevice: TypeAlias = Literal["cpu", "cuda", "mps"]
"""Types of `torch.device`: `cuda` is a GPU of NVIDIA or AMD, `mps` one of Apple."""

Device: TypeAlias = Literal["auto", "cpu", "cuda", "mps"]
"""Where to compute; `auto` is a GPU where there is one and torch is installed."""


def torch_device(device: Device) -> TorchDevice:
    """What `device` means here.

    Raises:
        UsageError: It must be a GPU, and torch finds none.
    """
    # Looking for what comes with a GPU costs nothing, importing torch costs seconds.
    if device == "cpu" or (device == "auto" and not _may_have_gpu()):
        return "cpu"
    if find_spec("torch") is not None:
        import torch  # noqa: PLC0415

        if device != "mps" and torch.cuda.is_available():
            return "cuda"
        if device != "cuda" and torch.backends.mps.is_available():
            return "mps"
    if device != "auto":
        message = f"--device {device}: torch finds no GPU here; use cpu, or install sharp-cli[gpu]"
        raise UsageError(message)
    return "cpu"


def _may_have_gpu() -> bool:
    """Whether there is the driver's tool, or a processor of Apple, which has a GPU."""
    apple = (platform.system(), platform.machine()) == ("Darwin", "arm64")
    return apple or shutil.which("nvidia-smi") is not None
