"""Fits the networks of a training of classifiers, one at a time.

Everything is kept in the folder of the run: asked again, also by another process, a trainer reads
what is there instead of fitting it again.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from sharp_cli.fileio import output
from sharp_cli.training.classifier.features import (
    CachedFeatures,
    PatchAugmenter,
    TrunkExtractor,
    compute_features,
)
from sharp_cli.training.classifier.fit import FitJob
from sharp_cli.training.classifier.search import fit_best
from sharp_cli.training.run import Clock
from sharp_cli.training.trunk.initial import trunk_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from torch import nn

    from sharp_cli.training.classifier.features import FeatureExtractor
    from sharp_cli.training.classifier.fit import Fitted, HeadData
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.patch_store import PatchStore
    from sharp_cli.training.classifier.settings import ClassifierSettings
    from sharp_cli.training.helpers import Helpers

LOGGER: Final = logging.getLogger(__name__)

FINAL: Final = 0
"""Number of the fit to all patients, beside those of the folds, which count from 1."""

_JOBS: Final = 1000
"""More than twice the networks of a fold: keeps their random choices independent."""

_PATCHES_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class NetworkTask:
    """A network to fit.

    Attributes:
        fold: Number of its fold, or `FINAL`.
        index: Which of the fold's networks it is.
        heads: Its heads, in words.
        data: Its heads, and what each learns from.
        graded: What those heads that can learn to grade learn it from.
    """

    fold: int
    index: int
    heads: str
    data: Mapping[HeadName, HeadData]
    graded: Mapping[HeadName, HeadData]

    @property
    def name(self) -> str:
        """Its name in messages."""
        return f"{f'fold {self.fold}' if self.fold != FINAL else 'final fit'}, {self.heads}"


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """What all networks of a training are fitted with.

    Attributes:
        store: The cohort's patches.
        run: Folder of the training.
        settings: How they are fitted.
        device: `cpu` or `cuda`.
    """

    store: PatchStore
    run: Path
    settings: ClassifierSettings
    device: str


class Trainer:
    """Fits networks."""

    def __init__(self, context: TrainingContext, make_trunk: Callable[[], nn.Sequential]) -> None:
        """Prepare without fitting any.

        Args:
            context: What to fit them with.
            make_trunk: See `trunk.initial.trunk_maker`.
        """
        self._context = context
        self._make_trunk = make_trunk
        self._patches = PatchAugmenter(context.store, context.device)

    @cached_property
    def trunk(self) -> nn.Sequential | None:
        """The frozen trunk below all networks; None if each trains its own."""
        if not self._context.settings.frozen:
            return None
        torch.manual_seed(self._context.settings.seed)
        trunk = self._make_trunk().to(self._context.device)
        return trunk.to(memory_format=torch.channels_last)

    @property
    def feature_files(self) -> dict[int, Path]:
        """Where the trunk's features are kept: of unaugmented patches, then of augmented copies."""
        store, settings = self._context.store, self._context.settings
        if not settings.frozen:
            return {}
        joints = len({(key.side, key.joint) for key in store.rows})
        # Half as many as an epoch takes of each patch, so that epochs differ.
        copies = round(settings.samples * joints / len(store.pixels) / 2)
        return {copy: self._context.run / "features" / f"{copy}.pt" for copy in range(1 + copies)}

    def run_on_cluster(self, helpers: Helpers, tasks: Iterable[NetworkTask]) -> None:
        """Let processes of a cluster compute missing features and fit networks.

        Raises:
            SharpError: See `Helpers.work`.
        """
        ready = partial(_prepare, replace(self._context, device=helpers.device))
        files = self.feature_files
        missing = {_name(copy): copy for copy in files if not files[copy].is_file()}
        helpers.work(self._context.run, Trainer.compute_features, missing, prepare=ready)
        helpers.work(self._context.run, _fit, {task.name: task for task in tasks}, prepare=ready)

    def compute_features(self, copy: int) -> None:
        """Compute and keep the features of a copy."""
        assert self.trunk is not None  # noqa: S101 - or there were no copies
        path = self.feature_files[copy]
        output.make_folder(path.parent)
        settings, device = self._context.settings, self._context.device
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

    def fit(self, task: NetworkTask, clock: Clock) -> Fitted:
        """Fit a network, or the best of a search; then, likewise, its heads that grade.

        These learn on its features as they are then, so what they learn changes nothing in it.

        Args:
            task: The network.
            clock: Counts the epochs and networks of the whole run.

        Raises:
            OutputError: Something cannot be written.
        """
        job = FitJob(
            name=task.name,
            data=task.data,
            make_trunk=self._make_trunk if self.trunk is None else None,
            make_extractor=self._make_extractor,
            folder=self._context.run / "fits" / str(task.fold) / task.heads.replace("/", "-"),
            key=task.fold * _JOBS + task.index,
            clock=clock,
        )
        settings, device = self._context.settings, self._context.device
        fitted = fit_best(job, settings, device=device)
        if not task.graded:
            return fitted
        graded = replace(
            job,
            name=f"{task.name}, grades",
            data=task.graded,
            make_trunk=None,
            make_extractor=lambda _: self._fixed_features(fitted),
            folder=job.folder / "grades",
            key=job.key + _JOBS // 2,
            graded=True,
        )
        grades = fit_best(graded, replace(settings, frozen=True), device=device)
        return replace(fitted, grades=grades)

    def _fixed_features(self, fitted: Fitted) -> FeatureExtractor:
        """The features that a fitted network takes, computed once."""
        if self.trunk is not None:
            return fitted.extractor
        rows = np.arange(len(self._patches))
        parts = np.array_split(rows, range(_PATCHES_AT_ONCE, len(rows), _PATCHES_AT_ONCE))
        with torch.inference_mode():
            features = torch.cat([fitted.extractor(part, None).half() for part in parts])
        return CachedFeatures(features[None], self._context.device)

    def _make_extractor(self, trunk: nn.Sequential | None) -> FeatureExtractor:
        if trunk is None:
            return self._cached_features
        return TrunkExtractor(self._patches, trunk, self._context.device)

    @cached_property
    def _cached_features(self) -> CachedFeatures:
        features = [torch.load(path, weights_only=True) for path in self.feature_files.values()]
        # Only small matrix products are left, which several threads slow down.
        torch.set_num_threads(1)
        return CachedFeatures(torch.stack(features), self._context.device)


def _name(copy: int) -> str:
    return f"features of all patches, time {copy + 1}"


def _prepare(context: TrainingContext) -> Trainer:
    return Trainer(context, trunk_maker(context.settings))


def _fit(trainer: Trainer, task: NetworkTask) -> None:
    trainer.fit(task, Clock(1, 1))
