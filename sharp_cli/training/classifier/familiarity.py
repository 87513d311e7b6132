"""Describe the features of training patches; `inference.familiarity` says how, and uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from sharp_cli.inference.familiarity import Familiarity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.features import FeatureExtractor
    from sharp_cli.training.classifier.fit import Fitted, HeadData
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets

    Tensors: TypeAlias = dict[str, NDArray[np.float16]]

COMPONENTS: Final = 32
"""Choices: with the bundled trunk, 16 and 64 components told covered joints apart as well."""

LIMIT: Final = 0.99
"""Fraction of held-out patches within the limit."""

_FEWEST: Final = 64
"""Patches to describe, and as many to find the limit; of fewer there is no description."""

_MOST: Final = 2000
"""Patches, evenly spaced, that features are computed of."""

_PATCHES_AT_ONCE: Final = 64


def describe_patches(
    fitted: Sequence[Fitted], data: Mapping[HeadName, tuple[HeadData, InputSets]]
) -> dict[str, Tensors]:
    """Describe the training patches of each head of some networks by the features that it takes.

    Args:
        fitted: The networks of one fold.
        data: What each head learned from, and what it is tested on; the limit is found on patches
            of its validation and test.

    Returns:
        By the names of heads, the tensors of `inference.familiarity.Familiarity`, without those
        that have too few patches.
    """
    found: dict[str, Tensors] = {}
    known: dict[tuple[FeatureExtractor, bytes, bytes], Tensors] = {}
    for one in fitted:
        for name in one.network.heads:
            head = next(head for head in data if str(head) == name)
            learning, test = data[head]
            own = _rows(learning.training)
            others = _rows(learning.validation, test)
            if min(len(own), len(others)) < _FEWEST:
                continue
            # Models on the same trunk have the same patches.
            key = (one.extractor, own.tobytes(), others.tobytes())
            if key not in known:
                known[key] = describe(*(_features(one.extractor, rows) for rows in (own, others)))
            found[name] = known[key]
    return found


def describe(training: NDArray[np.float32], held_out: NDArray[np.float32]) -> Tensors:
    """Describe features.

    Args:
        training: Shape (N, F).
        held_out: By which the limit is found, shape (M, F).
    """
    count = min(COMPONENTS, training.shape[1] - 1)
    mean = training.mean(axis=0).astype(np.float16)
    deviations = training - mean
    _, sizes, directions = np.linalg.svd(deviations, full_matrices=False)
    variances = np.square(sizes) / len(training)
    least = max(float(variances.sum()) * 1e-6, 1e-6)
    rest = max(float(variances[count:].sum()), least)
    unscaled = Familiarity(
        mean.astype(np.float32),
        directions[:count].astype(np.float16).astype(np.float32),
        np.sqrt(np.maximum(variances[:count], least) * count),
        np.sqrt(np.array([rest])),
    )
    limit = np.quantile(unscaled.distances(held_out), LIMIT, method="higher")
    tensors = {
        "mean": mean,
        "basis": unscaled.basis,
        "spread": unscaled.spread * np.sqrt(limit),
        "rest": unscaled.rest * np.sqrt(limit),
    }
    return {name: value.astype(np.float16) for name, value in tensors.items()}


def _rows(*inputs: InputSets) -> NDArray[np.int64]:
    """The patches of input sets, not more than `_MOST`."""
    rows = np.unique(np.concatenate([one.patches.ravel() for one in inputs]))
    rows = rows[rows >= 0]
    spaced = np.linspace(0, len(rows) - 1, min(_MOST, len(rows)))
    return np.asarray(rows[spaced.round().astype(int)])


def _features(extractor: FeatureExtractor, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    with torch.inference_mode():
        parts = [
            extractor(rows[start : start + _PATCHES_AT_ONCE], None).cpu().numpy()
            for start in range(0, len(rows), _PATCHES_AT_ONCE)
        ]
    return np.concatenate(parts)
