"""The loss of a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from sharp_cli.inference.grading import LOWEST_CUT
from sharp_cli.training.classifier.batches import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.batches import Batch, SetBatch
    from sharp_cli.training.classifier.features import FeatureExtractor
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.network import ClassifierNetwork

MASKED_FRACTION: Final = 0.1
"""Fraction of inputs that are masked in training, so that a head tolerates missing ones; a choice.
At least one input of a set is kept."""


_LEAST: Final = 1e-30
"""Of what a logarithm is taken of, in 32 bit."""


def step_loss(
    network: ClassifierNetwork,
    extractor: FeatureExtractor,
    step: Step,
    rng: np.random.Generator,
    *,
    masking: bool,
) -> Tensor:
    """The mean of the losses of the heads' labelled joints, and of the spans' sets of joints.

    A head's is binary cross-entropy, summed over a set's outputs, mean over input sets; that of a
    head with cut-points is the sum over these.

    Args:
        network: The network.
        extractor: Makes the features that it takes.
        step: What it learns from.
        rng: Decides what is masked and how patches are augmented.
        masking: Whether to mask some inputs, see `MASKED_FRACTION`.
    """
    if masking:
        step = _masked(step, rng)
    parts: list[Mapping[HeadName, Batch | SetBatch]] = [step.labelled, *step.by_set]
    inputs = [(head, one.patches) for part in parts for head, one in part.items()]
    # One pass of the trunk serves all heads.
    features = extractor(np.concatenate([patches.ravel() for _, patches in inputs]), rng)
    logits = []
    for head, patches in inputs:
        mine, features = features[: patches.size], features[patches.size :]
        logits.append(network.logits(head, mine.reshape(*patches.shape, -1)))
    found = iter(logits)
    losses = [
        _labelled_loss(next(found), one, network.cuts.get(str(head)))
        for head, one in step.labelled.items()
    ]
    losses += [
        set_loss([next(found) for _ in span], [one.sets for one in span.values()])
        for span in step.by_set
    ]
    return torch.stack(losses).mean()


def _labelled_loss(logits: Tensor, batch: Batch, cuts: Tensor | None) -> Tensor:
    """The loss of one head's joints: labels are 0 and 1, or grades where there are cut-points.

    The latter is that of CORAL (Cao, Mirjalili & Raschka, Pattern Recognit Lett 140:325, 2020):
    each cut-point is a binary task, whether the grade is at least its own, on the same logit.
    """
    patches, labels = batch
    truth = torch.from_numpy(np.where(patches >= 0, labels, np.nan)).to(logits.device)
    known = torch.isfinite(truth)
    found, targets = logits[known], truth[known]
    if cuts is not None:
        grades = LOWEST_CUT + torch.arange(len(cuts), device=logits.device)
        found, targets = found[:, None] - cuts, (targets[:, None] >= grades).to(found.dtype)
    loss = functional.binary_cross_entropy_with_logits(found, targets, reduction="sum")
    return loss / len(patches)


def set_loss(logits: Sequence[Tensor], sets: Sequence[NDArray[np.int64]]) -> Tensor:
    """Multiple-instance loss of non-intact sets of joints: mean of -log(1 - prod(1 - p)).

    The noisy-or of its joints' probabilities p is the probability that at least one of a set is
    non-intact (Dietterich et al., Artif Intell 89:31, 1997, for the problem; Viola et al., NIPS
    2005, for the noisy-or). It is the very likelihood by which the joints of an intact set, each
    labelled so, are trained, and its gradient reaches every joint of the set, where the maximum's
    reaches one, which may be the wrong one at the beginning.

    Args:
        logits: Of each head, shape (U, K).
        sets: Of each head, which set an input is of, from 0; -1 for none; shape (U, K).
    """
    places = [torch.from_numpy(one).to(logits[0].device) for one in sets]
    numbers = torch.cat([one[one >= 0] for one in places])
    joints = torch.cat([own[one >= 0] for own, one in zip(logits, places, strict=True)])
    # -log of the probability that all joints of a set are intact.
    intact = joints.new_zeros(int(numbers.max()) + 1)
    intact = intact.index_add(0, numbers, functional.softplus(joints))
    return -torch.log(-torch.expm1(-intact.clamp_min(_LEAST))).mean()


def _masked(step: Step, rng: np.random.Generator) -> Step:
    """A step with some inputs masked, but no joint of a set: it may be the non-intact one."""
    return Step(
        {
            head: one._replace(patches=mask_inputs(one.patches, rng))
            for head, one in step.labelled.items()
        },
        [
            {
                head: one._replace(
                    patches=np.where(one.sets < 0, mask_inputs(one.patches, rng), one.patches)
                )
                for head, one in span.items()
            }
            for span in step.by_set
        ],
    )


def mask_inputs(patches: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Patches of input sets, some replaced by -1; a set that would lose all of them loses none."""
    masked = np.where(rng.random(patches.shape) < MASKED_FRACTION, -1, patches)
    return np.where((masked >= 0).any(axis=1, keepdims=True), masked, patches)
