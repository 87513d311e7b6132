"""What is installed only with an extra of the package."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, Literal

from sharp_cli.core.errors import UsageError

Extra = Literal["docx", "evaluate", "excel", "parquet", "train"]

_EVALUATE: Final = ("matplotlib", "scipy", "sklearn")
_MODULES: Final[dict[Extra, tuple[str, ...]]] = {
    "evaluate": _EVALUATE,
    "docx": ("docx",),
    "excel": ("openpyxl",),
    "parquet": ("pyarrow",),
    "train": ("deeplabcut", "onnx", "onnxscript", "optuna", "torch", "torchvision", *_EVALUATE),
}


def require(extra: Extra) -> None:
    """Check that an extra is installed.

    Raises:
        UsageError: It is not.
    """
    missing = [name for name in _MODULES[extra] if find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} not installed; run: pip install 'sharp-cli[{extra}]'"
        raise UsageError(message)
