from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sharp_cli.core.joints import POINTS
from sharp_cli.evaluation import discriminator

if TYPE_CHECKING:
    import pytest


def test_learns_and_is_the_same_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discriminator, "EPOCHS", 12)
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 2 == 1
    pictures = rng.standard_normal((160, 96, 96), dtype=np.float32)
    pictures[labels, ::2] = pictures[labels, 1::2]
    joints = rng.integers(0, len(POINTS), 160)
    seen = np.arange(160) < 128
    first, second = (
        discriminator.fit_discriminator(pictures[seen], joints[seen], labels[seen], seed=0)(
            pictures[~seen], joints[~seen]
        )
        for _ in range(2)
    )
    assert np.array_equal(first, second)
    assert ((first >= 0) & (first <= 1)).all()
    assert first[labels[~seen]].min() > first[~labels[~seen]].max()
