"""Balanced batches of input sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.input_sets import HeadName, InputSets


class Batch(NamedTuple):
    """Patches and labels of one head's input sets, both of shape (U, K)."""

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]


def epoch_batches(
    data: Mapping[HeadName, InputSets], samples: int, rng: np.random.Generator, *, sets: int
) -> Iterator[dict[HeadName, Batch]]:
    """The batches of one epoch, each with some input sets of every head.

    Args:
        data: By head.
        samples: Patches of each joint.
        rng: Decides which.
        sets: About how many input sets a batch has.
    """
    needed = {}
    for head, inputs in data.items():
        joints = len(np.unique(inputs.names[np.isfinite(inputs.labels)]))
        needed[head] = math.ceil(samples * joints / inputs.patches.shape[1])
    steps = math.ceil(sum(needed.values()) / sets)
    rows = {
        head: BalancedSampler(inputs)
        .sample(math.ceil(needed[head] / steps) * steps, rng)
        .reshape(steps, -1)
        for head, inputs in data.items()
    }
    for step in range(steps):
        yield {
            head: Batch(inputs.patches[rows[head][step]], inputs.labels[rows[head][step]])
            for head, inputs in data.items()
        }


class BalancedSampler:
    """Samples input sets such that every joint is equally frequent, intact and non-intact.

    A joint counts as the same in both hands. Of one with a single class only that is sampled.
    """

    def __init__(self, inputs: InputSets) -> None:
        known = np.isfinite(inputs.labels)
        self._strata: list[list[NDArray[np.int64]]] = []
        for name in np.unique(inputs.names[known]):
            classes = [
                np.nonzero(((inputs.labels == label) & (inputs.names == name)).any(axis=1))[0]
                for label in (0, 1)
            ]
            self._strata.append([rows for rows in classes if len(rows)])

    def sample(self, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Rows of `count` input sets, with replacement."""
        chosen = []
        for joint in rng.integers(len(self._strata), size=count):
            classes = self._strata[joint]
            rows = classes[int(rng.integers(len(classes)))]
            chosen.append(rows[int(rng.integers(len(rows)))])
        return np.array(chosen, np.int64)
