from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.synthetic.lesions import LESION_GRADES, implant
from sharp_cli.synthetic.look_alikes import add_look_alikes
from tests.synthetic.bars import GAP, bars, gap

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEEDS = range(12)


def test_look_alikes_leave_the_gap_as_wide() -> None:
    widths = [
        gap(add_look_alikes(bars(), np.random.default_rng(seed), joint="MCP3")) for seed in SEEDS
    ]
    np.testing.assert_allclose(widths, GAP, rtol=0.15)
    assert np.mean(widths) == pytest.approx(GAP, rel=0.05)


def test_look_alikes_are_resampled_as_lesions_are() -> None:
    """The grain left in soft tissue beside the bones gives nothing away."""
    patch = bars()

    def grain(result: NDArray[np.float32]) -> float:
        return float(np.diff(result[60:190, 5:45], axis=0).std())

    rngs = [np.random.default_rng(seed) for seed in SEEDS]
    look_alikes = np.mean([grain(add_look_alikes(patch, rng, joint="MCP3")) for rng in rngs])
    for finding in LESION_GRADES:
        lesions = np.mean([grain(implant(patch, finding, 2, rng, joint="MCP3")) for rng in rngs])
        assert lesions == pytest.approx(look_alikes, rel=0.06)
