"""The statistics of hand shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from sharp_cli.inference.shape_prior import PRIOR_FILE
from sharp_cli.training.shape_prior import compute

if TYPE_CHECKING:
    from numpy.typing import NDArray


def spread(content: dict[str, Any]) -> NDArray[np.float64]:
    """The covariance that the factors make."""
    factors = np.array(content["factors"])
    return np.asarray(factors.T @ factors)


def test_the_file_is_what_is_computed() -> None:
    stored = json.loads(PRIOR_FILE.read_text(encoding="utf-8"))
    computed = compute()
    assert stored["own"] == computed["own"]
    # Signs and order of factors may change with the processor; what they span may not.
    np.testing.assert_allclose(spread(stored), spread(computed), atol=30)
    assert PRIOR_FILE.stat().st_size < 40_000
