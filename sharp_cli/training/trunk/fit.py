"""Train a trunk on joints whose lesions were put in, so that it is known where they are.

VGG16 does not learn small lesions from random weights and labels alone. Here patches of intact
joints are given lesions anew in every step, and beside the label the network is told which cells
of its maps are damaged. Joints of a labelled cohort may join them, without such a map. The trunk
is what `sharp train classifier` starts from; the single-joint heads are its by-product.
"""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cv2
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from sharp_cli.core.joints import FINDINGS, GROUP_JOINTS, JOINT_GROUPS, TARGET_OF
from sharp_cli.inference.classifier import standardise
from sharp_cli.inference.networks import HIDDEN, VGG16, make_head, make_trunk, pooled
from sharp_cli.synthetic.adult_bones import random_gap
from sharp_cli.synthetic.joint_patches import generate_patch, random_grades
from sharp_cli.training.run import half_precision, save

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.synthetic.intact_hands import IntactHand

LOGGER: Final = logging.getLogger(__name__)

SIZE: Final = 128
"""Width and height of the network's input: 3 times fewer operations than VGG16's own 224."""

BATCH: Final = 24
"""Patches a step."""

RATE: Final = 7e-4
STARTED_RATE: Final = 1.5e-4
"""Adam's highest learning rate, from random weights and from a trained trunk; it rises over
`WARM_UP` of the training and falls along a cosine from there."""

WARM_UP: Final = 0.03

COHORT_SHARE: Final = 0.3
PHANTOM_SHARE: Final = 0.15
"""Shares of patches from a labelled cohort, where there is one, and from intact phantoms."""

PHANTOMS: Final = 20
"""Intact synthetic patients."""

ADULT_FRACTION: Final = 0.75
"""Of the joints that are given lesions or stay intact, how many become an adult's."""

DROPOUT: Final = 0.25

VALIDATION_STEPS: Final = 16
SAVE_EVERY: Final = 50
VALIDATE_EVERY: Final = 250
"""Batches; steps."""

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

_PLACES: Final = 3
"""Index of the pool before which damage is localised: a cell is 8 pixels wide there."""

GRID: Final = SIZE // 2**_PLACES
"""Width and height of the map in which damage is localised."""

_RARE: Final = 5.0
"""Weight of damaged cells, which are rare, beside the others."""

_DAMAGED_SHARE: Final = 0.2
"""Of a cell's area, from which on it counts as damaged."""


class Batch(NamedTuple):
    """Patches of single joints.

    Attributes:
        pictures: Standardised, shape (B, S, S).
        joints: Names of their joints.
        labels: Shape (B, findings), NaN where the joint is not scored.
        places: Where the damage is, shape (B, findings, GRID, GRID), NaN where not known.
    """

    pictures: Tensor
    joints: Sequence[str]
    labels: Tensor
    places: Tensor


class TrunkNetwork(nn.Module):
    """A trunk, a head for each finding and joint group, and a map of damage.

    Attributes:
        trunk: Pictures (N, 3, S, S) to maps (N, C, S / 32, S / 32).
        places: Maps before the fourth pool to a logit a finding, "here is damage".
        heads: By `finding/group`, the features of one joint to one logit.
    """

    def __init__(self, layout: Sequence[int | str] = VGG16, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.trunk = make_trunk(layout, batch_norm=batch_norm)
        pools = [number for number, size in enumerate(layout) if size == "M"]
        self.places = nn.Conv2d(int(layout[pools[_PLACES] - 1]), len(FINDINGS), 1)
        features = 2 * int(layout[pools[-1] - 1])
        self.heads = nn.ModuleDict(
            {
                "/".join(head): make_head(features, 1, layers=2, hidden=HIDDEN, dropout=DROPOUT)
                for head in JOINT_GROUPS
            }
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None  # noqa: S101 - for the type checker
                nn.init.zeros_(module.bias)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, 2 C) of standardised pictures (N, S, S), and logits of the map of damage."""
        layers = list(self.trunk)
        pools = [number for number, one in enumerate(layers) if isinstance(one, nn.MaxPool2d)]
        early = self.trunk[: pools[_PLACES]](pictures[:, None].expand(-1, 3, -1, -1))
        return pooled(self.trunk[pools[_PLACES] :](early)), self.places(early).float()


@dataclass(frozen=True, slots=True)
class Sources:
    """Hands that patches are drawn from.

    Attributes:
        real: Intact hands, which are given lesions.
        phantoms: Intact phantoms, which are given lesions.
        cohort: Labelled hands, which are taken as they are.
    """

    real: Sequence[IntactHand]
    phantoms: Sequence[IntactHand] = ()
    cohort: Sequence[IntactHand] = ()


class Patches:
    """Batches of patches, drawn anew for every step; a step's number fixes its batch."""

    def __init__(self, sources: Sources, *, seed: int) -> None:
        self._sources = sources
        self._seed = seed
        self._by_label = _by_label(sources.cohort)

    def draw(self, step: int) -> Batch:
        """The batch of one step."""
        rng = np.random.default_rng([self._seed, step])
        pictures = np.empty((BATCH, SIZE, SIZE), np.float32)
        labels = np.full((BATCH, len(FINDINGS)), np.nan, np.float32)
        places = np.full((BATCH, len(FINDINGS), GRID, GRID), np.nan, np.float32)
        joints = []
        for row in range(BATCH):
            hand, joint, labelled = self._choose(rng)
            grades = (
                hand.grades[joint]
                if labelled
                else random_grades(joint, rng, favour_obvious=True)[0]
            )
            lesions = dict.fromkeys(grades, 0) if labelled else grades
            gap = random_gap(rng) if not labelled and rng.random() < ADULT_FRACTION else None
            drawn = generate_patch(
                hand, joint, lesions, rng, augment=True, look_alikes=not labelled, gap=gap
            )
            pictures[row] = standardise(drawn.pixels, SIZE)
            joints.append(joint)
            for finding, grade in grades.items():
                index = (row, FINDINGS.index(finding))
                labels[index] = grade > 0
                if not (labelled and grade):
                    places[index] = _on_grid(drawn.damage.get(finding))
        return Batch(
            torch.from_numpy(pictures), joints, torch.from_numpy(labels), torch.from_numpy(places)
        )

    def _choose(self, rng: np.random.Generator) -> tuple[IntactHand, str, bool]:
        """A hand, one of its joints, and whether it is labelled rather than to be given lesions."""
        kind = rng.random()
        if self._by_label and kind < COHORT_SHARE:
            # Intact and non-intact joints of every head alike often.
            hand, joint = _one(_one(_one(self._by_label, rng), rng), rng)
            return hand, joint, True
        hands = self._sources.phantoms if kind > 1 - PHANTOM_SHARE else self._sources.real
        hand = _one(hands or self._sources.real, rng)
        return hand, _one(list(hand.regions), rng), False


def _one(items: Any, rng: np.random.Generator) -> Any:
    return items[int(rng.integers(len(items)))]


def _by_label(
    hands: Sequence[IntactHand],
) -> list[list[list[tuple[IntactHand, str]]]]:
    """Joints of labelled hands, for each head and label that occurs."""
    found: dict[tuple[str, str], dict[bool, list[tuple[IntactHand, str]]]] = {}
    for hand in hands:
        for joint, grades in hand.grades.items():
            for finding, grade in grades.items():
                head = found.setdefault((finding, TARGET_OF[finding, joint].group), {})
                head.setdefault(grade > 0, []).append((hand, joint))
    return [list(labels.values()) for labels in found.values()]


def _on_grid(damage: NDArray[np.bool_] | None) -> NDArray[np.float32] | float:
    """Cells with damage; 0 without any, NaN for damage too slight to be placed."""
    if damage is None:
        return 0.0
    share = cv2.resize(damage.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
    cells = share > _DAMAGED_SHARE
    return cells.astype(np.float32) if cells.any() else math.nan


class Outcome(NamedTuple):
    """The loss of a batch, and by finding the logits and labels of its joints."""

    loss: Tensor
    logits: Mapping[str, Tensor]
    labels: Mapping[str, Tensor]


def forward(network: TrunkNetwork, batch: Batch, device: str) -> Outcome:
    """Classify a batch and compare with its labels: mean cross-entropies, summed."""
    labels = batch.labels.to(device)
    with half_precision(device):
        features, seen = network(batch.pictures.to(device))
    logits = torch.full_like(labels, math.nan)
    for finding, group in JOINT_GROUPS:
        rows = [joint in GROUP_JOINTS[finding, group] for joint in batch.joints]
        if any(rows):
            mine = network.heads[f"{finding}/{group}"](features[rows])
            logits[rows, FINDINGS.index(finding)] = mine[:, 0]
    known = torch.isfinite(labels)
    loss = functional.binary_cross_entropy_with_logits(logits[known], labels[known])
    found = {
        finding: (logits[known[:, column], column], labels[known[:, column], column])
        for column, finding in enumerate(FINDINGS)
    }
    return Outcome(
        loss + _localisation(seen, batch.places.to(device)),
        {finding: pair[0].detach().cpu() for finding, pair in found.items()},
        {finding: pair[1].cpu() for finding, pair in found.items()},
    )


def _localisation(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy of damage cell by cell, where it is known."""
    known = torch.isfinite(truth)
    weight = torch.tensor(_RARE, device=logits.device)
    return functional.binary_cross_entropy_with_logits(
        logits[known], truth[known], pos_weight=weight
    )


@torch.no_grad()
def validate(network: TrunkNetwork, batches: Sequence[Batch], device: str) -> tuple[float, str]:
    """Mean loss over batches, and areas under the ROC curves in words."""
    network.eval()
    outcomes = [forward(network, batch, device) for batch in batches]
    network.train()
    words = []
    for finding in FINDINGS:
        logits, labels = (
            torch.cat([getattr(one, name)[finding] for one in outcomes])
            for name in ("logits", "labels")
        )
        if 0 < labels.sum() < len(labels):
            words.append(f"{finding} {roc_auc_score(labels, logits.float()):.3f}")
    return float(np.mean([float(one.loss) for one in outcomes])), ", ".join(words)


def train(
    network: TrunkNetwork,
    training: Sources,
    validation: Sources,
    run: Path,
    *,
    steps: int,
    rate: float,
    seed: int,
    device: str,
) -> Path:
    """Train a network, or go on where a run was cut off.

    Args:
        network: To train.
        training: Hands to draw patches from.
        validation: Others, by which the best state of the network is chosen.
        run: Folder of the checkpoints.
        steps: Batches to train on.
        rate: The highest learning rate.
        seed: Of every random choice.
        device: `cpu` or `cuda`.

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
    checks = [Patches(validation, seed=seed + 1).draw(number) for number in range(VALIDATION_STEPS)]
    began, loss = time.monotonic(), math.nan
    network.train()
    for step, batch in _ahead(Patches(training, seed=seed), done, steps):
        for group in optimizer.param_groups:
            group["lr"] = scheduled(rate, step / steps)
        optimizer.zero_grad()
        torch.manual_seed(seed + step)  # dropout's choices do not hang on where a run was cut off
        outcome = forward(network, batch, device)
        outcome.loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        now = float(outcome.loss.detach())
        loss = now if math.isnan(loss) else 0.98 * loss + 0.02 * now
        if (step + 1) % VALIDATE_EVERY == 0 or step + 1 == steps:
            checked, words = validate(network, checks, device)
            left = (time.monotonic() - began) / (step + 1 - done) * (steps - step - 1) / 60
            LOGGER.info(
                "step %d of %d: loss %.3f, validation %.3f: %s; %.0f min left",
                step + 1, steps, loss, checked, words, left,
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
    """The learning rate at a share of the training: a linear rise, then half a cosine."""
    if progress < WARM_UP:
        return rate * (progress + 0.001) / WARM_UP
    return rate * (0.01 + 0.99 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2)


def _ahead(patches: Patches, start: int, end: int) -> Iterator[tuple[int, Batch]]:
    """Numbered batches; the next one is drawn while the last one trains.

    In a thread: a forked process hangs in OpenCV once its parent has used it.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = pool.submit(patches.draw, start)
        for step in count(start):
            if step >= end:
                return
            batch = ahead.result()
            ahead = pool.submit(patches.draw, step + 1)
            yield step, batch
