"""Whether bones are bright."""

from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.radiograph import polarity
from tests.radiograph.files import HAND


@pytest.mark.parametrize("frame", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("margin", [2, 8, 30])
def test_polarity_with_a_frame(frame: float, margin: int) -> None:
    for pixels, sign in ((HAND, 1), (1 - HAND, -1)):
        framed = np.pad(pixels, margin, constant_values=frame).astype(np.float32)
        for turns in range(4):
            assert sign * polarity.bone_contrast(np.rot90(framed, turns).copy()) > 0
