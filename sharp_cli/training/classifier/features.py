"""From rows of a patch store to features, with or without augmentation.

Augmentation is that of Miyama et al. (2022): a rotation of up to 3°, a shift of up to 5 pixels at
the common scale and a scale of 0.97 to 1.03, uniformly distributed.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sharp_cli.core.joints import BOXES
from sharp_cli.inference.networks import extract_features
from sharp_cli.inference.trunk import Layers, openvino_trunk
from sharp_cli.training.classifier.patch_cutter import margin
from sharp_cli.training.findings_bundle import trunk_tensors
from sharp_cli.training.run import half_precision, save

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.patch_store import PatchStore

ROTATION: Final = 3.0
SHIFT: Final = 5.0
SCALE: Final = 0.03
"""At most: degrees; pixels at the common scale; fraction."""

_FEATURE_BATCH: Final = 32

_INTERVAL: Final = 60.0
"""Seconds between two lines of progress."""

LOGGER: Final = logging.getLogger(__name__)


class FeatureExtractor(Protocol):
    """Makes features of patches."""

    def __call__(self, rows: NDArray[np.int64], rng: np.random.Generator | None) -> Tensor:
        """Features of patches.

        Args:
            rows: Of the patch store, any shape; -1 for none, whose features are 0.
            rng: Decides how they are augmented; None for no augmentation.

        Returns:
            float32, the shape of `rows` and one axis more, of the features.
        """


class PatchAugmenter:
    """A cohort's patches on a device, augmented there."""

    def __init__(self, store: PatchStore, device: str) -> None:
        self._pixels = torch.from_numpy(store.pixels).to(device)
        boxes = np.empty((len(store.pixels), 2), np.float32)
        for key, row in store.rows.items():
            boxes[row] = BOXES[key.joint]
        self._boxes = boxes
        self._size = store.size
        self._device = device

    def __len__(self) -> int:
        return len(self._pixels)

    @property
    def size(self) -> int:
        """Width and height of a picture."""
        return self._size

    def pictures(self, rows: NDArray[np.int64], rng: np.random.Generator | None) -> Tensor:
        """Standardised pictures of patches.

        Args:
            rows: Shape (N,).
            rng: Decides how they are augmented; None for no augmentation.

        Returns:
            float32, shape (N, S, S).
        """
        regions = self._pixels[torch.from_numpy(rows).to(self._device)].float()
        edge = margin(self._size)
        if rng is None:
            views = regions[:, edge : edge + self._size, edge : edge + self._size]
        else:
            grid = torch.from_numpy(self._grids(rows, rng)).to(self._device)
            size = [len(rows), 1, self._size, self._size]
            sampling = functional.affine_grid(grid, size, align_corners=False)
            views = functional.grid_sample(
                regions[:, None], sampling, mode="bilinear", padding_mode="border",
                align_corners=False,
            )[:, 0]  # fmt: skip
        spread, mean = torch.std_mean(views, dim=(1, 2), correction=0, keepdim=True)
        return (views - mean) / spread.clamp_min(1e-3)

    def _grids(self, rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float32]:
        """For each patch the affine map from the picture's square -1…1 to the region's."""
        count = len(rows)
        angle = np.deg2rad(rng.uniform(-ROTATION, ROTATION, count))
        scale = rng.uniform(1 - SCALE, 1 + SCALE, count)
        shift = rng.uniform(-SHIFT, SHIFT, (count, 2))
        width, height = self._boxes[rows].T
        shown = self._size / (self._size + 2 * margin(self._size))
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        # Rotated at the common scale, where the box may be wider than it is high.
        maps = np.stack(
            [
                np.stack([cos, -sin * height / width, 2 * shift[:, 0] / width], axis=1),
                np.stack([sin * width / height, cos, 2 * shift[:, 1] / height], axis=1),
            ],
            axis=1,
        )
        return np.asarray(maps * shown, dtype=np.float32)


class TrunkExtractor:
    """Features computed by a trunk each time.

    Without augmentation, as for predictions, they are computed in 32 bit as in use; of augmented
    patches in 16 bit.
    """

    def __init__(self, patches: PatchAugmenter, trunk: nn.Sequential, device: str) -> None:
        self._patches = patches
        self._trunk = trunk
        self._device = device

    def __call__(self, rows: NDArray[np.int64], rng: np.random.Generator | None) -> Tensor:
        """See `FeatureExtractor`."""
        present = rows >= 0
        pictures = self._patches.pictures(rows[present], rng)
        with half_precision(self._device, wanted=rng is not None):
            found = extract_features(self._trunk, pictures)
        features = torch.zeros(rows.size, found.shape[-1], device=self._device)
        features[torch.from_numpy(np.flatnonzero(present)).to(self._device)] = found
        return features.reshape(*rows.shape, found.shape[-1])


class CachedFeatures:
    """Features of a frozen trunk, computed once for every patch: unaugmented and some augmented."""

    def __init__(self, features: Tensor, device: str) -> None:
        """Take features of shape (1 + copies, N, F), the first ones unaugmented.

        Without copies the unaugmented features stand in for augmented ones.
        """
        self._features = features.to(device)
        self._device = device

    def __call__(self, rows: NDArray[np.int64], rng: np.random.Generator | None) -> Tensor:
        """See `FeatureExtractor`."""
        copies = len(self._features) - 1
        chosen = np.zeros(rows.shape, np.int64)
        if rng is not None and copies:
            chosen = rng.integers(1, 1 + copies, rows.shape)
        found = self._features[torch.from_numpy(chosen), torch.from_numpy(rows)].float()
        found[torch.from_numpy(rows < 0)] = 0
        return found


def compute_features(
    patches: PatchAugmenter, trunk: nn.Sequential, path: Path, *, copy: int, seed: int, device: str
) -> None:
    """Compute the features of all patches by a frozen trunk, and write them.

    Args:
        patches: The cohort's.
        trunk: The trunk.
        path: File for a float16 tensor of shape (N, F).
        copy: 0 for no augmentation; each other number is an augmentation of its own.
        seed: Random seed.
        device: Where to compute.
    """
    extract = _frozen_extractor(trunk.eval(), patches.size, device)
    rows = np.arange(len(patches))
    parts = np.array_split(rows, range(_FEATURE_BATCH, len(rows), _FEATURE_BATCH))
    rng = np.random.default_rng([seed, copy]) if copy else None
    found, said = [], time.monotonic()
    with torch.inference_mode():
        for part in parts:
            found.append(extract(patches.pictures(part, rng)).half().cpu())
            if time.monotonic() - said > _INTERVAL:
                said = time.monotonic()
                done = int(part[-1]) + 1
                LOGGER.info("features of %d of %d patches, time %d", done, len(rows), copy + 1)
    save(torch.cat(found), path)


def _frozen_extractor(trunk: nn.Sequential, size: int, device: str) -> Callable[[Tensor], Tensor]:
    """Features of standardised pictures; on the CPU by OpenVINO, which is faster there."""
    if torch.device(device).type != "cpu":
        return partial(extract_features, trunk)
    layers = Layers.of(trunk_tensors(trunk))
    run = openvino_trunk(layers, size, threads=torch.get_num_threads())
    return lambda pictures: torch.from_numpy(run(pictures.numpy()))
