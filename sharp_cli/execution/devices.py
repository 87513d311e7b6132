"""What there is to compute on: the cores of this machine, and its GPU."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from typing import Literal, TypeAlias

from sharp_cli.core.errors import UsageError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]
"""Where to compute; `auto` is a GPU where there is one and torch is installed."""


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def uses_gpu(device: Device) -> bool:
    """Whether `device` means a GPU here.

    Raises:
        UsageError: It must, and torch finds none.
    """
    # Looking for the driver's tool costs nothing, importing torch costs seconds.
    if device == "cpu" or (device == "auto" and shutil.which("nvidia-smi") is None):
        return False
    if find_spec("torch") is not None:
        import torch  # noqa: PLC0415

        if torch.cuda.is_available():
            return True
    if device == "cuda":
        message = "--device cuda: torch finds no GPU here; use cpu, or install sharp-cli[gpu]"
        raise UsageError(message)
    return False
