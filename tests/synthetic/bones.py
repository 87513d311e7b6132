"""Hands of a few simple joints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.joints import BOXES
from sharp_cli.synthetic.intact_hands import MARGIN, IntactHand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

JOINTS: Final = ("MCP2", "CMC1", "lunate")


def bones(seed: int, joint: str) -> NDArray[np.uint16]:
    """Two bright bones with a gap between them, and grain."""
    width, height = (side + 2 * MARGIN for side in BOXES[joint])
    y, x = np.mgrid[:height, :width]
    bone = (abs(x - width / 2) < 70) & (abs(y - height / 2) > 8)
    grain = np.random.default_rng(seed).uniform(0, 8000, (height, width))
    return np.asarray(20000 + 25000 * bone + grain, dtype=np.uint16)


def intact(image: str, side: Side) -> IntactHand:
    return IntactHand(image, side, {joint: bones(len(image), joint) for joint in JOINTS})
