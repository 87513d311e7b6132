"""A small network that learns to separate two kinds of patches."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sharp_cli.core.joints import POINTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Scorer = Callable[[Array, NDArray[np.int64]], NDArray[np.float64]]

SIZE: Final = 96
"""Width and height of the network's input: at 64 most of the noise is averaged away."""

EPOCHS: Final = 8

_BATCH: Final = 64
_RATE: Final = 3e-3
_DECAY: Final = 1e-3
_SHIFT: Final = 4  # px, the most a patch is shifted in training
_GAMMA: Final = 0.2  # spread of the logarithm of the exponent


class Discriminator(nn.Module):
    """Four convolutions, mean and maximum of their maps, and one weight a feature and joint."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 16, 32, 64, 64)
        layers: list[nn.Module] = []
        for number, (inputs, outputs) in enumerate(pairwise(widths)):
            kernel = 3 if number else 5
            layers += [
                nn.Conv2d(inputs, outputs, kernel, 2, kernel // 2, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
            ]
        self.maps = nn.Sequential(*layers)
        self.last = nn.Linear(2 * widths[-1] + len(POINTS), 1)

    def forward(self, pictures: Tensor, joints: Tensor) -> Tensor:
        """Logits, shape (B,), of pictures (B, SIZE, SIZE) of joints (B,)."""
        maps = self.maps(pictures[:, None])
        joint = functional.one_hot(joints, len(POINTS)).float()
        found = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3)), joint], dim=1)
        logits: Tensor = self.last(found)[:, 0]
        return logits


def fit_discriminator(
    pictures: Array, joints: NDArray[np.int64], labels: NDArray[np.bool_], *, seed: int
) -> Scorer:
    """Train on labelled patches, on one thread: the same input gives the same network.

    Args:
        pictures: float32, shape (N, height, width), each standardised.
        joints: Index of each one's joint in `joints.POINTS`, shape (N,).
        labels: Which of the two kinds each one is, shape (N,).
        seed: Random seed of weights, order and augmentation.

    Returns:
        A function of further pictures and joints that gives the probability of label True.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Discriminator()
    inputs, places = _resized(pictures), torch.from_numpy(joints)
    truth = torch.from_numpy(labels).float()
    steps = EPOCHS * -(-len(labels) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    network.train()
    for _ in range(EPOCHS):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            logits = network(_varied(inputs[batch], rng), places[batch])
            loss = functional.binary_cross_entropy_with_logits(logits, truth[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    network.eval()

    @torch.inference_mode()
    def score(pictures: Array, joints: NDArray[np.int64]) -> NDArray[np.float64]:
        logits = network(_resized(pictures), torch.from_numpy(joints))
        return np.asarray(logits.sigmoid().double().numpy())

    return score


def _resized(pictures: Array) -> Tensor:
    size = (SIZE, SIZE)
    views = [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in pictures]
    return torch.from_numpy(np.stack(views))


def _varied(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Each picture shifted a little, with another gamma, standardised again."""
    padded = functional.pad(pictures[:, None], (_SHIFT,) * 4, mode="replicate")[:, 0]
    corners = rng.integers(0, 2 * _SHIFT + 1, (len(pictures), 2))
    shifted = torch.stack(
        [
            one[down : down + SIZE, right : right + SIZE]
            for one, (down, right) in zip(padded, corners, strict=True)
        ]
    )
    low, high = shifted.amin((1, 2), keepdim=True), shifted.amax((1, 2), keepdim=True)
    gamma = np.exp(rng.normal(0.0, _GAMMA, (len(pictures), 1, 1))).astype(np.float32)
    shown = ((shifted - low) / (high - low).clamp(min=1e-3)) ** torch.from_numpy(gamma)
    shown = shown - shown.mean((1, 2), keepdim=True)
    return shown / shown.std((1, 2), keepdim=True).clamp(min=1e-3)
