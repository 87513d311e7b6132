"""Train the classifier of a findings bundle on intact hands with synthetic lesions.

Every step draws new pairs of patches (one joint, left and right hand); one pass of the trunk
serves the `siso` and the `mimo-local` head of each finding the joint is scored for. The losses are
binary cross-entropies, summed over a pair's two outputs as in Miyama et al. (2022).
"""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from sharp_cli.classify import standardise
from sharp_cli.dataset import part, split_validation
from sharp_cli.joints import FINDINGS, HEADS, POINTS, TARGETS
from sharp_cli.networks import FindingsNetwork
from sharp_cli.train.joint_patches import (
    IntactHand,
    draw,
    draw_grades,
    partner,
    phantom_hands,
)
from sharp_cli.train.run import save

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

LOGGER: Final = logging.getLogger(__name__)

SIZE: Final = 128
"""Width and height of the network's input: 3 times fewer operations than VGG16's own 224."""

STAGES: Final = ((0.4, 64), (0.7, 96), (1.0, SIZE))
"""Input sizes over the course of training: until which share of it, which size.

Small inputs first: a step at 64 costs a quarter of one at 128.
"""

PAIRS: Final = 12
"""Pairs of patches a step."""

RATE: Final = 7e-4
"""Adam's highest learning rate, reached after `WARM_UP` of the training; a cosine from there."""

WARM_UP: Final = 0.03

PHANTOMS: Final = 20
PHANTOM_SHARE: Final = 0.2
"""Synthetic patients, and the share of pairs drawn from them."""

VALIDATION_STEPS: Final = 12

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

_SAVE_EVERY: Final = 120.0
_VALIDATE_EVERY: Final = 0.125

GRID: Final = SIZE // 8
"""Width and height of the map in which damage is localised."""

DENSE_WEIGHT: Final = 1.0
"""Of the localisation's loss beside the heads'."""

_RARE: Final = 5.0
"""Weight of damaged cells, which are rare, beside the others."""

Batch = tuple[Tensor, Tensor, Tensor, Tensor]
"""Pictures (B, 2, S, S) left and right; indices of their joints in POINTS (B,); labels
(B, 2, findings), NaN where the joint is not scored; and where the damage is
(B, 2, findings, GRID, GRID), NaN where that is not known."""


@dataclass(frozen=True, slots=True)
class Split:
    """Hands by what they may be used for; no radiograph is in two parts."""

    training: list[IntactHand]
    validation: list[IntactHand]
    test: list[IntactHand]


def split(hands: Sequence[IntactHand]) -> Split:
    """Hold out `dataset.held_out` for the measurement and every fifth of the rest to validate."""
    training, validation = split_validation(part(hands, apart=False))
    return Split(training, validation, part(hands, apart=True))


class Pairs:
    """Batches of pairs, drawn anew for every step; a step's number fixes its batch."""

    def __init__(
        self,
        hands: Sequence[IntactHand],
        phantoms: Sequence[IntactHand] = (),
        *,
        seed: int,
        size: int = SIZE,
    ) -> None:
        self._hands = [(hand, partner(hand, hands)) for hand in hands]
        self._phantoms = [(hand, partner(hand, phantoms)) for hand in phantoms]
        self._seed = seed
        self._size = size

    def draw(self, step: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng([self._seed, step])
        pictures = np.empty((PAIRS, 2, self._size, self._size), np.float32)
        labels = np.full((PAIRS, 2, len(FINDINGS)), np.nan, np.float32)
        places = np.full((PAIRS, 2, len(FINDINGS), GRID, GRID), np.nan, np.float32)
        joints = np.empty(PAIRS, np.int64)
        for row in range(PAIRS):
            chosen = self._phantoms if rng.random() < PHANTOM_SHARE else self._hands
            chosen = chosen or self._hands
            hand, other = chosen[rng.integers(len(chosen))]
            joint = str(rng.choice(list(hand.regions)))
            joints[row] = POINTS.index(joint)
            # Without a second hand the same one, drawn differently, stands in for it.
            pair = [hand, other or hand]
            rng.shuffle(pair)
            for place, (one, grades) in enumerate(
                zip(pair, draw_grades(joint, rng, plain=True), strict=True)
            ):
                drawn = draw(one, joint, grades, rng, vary=True)
                pictures[row, place] = standardise(drawn.pixels, self._size)
                for finding, grade in grades.items():
                    index = (row, place, FINDINGS.index(finding))
                    labels[index] = grade > 0
                    places[index] = _on_grid(drawn.damage.get(finding))
        return (
            torch.from_numpy(pictures),
            torch.from_numpy(joints),
            torch.from_numpy(labels),
            torch.from_numpy(places),
        )


def _on_grid(damage: NDArray[np.bool_] | None) -> NDArray[np.float32] | float:
    """Cells with damage; 0 without any, NaN for damage too slight to be placed."""
    if damage is None:
        return 0.0
    share = cv2.resize(damage.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    cells = share > 0.2
    return cells.astype(np.float32) if cells.any() else math.nan


_MEMBERS: Final = {
    head: torch.tensor(
        [any((t.finding, t.group, t.joint) == (*head, joint) for t in TARGETS) for joint in POINTS]
    )
    for head in HEADS
}
"""For each head which of POINTS it serves."""


@dataclass(slots=True)
class Outcome:
    """Logits and labels of a batch, by model and finding.

    Attributes:
        loss: Sum of the mean losses of both models and of the localisation.
        logits: By model and finding.
        labels: By model and finding, 0 or 1.
    """

    loss: Tensor
    logits: dict[tuple[str, str], list[Tensor]] = field(default_factory=dict)
    labels: dict[tuple[str, str], list[Tensor]] = field(default_factory=dict)


def forward(network: FindingsNetwork, batch: Batch, size: int, device: str) -> Outcome:
    """Classify a batch at an input size and compare with its labels."""
    pictures, joints, labels, places = (part.to(device) for part in batch)
    flat = pictures.flatten(0, 1)
    if size != flat.shape[-1]:
        flat = functional.interpolate(flat[:, None], size=(size, size), mode="area")[:, 0]
    with torch.autocast(torch.device(device).type, torch.bfloat16):
        features, seen = network(flat)
    features = features.reshape(len(pictures), 2, -1)
    outcome = Outcome(DENSE_WEIGHT * _localisation(seen, places.flatten(0, 1)))
    for (finding, group), members in _MEMBERS.items():
        rows = members.to(device)[joints]
        if not rows.any():
            continue
        mine = features[rows]
        truth = labels[rows, :, FINDINGS.index(finding)]
        for model, inputs in (("siso", mine), ("mimo-local", mine.flatten(1))):
            logits = network.heads[f"{model}/{finding}/{group}"](inputs).reshape(truth.shape)
            loss = functional.binary_cross_entropy_with_logits(logits, truth, reduction="sum")
            outcome.loss = outcome.loss + loss / torch.isfinite(labels).sum()
            outcome.logits.setdefault((model, finding), []).append(logits.detach().flatten().cpu())
            outcome.labels.setdefault((model, finding), []).append(truth.flatten().cpu())
    return outcome


def _localisation(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of damage cell by cell, where it is known."""
    truth = functional.adaptive_max_pool2d(truth, list(logits.shape[-2:]))
    known = torch.isfinite(truth)
    weight = torch.tensor(_RARE, device=logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits[known], truth[known], pos_weight=weight
    )


@torch.no_grad()
def validate(
    network: FindingsNetwork, batches: Sequence[Batch], size: int, device: str
) -> tuple[float, str]:
    """Mean loss over batches, and areas under the ROC curves in words."""
    network.eval()
    outcomes = [forward(network, batch, size, device) for batch in batches]
    network.train()
    words = []
    for key in sorted(outcomes[0].logits):
        logits = torch.cat([part for one in outcomes for part in one.logits.get(key, [])])
        labels = torch.cat([part for one in outcomes for part in one.labels.get(key, [])])
        words.append(f"{' '.join(key)} {roc_auc_score(labels, logits):.3f}")
    return float(np.mean([float(one.loss) for one in outcomes])), ", ".join(words)


def train(
    hands: Split,
    run: Path,
    *,
    minutes: float,
    device: str = "cpu",
    threads: int | None = None,
    network: FindingsNetwork | None = None,
) -> Path:
    """Train for a given time, or go on where a run was cut off.

    Args:
        hands: What to train on and validate with.
        run: Folder of the checkpoints.
        minutes: Time to train, checkpoints' time included; the schedule follows it.
        device: `cpu` or `cuda`.
        threads: CPU threads; None for all cores.
        network: To train; None for a VGG16.

    Returns:
        The file of the network with the lowest validation loss at the final input size.
    """
    run.mkdir(parents=True, exist_ok=True)
    if threads is not None:
        cv2.setNumThreads(threads)
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = (network or FindingsNetwork()).to(device).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    step, elapsed, best, validated = 0, 0.0, math.inf, 0.0
    if (run / CHECKPOINT).is_file():
        state: dict[str, Any] = torch.load(run / CHECKPOINT, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        step, elapsed, best = state["step"], state["elapsed"], state["best"]
        validated = elapsed / (60 * minutes)
    pairs = Pairs(hands.validation, seed=1)
    checks = [pairs.draw(number) for number in range(VALIDATION_STEPS)]
    saved, clock, loss = time.monotonic(), time.monotonic(), math.nan
    batches = Pairs(hands.training, phantom_hands(PHANTOMS), seed=0)
    for batch in _endless(batches, step):
        progress = min(elapsed / (60 * minutes), 1.0)
        size = next(size for until, size in STAGES if progress <= until)
        if progress >= validated + _VALIDATE_EVERY or progress >= 1:
            validated = progress
            checked, words = validate(network, checks, size, device)
            LOGGER.info(
                "%4.0f%% step %d size %d: loss %.3f, validation %.3f: %s",
                100 * progress,
                step,
                size,
                loss,
                checked,
                words,
            )
            if size == SIZE and checked < best:
                best = checked
                save(network.state_dict(), run / BEST)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(progress)
        optimizer.zero_grad()
        outcome = forward(network, batch, size, device)
        outcome.loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        step += 1
        now = float(outcome.loss.detach())
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        elapsed, clock = elapsed + time.monotonic() - clock, time.monotonic()
        if clock - saved > _SAVE_EVERY:
            state = {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "elapsed": elapsed,
                "best": best,
            }
            save(state, run / CHECKPOINT)
            LOGGER.info("%4.0f%% step %d: loss %.3f", 100 * progress, step, loss)
            saved = clock
    return run / BEST


def rate(progress: float) -> float:
    """The learning rate at a share of the training: a linear rise, then half a cosine."""
    if progress < WARM_UP:
        return RATE * (progress + 0.001) / WARM_UP
    return RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


def _endless(pairs: Pairs, start: int) -> Iterator[Batch]:
    """Batches without end; the next one is drawn while the last one trains.

    In a thread: a forked process hangs in OpenCV once its parent has used it.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(pairs.draw, start)
        for step in count(start + 1):
            batch = ahead.result()
            ahead = pool.submit(pairs.draw, step)
            yield batch
