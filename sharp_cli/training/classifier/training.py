"""Train classifiers by the protocol of Miyama et al. (2022), from labels to predictions and bundle.

Every patient is in one fold. In turn one fold tests, the next one validates, the others train.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.labels import read_labels
from sharp_cli.datasets.patient_folds import Roles, assign_to_folds, read_folds, roles, write_folds
from sharp_cli.execution.devices import uses_gpu
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.training.classifier.bundle import Data, member, write_classifier
from sharp_cli.training.classifier.fit import Parts
from sharp_cli.training.classifier.head_units import gather, head_names, trainable
from sharp_cli.training.classifier.label_check import Notice, check, check_folds
from sharp_cli.training.classifier.patch_store import build
from sharp_cli.training.classifier.results import (
    Result,
    choose_threshold,
    draw_curves,
    judged,
    write_metrics,
    write_predictions,
)
from sharp_cli.training.classifier.sources import earlier_studies
from sharp_cli.training.classifier.trainer import FINAL, Kit, Task, Trainer
from sharp_cli.training.run import Clock, begin, settle
from sharp_cli.training.trunk.initial import trunk_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from torch import nn

    from sharp_cli.execution.devices import Device
    from sharp_cli.training.classifier.fit import Fitted
    from sharp_cli.training.classifier.head_units import HeadName, Units
    from sharp_cli.training.classifier.settings import Settings
    from sharp_cli.training.classifier.sources import Sources
    from sharp_cli.training.findings_bundle import Member
    from sharp_cli.training.helpers import Helpers

LOGGER: Final = logging.getLogger(__name__)

FOLDS_FILE: Final = "folds.csv"
PREDICTIONS_FILE: Final = "predictions.csv"
METRICS_FILE: Final = "metrics.csv"
CURVES: Final = "curves"
BUNDLE: Final = "bundle"


def train_classifier(
    sources: Sources,
    run: Path,
    *,
    settings: Settings,
    folds: int,
    final: bool,
    device: Device,
    threads: int,
    helpers: Helpers | None,
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
        helpers: Who computes features and fits networks first; None for nobody.
        tell: Told of all that a training has to go without, before it begins.

    Raises:
        SharpError: Labels, annotations, weights or radiographs cannot be used, `run` holds another
            training, or a file cannot be written.
    """
    place = "cuda" if uses_gpu(device) else "cpu"
    begin(run, run, threads=threads)
    labels = read_labels(sources.labels)
    labelled, notices = check(sources.labels, labels, sources.images, settings.models)
    patients = {one.patient for one in labelled}
    assigned = (
        assign_to_folds(labelled, folds, seed=settings.seed)
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
    parts = {number: roles(assigned, number, folds) for number in range(1, folds + 1)}
    if final:
        parts[FINAL] = Roles(parts[1].training | parts[1].test, parts[1].validation, frozenset())
    given = {number: _given(number, units, part) for number, part in parts.items()}
    fitted = _train(Kit(store, run, settings, place), make_trunk, given, helpers)
    results = [result for fold in fitted for result in fold.results if result.fold != FINAL]
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


def _train(
    kit: Kit,
    make_trunk: Callable[[], nn.Sequential],
    given: Mapping[int, _Given],
    helpers: Helpers | None,
) -> list[_Fold]:
    """Train the networks of all folds, and let them judge the patients of each."""
    trainer = Trainer(kit, make_trunk)
    tasks = {number: _tasks(number, heads, kit.settings) for number, heads in given.items()}
    networks = [task for mine in tasks.values() for task in mine]
    if helpers is not None:
        trainer.get_help(helpers, networks)
    trainer.compute_all_features()
    clock = Clock(len(networks) * max(kit.settings.search, 1), kit.settings.epochs)
    folds = []
    for number, mine in tasks.items():
        fitted = [trainer.fit(task, clock) for task in mine]
        results = [
            result
            for task, network in zip(mine, fitted, strict=True)
            for result in _judge(task, network, given[number], kit.settings)
        ]
        folds.append(_Fold(member(fitted, trainer.trunk), results))
    return folds


def _given(number: int, units: Mapping[HeadName, Units], part: Roles) -> _Given:
    given = {
        head: (Parts(mine.of(part.training), mine.of(part.validation)), mine.of(part.test))
        for head, mine in units.items()
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


def _tasks(number: int, given: _Given, settings: Settings) -> list[Task]:
    """The networks of a fold: one with all heads if they train a shared trunk, else one a head."""
    shared = settings.trunk == "shared" and not settings.frozen
    together = [[*given]] if shared else [[head] for head in given]
    return [
        Task(number, index, {head: given[head][0] for head in heads})
        for index, heads in enumerate(together)
    ]


def _judge(task: Task, network: Fitted, given: _Given, settings: Settings) -> Iterator[Result]:
    for head in task.parts:
        parts, test = given[head]
        seen = judged(parts.validation, network.probabilities(head, parts.validation))
        tested = judged(test, network.probabilities(head, test))
        threshold = choose_threshold(settings.threshold, seen)
        yield Result(task.fold, head, network.epochs, threshold, seen, tested)
