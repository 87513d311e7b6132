"""The loss of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.batches import Batch
    from sharp_cli.training.classifier.features import FeatureExtractor
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.network import ClassifierNetwork

MASKED_FRACTION: Final = 0.1
"""Fraction of inputs that are masked in training, so that a head tolerates missing ones; a choice.
At least one input of a set is kept."""


def batch_loss(
    network: ClassifierNetwork,
    extractor: FeatureExtractor,
    batch: Mapping[HeadName, Batch],
    rng: np.random.Generator,
    *,
    masking: bool,
) -> Tensor:
    """Binary cross-entropy, summed over a set's outputs; mean over sets, then over heads.

    Args:
        network: The network.
        extractor: Makes the features that it takes.
        batch: By head.
        rng: Decides what is masked and how patches are augmented.
        masking: Whether to mask some inputs, see `MASKED_FRACTION`.
    """
    if masking:
        batch = {
            head: one._replace(patches=mask_inputs(one.patches, rng)) for head, one in batch.items()
        }
    # One pass of the trunk serves all heads.
    features = extractor(np.concatenate([one.patches.ravel() for one in batch.values()]), rng)
    losses = []
    for head, (patches, labels) in batch.items():
        mine, features = features[: patches.size], features[patches.size :]
        logits = network.logits(head, mine.reshape(*patches.shape, -1))
        truth = torch.from_numpy(np.where(patches >= 0, labels, np.nan)).to(logits.device)
        known = torch.isfinite(truth)
        loss = functional.binary_cross_entropy_with_logits(
            logits[known], truth[known], reduction="sum"
        )
        losses.append(loss / len(patches))
    return torch.stack(losses).mean()


def mask_inputs(patches: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Patches of input sets, some replaced by -1; a set that would lose all of them loses none."""
    masked = np.where(rng.random(patches.shape) < MASKED_FRACTION, -1, patches)
    return np.where((masked >= 0).any(axis=1, keepdims=True), masked, patches)
