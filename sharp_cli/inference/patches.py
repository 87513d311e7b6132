"""Patches as 16-bit PNG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.results.document import PatchRow


def to_png(pixels: NDArray[np.uint16]) -> bytes:
    """A patch, shape (height, width), as a PNG file."""
    return bytes(cv2.imencode(".png", pixels)[1])


def read(row: PatchRow, folder: Path) -> NDArray[np.uint16]:
    """Read the patch of a document.

    Args:
        row: What the document says of it.
        folder: Where the document lies.

    Returns:
        uint16, shape (height, width) of its joint's box.

    Raises:
        DocumentError: It is missing, or not what `sharp crop` wrote.
    """
    path = folder / row.patch
    width, height = next(
        target.box
        for target in TARGETS
        if (target.finding, target.joint) == (row.finding, row.joint)
    )
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); run `sharp crop` again"
        raise DocumentError(message) from error
    pixels = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    if pixels is None or pixels.dtype != np.uint16 or pixels.shape != (height, width):
        message = f"{path}: not a 16-bit PNG of {width} x {height} pixels; run `sharp crop` again"
        raise DocumentError(message)
    return np.asarray(pixels, dtype=np.uint16)
