"""The steps of an epoch: balanced batches of input sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets


class Batch(NamedTuple):
    """Patches and labels of one head's input sets, both of shape (U, K)."""

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]


class SetBatch(NamedTuple):
    """One head's input sets that show joints of non-intact sets, of which it is unknown which.

    Attributes:
        patches: Shape (U, K).
        sets: Which of the step's sets of joints an input is of, from 0; -1 for none; shape (U, K).
    """

    patches: NDArray[np.int64]
    sets: NDArray[np.int64]


class Step(NamedTuple):
    """What a network learns from at once.

    Attributes:
        labelled: By head.
        by_set: For each span, which is the heads that have a part in the same sets, by head.
    """

    labelled: Mapping[HeadName, Batch]
    by_set: Sequence[Mapping[HeadName, SetBatch]]


def epoch_steps(
    data: Mapping[HeadName, InputSets], samples: int, rng: np.random.Generator, *, sets: int
) -> Iterator[Step]:
    """The steps of one epoch, each with some input sets of every head.

    Of the non-intact sets of a span, as many come as of a joint's non-intact patches.

    Args:
        data: By head.
        samples: Patches of each joint.
        rng: Decides which.
        sets: About how many input sets a step has.
    """
    needed = {}
    for head, inputs in data.items():
        joints = len(np.unique(inputs.names[np.isfinite(inputs.labels)]))
        needed[head] = math.ceil(samples * joints / inputs.patches.shape[1])
    drawn = math.ceil(samples / 2)
    spans = [SetSampler(data, heads, numbers) for heads, numbers in _spans(data).items()]
    shown = sum(drawn * span.size for span in spans)
    steps = math.ceil((sum(needed.values()) + shown) / sets)
    rows = {
        head: BalancedSampler(inputs)
        .sample(math.ceil(needed[head] / steps) * steps, rng)
        .reshape(steps, -1)
        for head, inputs in data.items()
        if needed[head]
    }
    for step in range(steps):
        yield Step(
            {
                head: Batch(data[head].patches[own[step]], data[head].labels[own[step]])
                for head, own in rows.items()
            },
            [span.sample(math.ceil(drawn / steps), rng) for span in spans],
        )


def _spans(data: Mapping[HeadName, InputSets]) -> dict[tuple[HeadName, ...], list[int]]:
    """By the heads that have a part in them, the sets of joints that are non-intact."""
    parts: dict[tuple[ModelName, int], list[HeadName]] = {}
    for head, inputs in data.items():
        for number in np.unique(inputs.by_set[inputs.by_set >= 0]).tolist():
            parts.setdefault((head.model, number), []).append(head)
    spans: dict[tuple[HeadName, ...], list[int]] = {}
    for (_, number), heads in parts.items():
        spans.setdefault(tuple(heads), []).append(number)
    return spans


class SetSampler:
    """Samples non-intact sets of joints, all alike often, and the input sets that show them.

    Attributes:
        size: Mean number of input sets that show a set of joints.
    """

    def __init__(
        self, data: Mapping[HeadName, InputSets], heads: Sequence[HeadName], numbers: Sequence[int]
    ) -> None:
        self._shown: list[dict[HeadName, SetBatch]] = []
        for number in numbers:
            own = {}
            for head in heads:
                of_set = data[head].by_set == number
                rows = of_set.any(axis=1)
                own[head] = SetBatch(data[head].patches[rows], np.where(of_set[rows], 0, -1))
            self._shown.append(own)
        self._heads = heads
        rows = sum(len(one.patches) for own in self._shown for one in own.values())
        self.size = rows / len(numbers)

    def sample(self, count: int, rng: np.random.Generator) -> dict[HeadName, SetBatch]:
        """The input sets that show `count` sets of joints, drawn with replacement."""
        chosen = [self._shown[one] for one in rng.integers(len(self._shown), size=count)]
        return {
            head: SetBatch(
                np.concatenate([one[head].patches for one in chosen]),
                np.concatenate(
                    [np.where(one[head].sets < 0, -1, place) for place, one in enumerate(chosen)]
                ),
            )
            for head in self._heads
        }


class BalancedSampler:
    """Samples input sets such that every joint is equally frequent, and so is each of its labels.

    A joint counts as the same in both hands. Of one with a single label only that is sampled.
    """

    def __init__(self, inputs: InputSets) -> None:
        known = np.isfinite(inputs.labels)
        labels = np.unique(inputs.labels[known])
        self._strata: list[list[NDArray[np.int64]]] = []
        for name in np.unique(inputs.names[known]):
            classes = [
                np.nonzero(((inputs.labels == label) & (inputs.names == name)).any(axis=1))[0]
                for label in labels
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
