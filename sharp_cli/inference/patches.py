"""Patches: by what they are for the models, and as 16-bit PNG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.inputs import Input
from sharp_cli.fileio.png import marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import PatchKey
    from sharp_cli.core.joints import Side, Target
    from sharp_cli.core.records import Patch


def by_input(
    study: Mapping[Side, Sequence[Patch]], earlier: Mapping[Side, Sequence[Patch]]
) -> dict[PatchKey, Patch]:
    """The patches of a study and of the one before it, by what they are for the models.

    Args:
        study: The patches of each hand.
        earlier: The same of the study before; empty where there is none.
    """
    return {
        (patch.finding, Input(side, patch.joint, before)): patch
        for before, hands in ((False, study), (True, earlier))
        for side, patches in hands.items()
        for patch in patches
    }


def to_png(pixels: NDArray[np.uint16]) -> bytes:
    """A patch, shape (height, width), as a PNG file."""
    return marked(bytes(cv2.imencode(".png", pixels)[1]))


def read_patch(path: Path, target: Target) -> NDArray[np.uint16]:
    """Read the patch of a joint.

    Args:
        path: The file.
        target: The joint, whose box gives the size.

    Returns:
        uint16, shape (height, width) of the box.

    Raises:
        DocumentError: The file is missing, or not what `sharp crop` wrote.
    """
    width, height = target.box
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
