"""Fit one network: some heads, on a trunk of their own or on a frozen one."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from sharp_cli.core.inputs import input_kinds
from sharp_cli.core.joints import GRADES
from sharp_cli.fileio import output
from sharp_cli.inference.networks import HIDDEN, make_head, make_pooling_head
from sharp_cli.training.classifier.batches import epoch_steps
from sharp_cli.training.classifier.loss import step_loss
from sharp_cli.training.classifier.network import ClassifierNetwork
from sharp_cli.training.run import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.inference.networks import Head
    from sharp_cli.training.classifier.batches import Step
    from sharp_cli.training.classifier.features import FeatureExtractor
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets
    from sharp_cli.training.classifier.settings import (
        ClassifierSettings,
        Context,
        Hyperparameters,
    )
    from sharp_cli.training.run import Clock

LOGGER: Final = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

_RANDOM_SD: Final = 0.01
"""Standard deviation of initially random weights (Simonyan & Zisserman, ICLR 2015)."""

_SCALE_PATCHES: Final = 64
"""Patches from which the scale of features is estimated."""

_VALIDATION_RATIO: Final = 6
"""One fold validates where six train, so it has as many times fewer samples."""

_PATCHES_AT_ONCE: Final = 64
_SETS_AT_ONCE: Final = 32
"""Patches per step when predicting, and input sets per step when validating: the same for every
batch size, so that losses of trials compare."""


class HeadData(NamedTuple):
    """Input sets of a head, by what they are used for."""

    training: InputSets
    validation: InputSets


@dataclass(frozen=True, slots=True)
class FitJob:
    """A network to fit.

    Attributes:
        name: For messages.
        data: The heads, and what each learns from; at least one, each with both classes to learn.
        make_trunk: Makes the trunk that is trained with them; None where it stays frozen.
        make_extractor: Makes a feature extractor of a trunk, or of None.
        folder: For checkpoints.
        key: Distinguishes its random choices from those of other jobs.
        clock: Counts the epochs and networks of the whole run.
        graded: Whether the labels of its data are grades, from 1 on, for heads with cut-points.
    """

    name: str
    data: Mapping[HeadName, HeadData]
    make_trunk: Callable[[], nn.Sequential] | None
    make_extractor: Callable[[nn.Sequential | None], FeatureExtractor]
    folder: Path
    key: int
    clock: Clock
    graded: bool = False


class Epoch(NamedTuple):
    """How an epoch went: mean losses per input set."""

    number: int
    training: float
    validation: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network at its lowest validation loss.

    Attributes:
        network: The network.
        extractor: Makes the features that it takes.
        epochs: All that it was trained for.
        loss: The lowest validation loss.
        grades: The network that grades on the same features; None for none.
    """

    network: ClassifierNetwork
    extractor: FeatureExtractor
    epochs: Sequence[Epoch]
    loss: float
    grades: Fitted | None = None

    def probabilities(self, head: HeadName, inputs: InputSets) -> NDArray[np.float32]:
        """Probability of damage of every input, without augmentation, shape (U, K)."""
        return self._outputs(head, inputs, Tensor.sigmoid)

    def severities(self, head: HeadName, inputs: InputSets) -> NDArray[np.float32]:
        """What cut-points are compared to of every input, likewise, of a network that grades."""
        return self._outputs(head, inputs, Tensor.clone)

    def _outputs(
        self, head: HeadName, inputs: InputSets, activation: Callable[[Tensor], Tensor]
    ) -> NDArray[np.float32]:
        step = max(_PATCHES_AT_ONCE // inputs.patches.shape[1], 1)
        found = [np.empty((0, inputs.patches.shape[1]), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(inputs), step):
                features = self.extractor(inputs.patches[start : start + step], None)
                found.append(activation(self.network.logits(head, features)).cpu().numpy())
        return np.concatenate(found)


def fit(
    job: FitJob, settings: ClassifierSettings, hyper: Hyperparameters, *, device: str
) -> Fitted:
    """Fit a network, or resume an interrupted run from the end of its last epoch.

    A resumed run gives the same network as an uninterrupted one.

    Args:
        job: The network.
        settings: How it is trained.
        hyper: Its hyperparameters, instead of those of `settings`.
        device: `cpu` or `cuda`.

    Raises:
        OutputError: Its folder cannot be made.
    """
    output.make_folder(job.folder)
    network, extractor = _initialise(job, settings, hyper, device=device)
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
        training = {head: data.training for head, data in job.data.items()}
        steps = epoch_steps(training, settings.samples, rng, sets=hyper.batch)
        trained = _train_epoch(network, extractor, optimizer, steps, rng)
        validated = _validate(network, extractor, job, settings)
        if all(validated < one.validation for one in epochs):
            save(network.state_dict(), job.folder / BEST)
        epochs.append(Epoch(number, trained, validated))
        state = {"epochs": [tuple(one) for one in epochs]}
        # Of a finished network the best state is enough.
        if not _finished(epochs, settings):
            state |= {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
        save(state, job.folder / CHECKPOINT)
        LOGGER.info(
            "%s: epoch %d of %d: loss %.4f, validation %.4f; %s",
            job.name, number, settings.epochs, trained, validated,
            job.clock.epoch(number, time.monotonic() - began),
        )  # fmt: skip
    network.load_state_dict(torch.load(job.folder / BEST, map_location=device, weights_only=True))
    return Fitted(network.eval(), extractor, epochs, min(one.validation for one in epochs))


def _initialise(
    job: FitJob, settings: ClassifierSettings, hyper: Hyperparameters, *, device: str
) -> tuple[ClassifierNetwork, FeatureExtractor]:
    torch.manual_seed(settings.seed + job.key)
    trunk = job.make_trunk() if job.make_trunk else None
    if trunk is not None:
        trunk = trunk.to(device).to(memory_format=torch.channels_last)
    extractor = job.make_extractor(trunk)
    best = _load(job.folder / BEST, device)
    scale = _feature_scale(extractor, job) if best is None else best["scale"]
    heads = {str(head): _make_head(head, len(scale), settings.context, hyper) for head in job.data}
    for module in nn.ModuleDict(heads).modules():
        if isinstance(module, nn.Linear):
            if hyper.fc_init == "he":
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            else:
                nn.init.normal_(module.weight, std=_RANDOM_SD)
            nn.init.zeros_(module.bias)
    cuts = {str(head): _first_cuts(head) for head in job.data} if job.graded else None
    return ClassifierNetwork(heads, trunk, scale, cuts).to(device), extractor


def _make_head(name: HeadName, features: int, context: Context, hyper: Hyperparameters) -> Head:
    """A head whose weights are still to be initialised; of one input there is one layout."""
    positions = input_kinds(*name)
    count = len(positions)
    shape: dict[str, Any] = {"layers": hyper.layers, "hidden": HIDDEN, "dropout": hyper.dropout}
    if context == "pooling" and count > 1:
        return make_pooling_head(features, positions, **shape)
    return make_head(features * count, count, **shape)


def _first_cuts(head: HeadName) -> Tensor:
    """Cut-points to start from: where all grades from 1 on are equally frequent at a logit of 0."""
    count = GRADES[head.finding][-1] - 1
    return torch.logit(torch.arange(1, count + 1) / (count + 1))


@torch.no_grad()
def _feature_scale(extractor: FeatureExtractor, job: FitJob) -> Tensor:
    """Root mean square of each feature over some training patches, but not close to 0."""
    rows = np.unique(np.concatenate([one.training.patches.ravel() for one in job.data.values()]))
    rows = rows[rows >= 0]
    spaced = np.linspace(0, len(rows) - 1, min(_SCALE_PATCHES, len(rows)))
    size = extractor(rows[spaced.round().astype(int)], None).square().mean(dim=0).sqrt()
    return size.clamp_min(max(float(size.median()) / 10, 1e-3))


def _load(path: Path, device: str) -> dict[str, Any] | None:
    """What was saved, or None if nothing was."""
    return torch.load(path, map_location=device, weights_only=True) if path.is_file() else None


def _finished(epochs: Sequence[Epoch], settings: ClassifierSettings) -> bool:
    if not epochs:
        return False
    best = min(epochs, key=lambda one: one.validation)
    since = epochs[-1].number - best.number
    return len(epochs) >= settings.epochs or since >= settings.patience


def _train_epoch(
    network: ClassifierNetwork,
    extractor: FeatureExtractor,
    optimizer: torch.optim.Optimizer,
    steps: Iterable[Step],
    rng: np.random.Generator,
) -> float:
    network.train()
    losses = []
    for step in steps:
        optimizer.zero_grad()
        loss = step_loss(network, extractor, step, rng, masking=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.detach())
    return float(torch.stack(losses).mean())


@torch.no_grad()
def _validate(
    network: ClassifierNetwork,
    extractor: FeatureExtractor,
    job: FitJob,
    settings: ClassifierSettings,
) -> float:
    """Mean loss over samples balanced and augmented as those of training, always the same."""
    network.eval()
    rng = np.random.default_rng([settings.seed, job.key])
    samples = math.ceil(settings.samples / _VALIDATION_RATIO)
    validation = {head: data.validation for head, data in job.data.items()}
    steps = epoch_steps(validation, samples, rng, sets=_SETS_AT_ONCE)
    losses = [step_loss(network, extractor, step, rng, masking=False) for step in steps]
    return float(torch.stack(losses).mean())
