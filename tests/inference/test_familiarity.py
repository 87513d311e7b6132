from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.inference.familiarity import Familiarity

KNOWN = {
    "mean": np.array([1, 0, 0, 0], np.float32),
    "basis": np.eye(2, 4, dtype=np.float32),
    "spread": np.array([2, 1], np.float32),
    "rest": np.array([0.5], np.float32),
}


def test_distances_along_the_components_and_of_the_rest_add_up() -> None:
    features = np.array([[1, 0, 0, 0], [3, 0, 0, 0], [1, 2, 0, 0], [3, 0, 0.3, 0.4]], np.float32)
    found = Familiarity.of(KNOWN, 4).distances(features)
    assert found.tolist() == pytest.approx([0, 1, 4, 2])


def test_tensors_that_do_not_fit() -> None:
    with pytest.raises(TypeError):
        Familiarity.of({name: value for name, value in KNOWN.items() if name != "rest"}, 4)
    with pytest.raises(ValueError, match="shapes"):
        Familiarity.of(KNOWN, 5)
