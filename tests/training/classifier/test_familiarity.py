from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.inference.familiarity import Familiarity
from sharp_cli.training.classifier.familiarity import COMPONENTS, LIMIT, describe

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 100


def features(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Features that vary in five directions, and a little in all others."""
    directions = np.random.default_rng(0).normal(size=(5, WIDTH))
    found = 5 + rng.normal(size=(count, 5)) @ directions + 0.1 * rng.normal(size=(count, WIDTH))
    return np.asarray(found, np.float32)


def known() -> Familiarity:
    rng = np.random.default_rng(1)
    tensors = describe(features(rng, 600), features(rng, 600))
    assert {value.dtype for value in tensors.values()} == {np.dtype(np.float16)}
    assert sum(value.nbytes for value in tensors.values()) < 100_000
    tensors32 = {name: value.astype(np.float32) for name, value in tensors.items()}
    assert tensors32["basis"].shape == (COMPONENTS, WIDTH)
    return Familiarity.of(tensors32, WIDTH)


def test_fresh_patches_are_within_the_limit() -> None:
    distances = known().distances(features(np.random.default_rng(2), 4000))
    assert (distances <= 1).mean() == pytest.approx(LIMIT, abs=0.01)


def test_others_are_beyond_it() -> None:
    rng = np.random.default_rng(3)
    usual = features(rng, 200)
    elsewhere = usual + np.float32(0.4) * rng.normal(size=(200, WIDTH)).astype(np.float32)
    far = 5 + 5 * (usual - 5)
    description = known()
    assert (description.distances(elsewhere) > 1).all()
    assert (description.distances(far) > 1).mean() > 0.9


def test_features_that_do_not_vary() -> None:
    alike = np.ones((80, WIDTH), np.float32)
    tensors = describe(alike, alike + np.float32(0.001))
    assert all(np.isfinite(value).all() for value in tensors.values())
