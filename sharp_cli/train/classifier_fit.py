"""Fit one network: some heads, on a trunk of their own or on one that stays as it is."""

from __future__ import annotations

import copy
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sharp_cli import output
from sharp_cli.inputs import width
from sharp_cli.networks import HIDDEN, make_head
from sharp_cli.train.head_units import Balanced, HeadName, Units
from sharp_cli.train.run import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.train.classifier_settings import Hyperparameters, Settings
    from sharp_cli.train.describers import Describer

LOGGER: Final = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"
HISTORY: Final = "history.csv"

MASKED: Final = 0.1
"""Share of inputs that are left out in training, so that a head bears with missing ones; a choice.
The only input of a set never is."""

_RANDOM_SD: Final = 0.01
"""Of weights that are random at first (Simonyan & Zisserman, ICLR 2015)."""

_SCALED_BY: Final = 64
"""Patches from whose features their scale is told."""

_VALIDATION_SHARE: Final = 6
"""One fold validates where six train, so it has as many times fewer samples."""


class Parts(NamedTuple):
    """Sets of inputs of a head, by what they are used for."""

    training: Units
    validation: Units


@dataclass(frozen=True, slots=True)
class Job:
    """A network to fit.

    Attributes:
        name: For messages.
        parts: The heads, and what each learns from; at least one, each with both classes to learn.
        make_trunk: Makes the trunk that learns with them; None where features stay as they are.
        describe: Makes a describer of a trunk, or of None.
        folder: For checkpoints.
        key: Tells its random choices from other jobs'.
    """

    name: str
    parts: Mapping[HeadName, Parts]
    make_trunk: Callable[[], nn.Sequential] | None
    describe: Callable[[nn.Sequential | None], Describer]
    folder: Path
    key: int


class Network(nn.Module):
    """Heads by name, and the trunk below them if it learns with them.

    Attributes:
        heads: From features, each divided by its scale, to logits.
        trunk: It, or None.
        scale: Of the features, shape (F,): all are about as large for the heads at first.
    """

    scale: Tensor

    def __init__(
        self, heads: Mapping[str, nn.Sequential], trunk: nn.Sequential | None, scale: Tensor
    ) -> None:
        super().__init__()
        self.heads = nn.ModuleDict(heads)
        self.trunk = trunk
        self.register_buffer("scale", scale)

    def logits(self, head: HeadName, features: Tensor) -> Tensor:
        """Features of sets of inputs, shape (U, K, F), to logits, shape (U, K)."""
        found: Tensor = self.heads[str(head)]((features / self.scale).flatten(1))
        return found

    def plain_heads(self) -> dict[str, nn.Sequential]:
        """The heads, to be given features as they are."""
        heads = {}
        for name, head in self.heads.items():
            plain = copy.deepcopy(head)
            weight = plain[0].weight  # type: ignore[index]
            with torch.no_grad():
                weight /= self.scale.repeat(weight.shape[1] // len(self.scale))
            heads[name] = plain
        return heads  # type: ignore[return-value]


class Epoch(NamedTuple):
    """How an epoch went: mean losses a set of inputs."""

    number: int
    training: float
    validation: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network at its lowest validation loss.

    Attributes:
        network: It.
        describer: That of its trunk.
        epochs: All that it was trained for.
        loss: The lowest validation loss.
    """

    network: Network
    describer: Describer
    epochs: Sequence[Epoch]
    loss: float

    def probabilities(self, head: HeadName, given: Units) -> NDArray[np.float32]:
        """Of damage, of every input of some sets as they are, shape (U, K)."""
        self.network.eval()
        found = []
        with torch.inference_mode():
            for part in np.array_split(given.patches, range(64, len(given), 64)):
                features = self.describer(part, None)
                found.append(self.network.logits(head, features).sigmoid().cpu().numpy())
        return np.concatenate(found).astype(np.float32)


def fit(job: Job, settings: Settings, hyper: Hyperparameters, *, device: str) -> Fitted:
    """Fit a network, or go on where a run was cut off.

    A run that was cut off at any moment goes on from the end of its last epoch, as if it had not
    been.
    """
    output.make_folder(job.folder)
    network, describer = _begin(job, settings, hyper, device=device)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.rate)
    epochs: list[Epoch] = []
    state = _checkpoint(job.folder)
    if state is not None:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        epochs = [Epoch(int(number), *losses) for number, *losses in state["epochs"]]
    while not _finished(epochs, settings):
        number = len(epochs) + 1
        rng = np.random.default_rng([settings.seed, job.key, number])
        torch.manual_seed(int(rng.integers(2**31)))
        trained = _train_epoch(network, describer, optimizer, job, settings, hyper, rng)
        validated = _validate(network, describer, job, settings, hyper)
        epochs.append(Epoch(number, trained, validated))
        LOGGER.info(
            "%s: epoch %d of %d: loss %.4f, validation %.4f",
            job.name, number, settings.epochs, trained, validated,
        )  # fmt: skip
        if validated <= min(one.validation for one in epochs):
            save(network.state_dict(), job.folder / BEST)
        state = {
            "network": network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epochs": [tuple(one) for one in epochs],
        }
        save(state, job.folder / CHECKPOINT)
    best = torch.load(job.folder / BEST, map_location=device, weights_only=True)
    network.load_state_dict(best)
    return Fitted(network.eval(), describer, epochs, min(one.validation for one in epochs))


def _begin(
    job: Job, settings: Settings, hyper: Hyperparameters, *, device: str
) -> tuple[Network, Describer]:
    torch.manual_seed(settings.seed + job.key)
    trunk = job.make_trunk() if job.make_trunk else None
    if trunk is not None:
        trunk = trunk.to(device).to(memory_format=torch.channels_last)
    describer = job.describe(trunk)
    scale = _scale(describer, job)
    heads = {}
    for head in job.parts:
        inputs = width(*head)
        heads[str(head)] = make_head(
            len(scale) * inputs, inputs, layers=hyper.layers, hidden=HIDDEN, dropout=hyper.dropout
        )
    for module in nn.ModuleDict(heads).modules():
        if isinstance(module, nn.Linear):
            if hyper.fc_init == "he":
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            else:
                nn.init.normal_(module.weight, std=_RANDOM_SD)
            nn.init.zeros_(module.bias)
    return Network(heads, trunk, scale).to(device), describer


@torch.no_grad()
def _scale(describer: Describer, job: Job) -> Tensor:
    """Root mean square of each feature over some patches to learn from, where it has any."""
    rows = np.unique(np.concatenate([one.training.patches.ravel() for one in job.parts.values()]))
    rows = rows[rows >= 0]
    some = rows[np.linspace(0, len(rows) - 1, min(_SCALED_BY, len(rows))).round().astype(int)]
    size = describer(some, None).square().mean(dim=0).sqrt()
    return size.clamp_min(max(float(size.median()) / 10, 1e-3))


def _checkpoint(folder: Path) -> dict[str, Any] | None:
    path = folder / CHECKPOINT
    return torch.load(path, weights_only=True) if path.is_file() else None


def _finished(epochs: Sequence[Epoch], settings: Settings) -> bool:
    if not epochs:
        return False
    best = min(epochs, key=lambda one: one.validation)
    since = epochs[-1].number - best.number
    return len(epochs) >= settings.epochs or since >= settings.patience


def _train_epoch(
    network: Network,
    describer: Describer,
    optimizer: torch.optim.Optimizer,
    job: Job,
    settings: Settings,
    hyper: Hyperparameters,
    rng: np.random.Generator,
) -> float:
    network.train()
    training = {head: parts.training for head, parts in job.parts.items()}
    losses = []
    for batch in _batches(training, settings.samples, hyper.batch, rng):
        optimizer.zero_grad()
        loss = _loss(network, describer, batch, rng, masking=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


@torch.no_grad()
def _validate(
    network: Network,
    describer: Describer,
    job: Job,
    settings: Settings,
    hyper: Hyperparameters,
) -> float:
    """Mean loss over samples balanced and augmented as those of training, always the same."""
    network.eval()
    rng = np.random.default_rng([settings.seed, job.key])
    samples = math.ceil(settings.samples / _VALIDATION_SHARE)
    validation = {head: parts.validation for head, parts in job.parts.items()}
    batches = _batches(validation, samples, hyper.batch, rng)
    losses = [_loss(network, describer, batch, rng, masking=False) for batch in batches]
    return float(torch.stack(losses).mean())


_Batch = dict[HeadName, tuple["NDArray[np.int64]", "NDArray[np.float32]"]]


def _batches(
    parts: Mapping[HeadName, Units], samples: int, batch: int, rng: np.random.Generator
) -> Iterator[_Batch]:
    """Patches and labels of each head's sets of inputs, until every joint has had its samples."""
    needed = {}
    for head, given in parts.items():
        joints = len(np.unique(given.names[np.isfinite(given.labels)]))
        needed[head] = math.ceil(samples * joints / given.patches.shape[1])
    steps = math.ceil(min(needed.values()) / batch)
    drawn = {}
    for head, given in parts.items():
        size = math.ceil(needed[head] / steps)
        drawn[head] = np.array_split(Balanced(given).draw(size * steps, rng), steps)
    for step in range(steps):
        yield {
            head: (given.patches[rows], given.labels[rows])
            for head, given in parts.items()
            for rows in [drawn[head][step]]
        }


def _loss(
    network: Network,
    describer: Describer,
    batch: _Batch,
    rng: np.random.Generator,
    *,
    masking: bool,
) -> Tensor:
    """Binary cross-entropy, summed over a set's outputs; mean over sets, then over heads."""
    shapes = [patches.shape for patches, _ in batch.values()]
    chosen = []
    for patches, _ in batch.values():
        shown = patches
        if masking and patches.shape[1] > 1:
            shown = np.where(rng.random(patches.shape) < MASKED, -1, patches)
        chosen.append(shown)
    # One pass of the trunk serves all heads.
    features = describer(np.concatenate([rows.ravel() for rows in chosen]), rng)
    parts = features.split([rows.size for rows in chosen])
    losses = []
    for (head, (_, labels)), shape, part, rows in zip(
        batch.items(), shapes, parts, chosen, strict=True
    ):
        logits = network.logits(head, part.reshape(*shape, -1))
        truth = torch.from_numpy(np.where(rows >= 0, labels, np.nan)).to(logits.device)
        known = torch.isfinite(truth)
        loss = functional.binary_cross_entropy_with_logits(
            logits[known], truth[known], reduction="sum"
        )
        losses.append(loss / len(rows))
    return torch.stack(losses).mean()
