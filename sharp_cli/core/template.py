"""The mean hand: where its points lie in the canonical frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEMPLATE: Final[NDArray[np.float64]] = np.array(
    [
        (603, -161),  # IP
        (237, -665),  # PIP2
        (-69, -725),  # PIP3
        (-346, -606),  # PIP4
        (-603, -378),  # PIP5
        (441, 85),  # MCP1
        (146, -282),  # MCP2
        (-82, -287),  # MCP3
        (-271, -206),  # MCP4
        (-447, -103),  # MCP5
        (152, 407),  # CMC1
        (79, 425),  # multangular
        (8, 560),  # navicular
        (-159, 605),  # lunate
        (-316, 721),  # ulna
        (-82, 725),  # radius
        (-87, 339),  # CMC3
        (-193, 342),  # CMC4
        (-271, 364),  # CMC5
        (43, 476),  # multangular-navicular
        (-79, 577),  # capitate-navicular-lunate
        (-82, 646),  # radiocarpal
    ],
    dtype=np.float64,
)
"""Mean position (x, y) of each of `joints.POINTS`, shape (22, 2), in pixels at the common scale.

Upright with the thumb to the right; the origin is the centre of the points' bounding box.
Generalised Procrustes mean (similarities) of the 44 annotated hands that the bundled detector
was trained on.
"""
