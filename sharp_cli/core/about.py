"""What the tool says of itself in results and bundles."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Final

__version__ = "0.1.0"

NAME: Final = "Sharp"
MAKER: Final = "The Sharp developers"
"""With the name, how DICOM objects say what made them."""

NOTICE: Final = "The models are not validated on patients: for research only, not for diagnosis."

PNG_MARK: Final = b"tEXtSoftware\0Sharp"
"""The chunk of a PNG file that says what made it."""

_LIBRARIES: Final = ("numpy", "opencv-python-headless", "openvino", "pillow", "pydicom", "torch")


def library_versions() -> dict[str, str]:
    """The versions of the libraries that results depend on, as far as they are installed."""
    found = {}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
