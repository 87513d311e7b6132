"""Fits the networks of a training of classifiers, one at a time.

What comes of it is in the folder of the run. Asked again, also in another process, a trainer reads
what is there.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

import torch

from sharp_cli.fileio import output
from sharp_cli.training.classifier.describers import Frozen, Patches, Trained, compute_features
from sharp_cli.training.classifier.fit import Job
from sharp_cli.training.classifier.search import fit_best
from sharp_cli.training.run import Clock
from sharp_cli.training.trunk.initial import trunk_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from torch import nn

    from sharp_cli.training.classifier.describers import Describer
    from sharp_cli.training.classifier.fit import Fitted, Parts
    from sharp_cli.training.classifier.head_units import HeadName
    from sharp_cli.training.classifier.patch_store import PatchStore
    from sharp_cli.training.classifier.settings import Settings
    from sharp_cli.training.helpers import Helpers

LOGGER: Final = logging.getLogger(__name__)

FINAL: Final = 0
"""Number of the fit to all patients, beside those of the folds, which count from 1."""

_JOBS: Final = 1000
"""More networks than a fold has: keeps their random choices apart."""


@dataclass(frozen=True, slots=True)
class Task:
    """A network to fit.

    Attributes:
        fold: Number of its fold, or `FINAL`.
        index: Which of the fold's networks it is.
        parts: Its heads, and what each learns from.
    """

    fold: int
    index: int
    parts: Mapping[HeadName, Parts]

    @property
    def heads(self) -> str:
        """What its heads are called together."""
        return str(next(iter(self.parts))) if len(self.parts) == 1 else "all heads"

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{f'fold {self.fold}' if self.fold != FINAL else 'final fit'}, {self.heads}"


@dataclass(frozen=True, slots=True)
class Kit:
    """What networks are fitted with.

    Attributes:
        store: The cohort's patches.
        run: Folder of the training.
        settings: How they are fitted.
        device: `cpu` or `cuda`.
    """

    store: PatchStore
    run: Path
    settings: Settings
    device: str


class Trainer:
    """Fits networks."""

    def __init__(self, kit: Kit, make_trunk: Callable[[], nn.Sequential]) -> None:
        """Fit none yet.

        Args:
            kit: What to fit them with.
            make_trunk: See `trunk.initial.trunk_maker`.
        """
        self._kit = kit
        self._make_trunk = make_trunk
        self._patches = Patches(kit.store, kit.device)

    @cached_property
    def trunk(self) -> nn.Sequential | None:
        """The trunk below all networks, which stays as it is; None if each has its own."""
        if not self._kit.settings.frozen:
            return None
        torch.manual_seed(self._kit.settings.seed)
        trunk = self._make_trunk().to(self._kit.device)
        return trunk.to(memory_format=torch.channels_last)

    @property
    def feature_files(self) -> dict[int, Path]:
        """Where the trunk's features of all patches are kept: as they are, and of each copy."""
        store, settings = self._kit.store, self._kit.settings
        if not settings.frozen:
            return {}
        joints = len({(place.side, place.joint) for place in store.rows})
        # Half as many as an epoch would take of each: not one is taken twice in a row.
        copies = max(1, round(settings.samples * joints / len(store.pixels) / 2))
        return {copy: self._kit.run / "features" / f"{copy}.pt" for copy in range(1 + copies)}

    def get_help(self, helpers: Helpers, tasks: Iterable[Task]) -> None:
        """Have features computed and networks fitted that are not, by processes of a cluster.

        Raises:
            SharpError: See `Helpers.work`.
        """
        ready = partial(_prepare, replace(self._kit, device=helpers.device))
        files = self.feature_files
        missing = {_name(copy): copy for copy in files if not files[copy].is_file()}
        helpers.work(self._kit.run, Trainer.compute_features, missing, prepare=ready)
        helpers.work(self._kit.run, _fit, {task.name: task for task in tasks}, prepare=ready)

    def compute_features(self, copy: int) -> None:
        """Compute and keep the features of a copy."""
        assert self.trunk is not None  # noqa: S101 - or there were no copies
        path = self.feature_files[copy]
        output.make_folder(path.parent)
        settings, device = self._kit.settings, self._kit.device
        compute_features(
            self._patches, self.trunk, path, copy=copy, seed=settings.seed, device=device
        )

    def compute_all_features(self) -> None:
        """Compute the features of all copies that are not kept yet."""
        files = self.feature_files
        clock = Clock(len(files), 1)
        for copy, path in files.items():
            if not path.is_file():
                began = time.monotonic()
                self.compute_features(copy)
                left = clock.epoch(1, time.monotonic() - began)
                LOGGER.info("%s of %d; %s", _name(copy), len(files), left)
            clock.network(1)

    def fit(self, task: Task, clock: Clock) -> Fitted:
        """Fit a network, or the best of a search.

        Args:
            task: Which.
            clock: Counts the epochs and networks of the whole run.

        Raises:
            OutputError: Something cannot be written.
        """
        job = Job(
            name=task.name,
            parts=task.parts,
            make_trunk=self._make_trunk if self.trunk is None else None,
            describe=self._describer,
            folder=self._kit.run / "fits" / str(task.fold) / task.heads.replace("/", "-"),
            key=task.fold * _JOBS + task.index,
            clock=clock,
        )
        return fit_best(job, self._kit.settings, device=self._kit.device)

    def _describer(self, trunk: nn.Sequential | None) -> Describer:
        return self._frozen if trunk is None else Trained(self._patches, trunk, self._kit.device)

    @cached_property
    def _frozen(self) -> Frozen:
        features = [torch.load(path, weights_only=True) for path in self.feature_files.values()]
        # What is left are small products, which several threads only hinder.
        torch.set_num_threads(1)
        return Frozen(torch.stack(features), self._kit.device)


def _name(copy: int) -> str:
    return f"features of all patches, time {copy + 1}"


def _prepare(kit: Kit) -> Trainer:
    return Trainer(kit, trunk_maker(kit.settings))


def _fit(trainer: Trainer, task: Task) -> None:
    trainer.fit(task, Clock(1, 1))
