"""What is laid over views while a network learns."""

from __future__ import annotations

import numpy as np
import pytest

from sharp_cli.inference.visibility import SIDE
from sharp_cli.training.detector import covers

PLACE = np.hypot(*(np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2)) <= 6  # 15 % of a phalanx


def hidden_shares(*, beside: bool) -> list[float]:
    """How much of a joint's place covers hide, each on a view whose pixels all differ."""
    view = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    rng = np.random.default_rng(0)
    drawn = [covers.cover(view, rng, beside=beside) for _ in range(200)]
    return [float((one != view)[PLACE].mean()) for one in drawn]


@pytest.mark.parametrize("straight", [0.0, 1.0])
def test_what_lies_beside_a_joint_leaves_its_place_free(
    monkeypatch: pytest.MonkeyPatch, straight: float
) -> None:
    monkeypatch.setattr(covers, "_STRAIGHT", straight)
    assert max(hidden_shares(beside=True)) <= 0.15


@pytest.mark.parametrize("straight", [0.0, 1.0])
def test_what_covers_a_joint_hides_most_of_its_place(
    monkeypatch: pytest.MonkeyPatch, straight: float
) -> None:
    monkeypatch.setattr(covers, "_STRAIGHT", straight)
    shares = hidden_shares(beside=False)
    assert np.quantile(shares, 0.05) >= 0.5
    assert np.median(shares) >= 0.9


def test_a_straight_edge_goes_across_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(covers, "_STRAIGHT", 1.0)
    view = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    covered = covers.cover(view, np.random.default_rng(1), beside=True) != view
    corners = covered[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert 1 <= corners.sum() <= 3
