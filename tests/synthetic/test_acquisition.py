from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.synthetic.acquisition import reacquire
from tests.synthetic.bars import bars


@pytest.mark.parametrize("seed", range(12))
def test_the_joint_stays_where_it_is(seed: int) -> None:
    patch = bars()
    kept = patch.copy()
    view = reacquire(patch, np.random.default_rng(seed))
    np.testing.assert_array_equal(patch, kept)
    assert view.shape == patch.shape
    assert view.dtype == np.float32
    assert (view.min(), view.max()) == (0, 1)
    # Rows of bone are brighter than those of the joint space, in their old places.
    rows = view[:, 90:160].mean(axis=1)
    assert 118 <= int(np.argmin(np.convolve(rows, np.ones(9) / 9, mode="same")[80:170])) + 80 <= 132


def test_radiographs_are_acquired_differently() -> None:
    views = [reacquire(bars(), np.random.default_rng(seed)) for seed in range(20)]
    assert len({view.tobytes() for view in views}) == len(views)
    spreads = [float(np.diff(view[60:190, 5:45], axis=0).std()) for view in views]
    assert max(spreads) > 3 * min(spreads)
