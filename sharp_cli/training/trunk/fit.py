"""Train a trunk on joints whose lesions were put in, so that their position is known.

Networks hardly learn small lesions from random weights and labels alone. Here patches of intact
joints are given new lesions in every step, and beside the label the network learns which cells of
its maps are damaged. Joints of a labelled cohort, without such a map, may be added. The trunk is
what `sharp train classifier` starts from; the single-joint heads are its by-product.
"""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from sharp_cli.core.joints import FINDINGS
from sharp_cli.training.run import half_precision, save
from sharp_cli.training.trunk.batches import PatchSampler
from sharp_cli.training.trunk.network import rows_by_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sharp_cli.training.trunk.batches import Batch, HandSources
    from sharp_cli.training.trunk.network import TrunkNetwork
    from sharp_cli.training.trunk.teacher import Teacher

LOGGER: Final = logging.getLogger(__name__)

TRAINED_RATE: Final = 1.5e-4
"""Adam's highest learning rate from a trained trunk, instead of the recipe's."""

WARM_UP: Final = 0.03
"""Fraction of the training over which the rate rises; from there it falls along a cosine."""

VALIDATION_BATCHES: Final = 16

SAVE_EVERY: Final = 50
VALIDATE_EVERY: Final = 250
"""Steps."""

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

_RARE: Final = 5.0
"""Weight of damaged cells, which are rare, relative to the others."""


class Outcome(NamedTuple):
    """What a network makes of a batch.

    Attributes:
        loss: Compared with its labels and places of damage.
        logits: Shape (B, findings), NaN where a joint is not scored.
        features: Shape (B, F).
    """

    loss: Tensor
    logits: Tensor
    features: Tensor


def forward(network: TrunkNetwork, batch: Batch, device: str) -> Outcome:
    """Classify a batch and compare with its labels: mean cross-entropies, summed."""
    labels = batch.labels.to(device)
    half = device != "cpu" or network.recipe.half_on_cpu
    with half_precision(device, wanted=half):
        features, damage = network(batch.pictures.to(device))
    logits = torch.full_like(labels, math.nan)
    for finding, group, rows in rows_by_group(batch.joints):
        mine = network.heads[f"{finding}/{group}"](features[rows])
        logits[rows, FINDINGS.index(finding)] = mine[:, 0]
    known = torch.isfinite(labels)
    loss = functional.binary_cross_entropy_with_logits(logits[known], labels[known])
    loss = loss + _localisation_loss(damage, batch.places.to(device))
    return Outcome(loss, logits, features)


def _localisation_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of damage cell by cell, where it is known."""
    known = torch.isfinite(truth)
    weight = torch.tensor(_RARE, device=logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits[known], truth[known], pos_weight=weight
    )


def _imitation_loss(
    network: TrunkNetwork, teacher: Teacher, batch: Batch, outcome: Outcome
) -> Tensor:
    assert network.imitation is not None  # noqa: S101 - for the type checker
    features = network.imitation(outcome.features)
    pictures = batch.pictures.to(features.device)
    return teacher.loss(pictures, batch.joints, outcome.logits, features)


@torch.no_grad()
def validate(network: TrunkNetwork, batches: Sequence[Batch], device: str) -> tuple[float, str]:
    """Mean loss over batches, and areas under the ROC curves as text."""
    network.eval()
    outcomes = [forward(network, batch, device) for batch in batches]
    network.train()
    logits = torch.cat([one.logits for one in outcomes]).float().cpu()
    labels = torch.cat([batch.labels for batch in batches])
    areas = []
    for column, finding in enumerate(FINDINGS):
        known = torch.isfinite(labels[:, column])
        mine = labels[known, column]
        if 0 < mine.sum() < len(mine):
            areas.append(f"{finding} {roc_auc_score(mine, logits[known, column]):.3f}")
    return float(np.mean([float(one.loss) for one in outcomes])), ", ".join(areas)


def train(
    network: TrunkNetwork,
    training: HandSources,
    validation: HandSources,
    run: Path,
    *,
    steps: int,
    rate: float,
    seed: int,
    device: str,
    teacher: Teacher | None = None,
) -> Path:
    """Train a network, or resume an interrupted run.

    Args:
        network: The network to train.
        training: Hands to learn from.
        validation: Others, by which the best state of the network is chosen.
        run: Folder of the checkpoints.
        steps: Batches to train on.
        rate: The highest learning rate.
        seed: Random seed.
        device: `cpu` or `cuda`.
        teacher: What it imitates besides, if anything.

    Returns:
        The file of the network with the lowest validation loss.
    """
    torch.manual_seed(seed)
    network = network.to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    done, best = 0, math.inf
    if (run / CHECKPOINT).is_file():
        state: dict[str, Any] = torch.load(run / CHECKPOINT, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        done, best = state["step"], state["best"]
    recipe = network.recipe
    checks = [
        PatchSampler(validation, recipe, seed=seed + 1).batch(number)
        for number in range(VALIDATION_BATCHES)
    ]
    began, loss = time.monotonic(), math.nan
    network.train()
    for step, batch in _prefetched(PatchSampler(training, recipe, seed=seed), done, steps):
        for group in optimizer.param_groups:
            group["lr"] = scheduled(rate, step / steps)
        optimizer.zero_grad()
        torch.manual_seed(seed + step)  # dropout must not depend on where a run was interrupted
        outcome = forward(network, batch, device)
        total = outcome.loss
        if teacher is not None:
            total = total + _imitation_loss(network, teacher, batch, outcome)
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        now = float(outcome.loss.detach())
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        if (step + 1) % VALIDATE_EVERY == 0 or step + 1 == steps:
            checked, areas = validate(network, checks, device)
            left = (time.monotonic() - began) / (step + 1 - done) * (steps - step - 1) / 60
            LOGGER.info(
                "step %d of %d: loss %.3f, validation %.3f: %s; %.0f min left",
                step + 1, steps, loss, checked, areas, left,
            )  # fmt: skip
            if checked < best:
                best = checked
                save(network.state_dict(), run / BEST)
        if (step + 1) % SAVE_EVERY == 0:
            state = {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step + 1,
                "best": best,
            }
            save(state, run / CHECKPOINT)
    return run / BEST


def scheduled(rate: float, progress: float) -> float:
    """The learning rate at a fraction of the training: a linear rise, then half a cosine."""
    if progress < WARM_UP:
        return rate * (progress + 0.001) / WARM_UP
    return rate * (0.01 + 0.99 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


def _prefetched(patches: PatchSampler, start: int, end: int) -> Iterator[tuple[int, Batch]]:
    """Numbered batches; the next one is generated while the network trains on the last.

    In a thread: a forked process hangs in OpenCV once its parent has used it.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(patches.batch, start)
        for step in count(start):
            if step >= end:
                return
            batch = ahead.result()
            ahead = pool.submit(patches.batch, step + 1)
            yield step, batch
