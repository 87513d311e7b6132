from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from sharp_cli.core.joints import BOXES
from sharp_cli.inference.networks import make_trunk
from sharp_cli.training.classifier import features as patch_features
from sharp_cli.training.classifier.features import (
    CachedFeatures,
    PatchAugmenter,
    TrunkExtractor,
    compute_features,
)
from sharp_cli.training.classifier.patch_cutter import margin
from sharp_cli.training.classifier.patch_store import PatchKey, PatchStore
from tests.tiny_findings import TINY

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float32]

SIZE = 64
JOINTS = ("MCP2", "lunate", "radius")


def wave(joint: str, *, turn: float = 0.0, scale: float = 1.0, shift: float = 0.0) -> Array:
    """A smooth pattern around a joint, as a region shows it, seen through a map there."""
    side = SIZE + 2 * margin(SIZE)
    width, height = BOXES[joint]
    axis = (np.arange(side) + 0.5) / SIZE - side / SIZE / 2
    x, y = np.meshgrid(axis * width, axis * height)
    cos, sin = scale * np.cos(np.deg2rad(turn)), scale * np.sin(np.deg2rad(turn))
    across, along = cos * x - sin * y + shift, sin * x + cos * y + shift
    return np.asarray(np.sin(across / 30) + np.cos(along / 37), dtype=np.float32)


def patches(**seen: float) -> PatchAugmenter:
    pixels = np.array([wave(joint, **seen) for joint in JOINTS], np.float16)
    rows = {PatchKey("p", "s", "left", "erosion", joint): row for row, joint in enumerate(JOINTS)}
    return PatchAugmenter(PatchStore(pixels, rows, SIZE), "cpu")


def only(monkeypatch: pytest.MonkeyPatch, **kept: float) -> None:
    """Augment by nothing but what is kept."""
    for name in ("ROTATION", "SHIFT", "SCALE"):
        monkeypatch.setattr(patch_features, name, kept.get(name, 0.0))


class Most(np.random.Generator):
    """Draws the highest value."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def uniform(  # type: ignore[override]
        self, _: float, high: float, size: int | tuple[int, ...]
    ) -> NDArray[np.float64]:
        return np.full(size, high)


def test_no_turn_shift_and_scale_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    rows = np.arange(3)
    drawn = patches().pictures(rows, np.random.default_rng(0))
    torch.testing.assert_close(drawn, patches().pictures(rows, None), atol=1e-3, rtol=0)


def test_pictures_are_standardised() -> None:
    for rng in (None, np.random.default_rng(0)):
        drawn = patches().pictures(np.array([2, 0, 1, 0]), rng)
        assert drawn.shape == (4, SIZE, SIZE)
        np.testing.assert_allclose(drawn.mean(dim=(1, 2)), 0, atol=1e-5)
        np.testing.assert_allclose(drawn.std(dim=(1, 2), correction=0), 1, atol=1e-4)


@pytest.mark.parametrize(
    ("kept", "seen", "opposite"),
    [
        ({"ROTATION": 3.0}, {"turn": 3.0}, {"turn": -3.0}),
        ({"SHIFT": 5.0}, {"shift": 5.0}, {"shift": -5.0}),
        ({"SCALE": 0.03}, {"scale": 1.03}, {"scale": 0.97}),
    ],
)
def test_augmentation_is_at_the_common_scale(
    monkeypatch: pytest.MonkeyPatch,
    kept: dict[str, float],
    seen: dict[str, float],
    opposite: dict[str, float],
) -> None:
    only(monkeypatch, **kept)
    rows = np.arange(3)
    drawn = patches().pictures(rows, Most())
    # Also in the box of the radius, which is 500 wide and 300 high: no turn is a shear.
    off, far = (
        (drawn - patches(**one).pictures(rows, None)).abs().amax(dim=(1, 2))
        for one in (seen, opposite)
    )
    assert bool((off < 0.03).all())
    assert bool((far > 0.2).all())


def test_augmentation_follows_from_its_seed_and_stays_within_the_surroundings() -> None:
    rows = np.repeat(np.arange(3), 50)
    one, two, other = (patches().pictures(rows, np.random.default_rng(seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(one, two, rtol=0, atol=0)
    assert not torch.allclose(one, other)
    assert not torch.allclose(one[0], one[1])
    # Three degrees, five pixels and three percent do not ask for what lies outside of a region.
    for seed in range(20):
        grids = patches()._grids(rows, np.random.default_rng(seed))
        assert np.abs(grids).sum(axis=2).max() <= 1.0


def test_where_there_is_no_patch_features_are_zero() -> None:
    torch.manual_seed(0)
    trunk = make_trunk(TINY).eval()
    rows = np.array([[0, -1], [2, 1]])
    with torch.no_grad():
        found = TrunkExtractor(patches(), trunk, "cpu")(rows, None)
        alone = TrunkExtractor(patches(), trunk, "cpu")(np.array([2]), None)
    assert found.shape == (2, 2, 2 * TINY[-2])
    assert bool((found[0, 1] == 0).all())
    torch.testing.assert_close(found[1, 0], alone[0])
    frozen = CachedFeatures(torch.rand(4, 3, 5).half() + 1, "cpu")
    for rng in (None, np.random.default_rng(0)):
        found = frozen(rows, rng)
        assert found.shape == (2, 2, 5)
        assert bool((found[0, 1] == 0).all())
        assert bool((found[1] > 0).all())


def test_frozen_features_are_those_as_they_are_or_any_augmented() -> None:
    features = torch.arange(4.0).half()[:, None, None].expand(4, 3, 5)
    frozen = CachedFeatures(features, "cpu")
    rows = np.zeros((200, 1), np.int64)
    assert set(frozen(rows, None).flatten().tolist()) == {0}
    assert set(frozen(rows, np.random.default_rng(0)).flatten().tolist()) == {1, 2, 3}
    alone = CachedFeatures(features[:1], "cpu")
    assert set(alone(rows, np.random.default_rng(0)).flatten().tolist()) == {0}


def test_each_copy_of_features_is_augmented_in_its_own_way(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trunk = make_trunk(TINY)

    def compute(copy: int) -> torch.Tensor:
        path = tmp_path / "features.pt"
        compute_features(patches(), trunk, path, copy=copy, seed=3, device="cpu")
        found: torch.Tensor = torch.load(path, weights_only=True)
        return found

    plain, one, other = (compute(copy) for copy in range(3))
    assert plain.shape == (3, 2 * TINY[-2])
    with torch.no_grad():
        expected = TrunkExtractor(patches(), trunk, "cpu")(np.arange(3), None)
    torch.testing.assert_close(plain.float(), expected, atol=1e-2, rtol=1e-3)
    assert not torch.equal(one, plain)
    assert not torch.equal(one, other)
    torch.testing.assert_close(compute(1), one, rtol=0, atol=0)
