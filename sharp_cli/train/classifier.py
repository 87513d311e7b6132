"""Train classifiers by the protocol of Miyama et al. (2022), from labels to predictions and bundle.

Every patient is in one fold. In turn one fold tests, the next one validates, the others train.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from sharp_cli.annotations.check import read_checked
from sharp_cli.classify import takes_gpu
from sharp_cli.detect import JointDetector
from sharp_cli.errors import UsageError
from sharp_cli.hands import HandFinder
from sharp_cli.labels import read_labels
from sharp_cli.registry import open_bundle
from sharp_cli.train.classifier_bundle import Data, member, write_classifier
from sharp_cli.train.classifier_fit import Job, Parts
from sharp_cli.train.classifier_results import (
    Result,
    choose_threshold,
    draw_curves,
    judged,
    write_metrics,
    write_predictions,
)
from sharp_cli.train.classifier_search import fit_best
from sharp_cli.train.classifier_sources import earlier_studies
from sharp_cli.train.describers import Frozen, Patches, Trained, compute_features
from sharp_cli.train.head_units import gather, head_names, trainable
from sharp_cli.train.initial_trunk import trunk_maker
from sharp_cli.train.label_check import Notice, check, check_folds
from sharp_cli.train.label_folds import Roles, assign, read_folds, roles, write_folds
from sharp_cli.train.patch_store import build
from sharp_cli.train.run import Clock, begin, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from torch import nn

    from sharp_cli.classify import Device
    from sharp_cli.train.classifier_fit import Fitted
    from sharp_cli.train.classifier_settings import Settings
    from sharp_cli.train.classifier_sources import Sources
    from sharp_cli.train.describers import Describer
    from sharp_cli.train.findings_bundle import Member
    from sharp_cli.train.head_units import HeadName, Units
    from sharp_cli.train.patch_store import PatchStore

LOGGER: Final = logging.getLogger(__name__)

FOLDS_FILE: Final = "folds.csv"
PREDICTIONS_FILE: Final = "predictions.csv"
METRICS_FILE: Final = "metrics.csv"
CURVES: Final = "curves"
BUNDLE: Final = "bundle"

_FINAL: Final = 0
"""Number of the fit to all patients, beside those of the folds, which count from 1."""

_JOBS: Final = 1000
"""More networks than a fold has: keeps their random choices apart."""


def train_classifier(
    sources: Sources,
    run: Path,
    *,
    settings: Settings,
    folds: int,
    final: bool,
    device: Device,
    threads: int,
    tell: Callable[[Notice], None],
) -> None:
    """Train classifiers, measure them by cross-validation, and write a bundle.

    A run that was cut short goes on after the last epoch that it had finished.

    Args:
        sources: What to learn from.
        run: Folder of all that comes of it.
        settings: How to train.
        folds: Into how many the patients are dealt.
        final: Whether the bundle is a network fitted to all patients but the first fold's, rather
            than those of all folds together.
        device: Where to train.
        threads: CPU threads.
        tell: Told of all that a training has to go without, before it begins.

    Raises:
        SharpError: Labels, annotations, weights or radiographs cannot be used, `run` holds another
            training, or a file cannot be written.
    """
    place = "cuda" if takes_gpu(device) else "cpu"
    begin(run, run, threads=threads)
    labels = read_labels(sources.labels)
    labelled, notices = check(sources.labels, labels, sources.images, settings.models)
    patients = {one.patient for one in labelled}
    assigned = (
        assign(labelled, folds, seed=settings.seed)
        if sources.folds is None
        else read_folds(sources.folds, patients, folds)
    )
    for notice in [*notices, *check_folds(labelled, assigned, folds)]:
        tell(notice)
    earlier = earlier_studies(sources.dates, labelled)
    if sources.dates is not None:
        first = len({(one.patient, one.study) for one in labelled} - earlier.keys())
        tell(Notice(sources.dates.name, f"{first} studies have none before", "masked"))
    annotated = (
        []
        if sources.annotations is None
        else read_checked(sources.annotations, sources.images, sources.names)
    )
    make_trunk = trunk_maker(settings)
    settle(run, {**sources.row(labelled, annotated), "folds": folds, **settings.row()})
    write_folds(run / FOLDS_FILE, assigned)
    store, lost = build(
        labelled,
        sources.images,
        run / "patches",
        size=settings.size,
        positions={(hand.image, hand.side): hand for hand in annotated},
        detector=lambda: (
            HandFinder(open_bundle("hands", sources.hands), threads=threads),
            JointDetector(open_bundle("joints", sources.detector), threads=threads),
        ),
    )
    for message in lost:
        LOGGER.warning(message)
    units = {head: gather(head, labelled, store, earlier) for head in head_names(settings.models)}
    trainer = _Trainer(store, units, run, settings, make_trunk=make_trunk, device=place)
    parts = {number: roles(assigned, number, folds) for number in range(1, folds + 1)}
    if final:
        parts[_FINAL] = Roles(parts[1].training | parts[1].test, parts[1].validation, frozenset())
    fitted = trainer.train(parts)
    results = [result for fold in fitted for result in fold.results if result.fold != _FINAL]
    write_predictions(run / PREDICTIONS_FILE, labelled, results)
    write_metrics(run / METRICS_FILE, results)
    draw_curves(run / CURVES, results)
    used = fitted[-1:] if final else fitted
    write_classifier(
        run / BUNDLE,
        [fold.member for fold in used],
        results,
        settings=settings,
        data=Data(
            sources.labels.name,
            len(patients),
            len({(one.patient, one.study) for one in labelled}),
            len(labelled),
            sum(one.damaged for one in labelled),
            folds,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Fold:
    member: Member
    results: Sequence[Result]


_Given = dict["HeadName", tuple["Parts", "Units"]]
"""What each head of a fold learns from, and is tested on."""


class _Trainer:
    """Trains the networks of one fold after another."""

    def __init__(
        self,
        store: PatchStore,
        units: Mapping[HeadName, Units],
        run: Path,
        settings: Settings,
        *,
        make_trunk: Callable[[], nn.Sequential],
        device: str,
    ) -> None:
        self._units = units
        self._run = run
        self._settings = settings
        self._make_trunk = make_trunk
        self._device = device
        self._patches = Patches(store, device)
        self._frozen: tuple[nn.Sequential, Describer] | None = None
        if settings.frozen:
            joints = len({(place.side, place.joint) for place in store.rows})
            torch.manual_seed(settings.seed)
            trunk = make_trunk().to(device).to(memory_format=torch.channels_last)
            features = compute_features(
                self._patches,
                trunk,
                run / "features",
                # Half as many as an epoch would take of each: not one is taken twice in a row.
                copies=max(1, round(settings.samples * joints / len(store.pixels) / 2)),
                seed=settings.seed,
                device=device,
            )
            self._frozen = trunk, Frozen(features, device)
            # What is left are small products, which several threads only hinder.
            torch.set_num_threads(1)

    def train(self, parts: Mapping[int, Roles]) -> list[_Fold]:
        """Train the networks of all folds, and let them judge the patients of each."""
        given = {number: self._given(number, part) for number, part in parts.items()}
        networks = sum(len(self._together(heads)) for heads in given.values())
        clock = Clock(networks * max(self._settings.search, 1), self._settings.epochs)
        return [self._fold(number, heads, clock) for number, heads in given.items()]

    def _given(self, number: int, part: Roles) -> _Given:
        given = {
            head: (Parts(units.of(part.training), units.of(part.validation)), units.of(part.test))
            for head, units in self._units.items()
        }
        learned = {
            head: (parts, test)
            for head, (parts, test) in given.items()
            if trainable(parts.training) and len(parts.validation)
        }
        if not learned:
            message = f"fold {number}: no head has intact and non-intact joints to learn from"
            raise UsageError(message)
        return learned

    def _fold(self, number: int, given: _Given, clock: Clock) -> _Fold:
        networks: list[Fitted] = []
        results: list[Result] = []
        for index, heads in enumerate(self._together(given)):
            name = str(heads[0]) if len(heads) == 1 else "all heads"
            job = Job(
                name=f"{f'fold {number}' if number != _FINAL else 'final fit'}, {name}",
                parts={head: given[head][0] for head in heads},
                make_trunk=None if self._frozen else self._make_trunk,
                describe=self._describer,
                folder=self._run / "fits" / str(number) / name.replace("/", "-"),
                key=number * _JOBS + index,
                clock=clock,
            )
            network = fit_best(job, self._settings, device=self._device)
            networks.append(network)
            results += [self._judge(number, head, network, *given[head]) for head in heads]
        return _Fold(member(networks, self._frozen[0] if self._frozen else None), results)

    def _together(self, given: _Given) -> list[list[HeadName]]:
        """The heads of each network: all of them if they train a shared trunk, else one."""
        if self._settings.trunk == "shared" and not self._settings.frozen:
            return [list(given)]
        return [[head] for head in given]

    def _describer(self, trunk: nn.Sequential | None) -> Describer:
        if trunk is not None:
            return Trained(self._patches, trunk, self._device)
        assert self._frozen is not None  # noqa: S101 - or the network would have a trunk
        return self._frozen[1]

    def _judge(
        self, fold: int, head: HeadName, network: Fitted, parts: Parts, test: Units
    ) -> Result:
        seen = judged(parts.validation, network.probabilities(head, parts.validation))
        tested = judged(test, network.probabilities(head, test))
        threshold = choose_threshold(self._settings.threshold, seen)
        return Result(fold, head, network.epochs, threshold, seen, tested)
