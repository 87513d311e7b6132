"""Fit one network: some heads, on a trunk of their own or on one that stays as it is."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from sharp_cli.core.inputs import set_size
from sharp_cli.fileio import output
from sharp_cli.inference.networks import HIDDEN, make_head
from sharp_cli.training.classifier.head_units import Balanced, HeadName, Units
from sharp_cli.training.classifier.network import Network
from sharp_cli.training.run import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.training.classifier.describers import Describer
    from sharp_cli.training.classifier.settings import Hyperparameters, Settings
    from sharp_cli.training.run import Clock

LOGGER: Final = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

MASKED: Final = 0.1
"""Share of inputs that are left out in training, so that a head bears with missing ones; a choice.
What is left of a set never is."""

_RANDOM_SD: Final = 0.01
"""Of weights that are random at first (Simonyan & Zisserman, ICLR 2015)."""

_SCALED_BY: Final = 64
"""Patches from whose features their scale is told."""

_VALIDATION_SHARE: Final = 6
"""One fold validates where six train, so it has as many times fewer samples."""

_PATCHES_AT_ONCE: Final = 64
_SETS_AT_ONCE: Final = 32
"""Patches of which probabilities are told, and sets of inputs that validate; the same for every
batch size, so that losses of trials compare."""


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
        clock: Counts the epochs and networks of the whole run.
    """

    name: str
    parts: Mapping[HeadName, Parts]
    make_trunk: Callable[[], nn.Sequential] | None
    describe: Callable[[nn.Sequential | None], Describer]
    folder: Path
    key: int
    clock: Clock


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
        step = max(_PATCHES_AT_ONCE // given.patches.shape[1], 1)
        found = [np.empty((0, given.patches.shape[1]), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(given), step):
                features = self.describer(given.patches[start : start + step], None)
                found.append(self.network.logits(head, features).sigmoid().cpu().numpy())
        return np.concatenate(found)


def fit(job: Job, settings: Settings, hyper: Hyperparameters, *, device: str) -> Fitted:
    """Fit a network, or go on where a run was cut off.

    A run that was cut off at any moment goes on from the end of its last epoch, as if it had not
    been.

    Args:
        job: The network.
        settings: How it is trained.
        hyper: Its hyperparameters, instead of those of `settings`.
        device: `cpu` or `cuda`.

    Raises:
        OutputError: Its folder cannot be made.
    """
    output.make_folder(job.folder)
    network, describer = _begin(job, settings, hyper, device=device)
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.rate)
    state = _load(job.folder / CHECKPOINT, device) or {"epochs": []}
    epochs = [Epoch(*one) for one in state["epochs"]]
    if not _finished(epochs, settings) and epochs:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
    while not _finished(epochs, settings):
        began = time.monotonic()
        number = len(epochs) + 1
        rng = np.random.default_rng([settings.seed, job.key, number])
        torch.manual_seed(int(rng.integers(2**31)))
        training = {head: parts.training for head, parts in job.parts.items()}
        batches = _batches(training, settings.samples, rng, sets=hyper.batch)
        trained = _train_epoch(network, describer, optimizer, batches, rng)
        validated = _validate(network, describer, job, settings)
        if all(validated < one.validation for one in epochs):
            save(network.state_dict(), job.folder / BEST)
        epochs.append(Epoch(number, trained, validated))
        state = {"epochs": [tuple(one) for one in epochs]}
        # Of a network that is done the best state is enough.
        if not _finished(epochs, settings):
            state |= {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
        save(state, job.folder / CHECKPOINT)
        LOGGER.info(
            "%s: epoch %d of %d: loss %.4f, validation %.4f; %s",
            job.name, number, settings.epochs, trained, validated,
            job.clock.epoch(number, time.monotonic() - began),
        )  # fmt: skip
    network.load_state_dict(torch.load(job.folder / BEST, map_location=device, weights_only=True))
    return Fitted(network.eval(), describer, epochs, min(one.validation for one in epochs))


def _begin(
    job: Job, settings: Settings, hyper: Hyperparameters, *, device: str
) -> tuple[Network, Describer]:
    torch.manual_seed(settings.seed + job.key)
    trunk = job.make_trunk() if job.make_trunk else None
    if trunk is not None:
        trunk = trunk.to(device).to(memory_format=torch.channels_last)
    describer = job.describe(trunk)
    best = _load(job.folder / BEST, device)
    scale = _scale(describer, job) if best is None else best["scale"]
    heads = {}
    for head in job.parts:
        inputs = set_size(*head)
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


def _load(path: Path, device: str) -> dict[str, Any] | None:
    """What was saved, or None if nothing was."""
    return torch.load(path, map_location=device, weights_only=True) if path.is_file() else None


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
    batches: Iterable[Mapping[HeadName, _Batch]],
    rng: np.random.Generator,
) -> float:
    network.train()
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = _loss(network, describer, batch, rng, masking=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


@torch.no_grad()
def _validate(network: Network, describer: Describer, job: Job, settings: Settings) -> float:
    """Mean loss over samples balanced and augmented as those of training, always the same."""
    network.eval()
    rng = np.random.default_rng([settings.seed, job.key])
    samples = math.ceil(settings.samples / _VALIDATION_SHARE)
    validation = {head: parts.validation for head, parts in job.parts.items()}
    batches = _batches(validation, samples, rng, sets=_SETS_AT_ONCE)
    losses = [_loss(network, describer, batch, rng, masking=False) for batch in batches]
    return float(torch.stack(losses).mean())


class _Batch(NamedTuple):
    """Patches and labels of one head's sets of inputs, both of shape (U, K)."""

    patches: NDArray[np.int64]
    labels: NDArray[np.float32]


def _batches(
    parts: Mapping[HeadName, Units], samples: int, rng: np.random.Generator, *, sets: int
) -> Iterator[dict[HeadName, _Batch]]:
    """Batches of about `sets` sets of inputs, until every joint has had its samples.

    Every batch has some of each head.
    """
    needed = {}
    for head, given in parts.items():
        joints = len(np.unique(given.names[np.isfinite(given.labels)]))
        needed[head] = math.ceil(samples * joints / given.patches.shape[1])
    steps = math.ceil(sum(needed.values()) / sets)
    drawn = {
        head: Balanced(given).draw(math.ceil(needed[head] / steps) * steps, rng).reshape(steps, -1)
        for head, given in parts.items()
    }
    for step in range(steps):
        yield {
            head: _Batch(given.patches[drawn[head][step]], given.labels[drawn[head][step]])
            for head, given in parts.items()
        }


def _loss(
    network: Network,
    describer: Describer,
    batch: Mapping[HeadName, _Batch],
    rng: np.random.Generator,
    *,
    masking: bool,
) -> Tensor:
    """Binary cross-entropy, summed over a set's outputs; mean over sets, then over heads."""
    if masking:
        batch = {
            head: one._replace(patches=_masked(one.patches, rng)) for head, one in batch.items()
        }
    # One pass of the trunk serves all heads.
    features = describer(np.concatenate([one.patches.ravel() for one in batch.values()]), rng)
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


def _masked(patches: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Patches of sets of inputs without some; sets that would lose all that is there lose none."""
    masked = np.where(rng.random(patches.shape) < MASKED, -1, patches)
    return np.where((masked >= 0).any(axis=1, keepdims=True), masked, patches)
