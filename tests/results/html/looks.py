"""Stand-ins for what a model looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.inputs import Input, input_sets
from sharp_cli.core.joints import TARGET_OF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side, StudyJoint
    from sharp_cli.core.records import Patch
    from sharp_cli.inference.grad_cam import Maps


class FakeSaliency:
    """A joint's answer came from the upper left of its own patch, half as much of the others'.

    Args:
        side: Width and height of the maps.
    """

    def __init__(self, side: int = 14) -> None:
        self._side = side

    def maps(
        self,
        study: Mapping[Side, Sequence[Patch]],
        models: Mapping[StudyJoint, ModelName],
        *,
        earlier: Mapping[Side, Sequence[Patch]],  # noqa: ARG002 - as `Saliency.maps`
    ) -> Maps:
        there = {
            (patch.finding, Input(side, patch.joint)) for side in study for patch in study[side]
        }
        found: Maps = {}
        for (side, finding, joint), model in models.items():
            own, group = Input(side, joint), TARGET_OF[finding, joint].group
            unit = next(u for u in input_sets(model, finding, group) if own in u)
            found[side, finding, joint] = {
                one: self._map(1.0 if one == own else 0.5)
                for one in unit
                if (finding, one) in there
            }
        return found

    def _map(self, value: float) -> NDArray[np.float32]:
        values = np.zeros((self._side, self._side), np.float32)
        values[: self._side // 2, : self._side // 2] = value
        return values
