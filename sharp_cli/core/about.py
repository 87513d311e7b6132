"""What the tool says of itself in results and bundles."""

from __future__ import annotations

from typing import Final

__version__ = "0.1.0"

NAME: Final = "Sharp"
MAKER: Final = "The Sharp developers"
"""With the name, how DICOM objects say what made them."""

NOTICE: Final = "The models are not validated on patients: for research only, not for diagnosis."

PNG_MARK: Final = b"tEXtSoftware\0Sharp"
"""The chunk of a PNG file that says what made it."""
