"""What is installed only with an extra of the package."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from sharp_cli.core.errors import UsageError

_TRAINING: Final = (
    "torch", "torchvision", "deeplabcut", "matplotlib", "onnx", "onnxscript", "optuna", "sklearn",
)  # fmt: skip


def require_training() -> None:
    """Check that the extra `train` is installed.

    Raises:
        UsageError: It is not.
    """
    missing = [name for name in _TRAINING if find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} not installed; run: pip install 'sharp-cli[train]'"
        raise UsageError(message)
