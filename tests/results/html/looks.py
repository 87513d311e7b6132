"""Stand-ins for what a model looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.inputs import Input, units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Patch
    from sharp_cli.inference.grad_cam import Maps
    from sharp_cli.results.document import JointRow


class FakeSaliency:
    """A joint's answer came from the upper left of its own patch, half as much of the others'.

    Args:
        side: Width and height of the maps.
    """

    def __init__(self, side: int = 14) -> None:
        self._side = side

    def maps(self, study: Mapping[Side, Sequence[Patch]], joints: Iterable[JointRow]) -> Maps:
        there = {
            (patch.finding, Input(side, patch.joint)) for side in study for patch in study[side]
        }
        found: Maps = {}
        for row in joints:
            if row.model is None:
                continue
            own = Input(row.hand, row.joint)
            unit = next(u for u in units(row.model, row.finding, row.group) if own in u)
            found[row.hand, row.finding, row.joint] = {
                one: self._map(1.0 if one == own else 0.5)
                for one in unit
                if (row.finding, one) in there
            }
        return found

    def _map(self, value: float) -> NDArray[np.float32]:
        values = np.zeros((self._side, self._side), np.float32)
        values[: self._side // 2, : self._side // 2] = value
        return values
