"""Train classifiers by the protocol of Miyama et al. (2022), from labels to predictions and bundle.

Every patient is in one fold. In turn one fold tests, the next one validates, the others train.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.bundles.store import open_bundle
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.labels import labelled_by_set, read_labels
from sharp_cli.datasets.patient_folds import assign_to_folds, read_folds, write_folds
from sharp_cli.execution.devices import torch_device
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.training.classifier.bundle import CohortSummary, ensemble_member, write_classifier
from sharp_cli.training.classifier.curves import plot_curves
from sharp_cli.training.classifier.familiarity import describe_patches
from sharp_cli.training.classifier.fold_data import data_by_fold, linked_heads
from sharp_cli.training.classifier.grade_calibration import severities
from sharp_cli.training.classifier.grade_results import bundle_grades, tested_grades
from sharp_cli.training.classifier.graded import damage_grades, graded_data
from sharp_cli.training.classifier.input_sets import gather_input_sets, head_names
from sharp_cli.training.classifier.label_check import Notice, check_folds, check_labels
from sharp_cli.training.classifier.metrics import write_metrics
from sharp_cli.training.classifier.patch_store import build_patch_store
from sharp_cli.training.classifier.results import (
    HeadResult,
    Predictions,
    predictions,
    set_parts,
    write_predictions,
)
from sharp_cli.training.classifier.set_results import (
    set_predictions,
    write_set_metrics,
    write_set_predictions,
)
from sharp_cli.training.classifier.sources import earlier_studies
from sharp_cli.training.classifier.thresholds import choose_threshold
from sharp_cli.training.classifier.trainer import FINAL, NetworkTask, Trainer, TrainingContext
from sharp_cli.training.classifier.unseen import unseen_by_ensemble, unseen_by_final
from sharp_cli.training.run import Clock, begin, record_options
from sharp_cli.training.trunk.initial import trunk_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.datasets.labels import LabelledJoint, LabelledSet, ShownJoint
    from sharp_cli.execution.devices import Device
    from sharp_cli.training.classifier.fit import Fitted
    from sharp_cli.training.classifier.fold_data import FoldData
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets
    from sharp_cli.training.classifier.patch_store import PatchStore
    from sharp_cli.training.classifier.settings import ClassifierSettings
    from sharp_cli.training.classifier.sources import Sources
    from sharp_cli.training.findings_bundle import Member
    from sharp_cli.training.helpers import Helpers

LOGGER: Final = logging.getLogger(__name__)

FOLDS_FILE: Final = "folds.csv"
PREDICTIONS_FILE: Final = "predictions.csv"
METRICS_FILE: Final = "metrics.csv"
SETS_FILE: Final = "sets.csv"
SET_METRICS_FILE: Final = "set-metrics.csv"
CURVES: Final = "curves"
BUNDLE: Final = "bundle"


def train_classifier(
    sources: Sources,
    run: Path,
    *,
    settings: ClassifierSettings,
    folds: int,
    final: bool,
    device: Device,
    threads: int,
    helpers: Helpers | None,
    report: Callable[[Notice], None],
) -> None:
    """Train classifiers, measure them by cross-validation, and write a bundle.

    An interrupted run resumes after its last finished epoch.

    Args:
        sources: What to learn from.
        run: Folder of everything that the training writes.
        settings: How to train.
        folds: Number of folds that patients are assigned to.
        final: Whether the bundle is a network fitted to all patients but those of the first fold,
            rather than the networks of all folds together.
        device: Where to train.
        threads: CPU threads.
        helpers: Processes that compute features and fit networks first; None for none.
        report: Called before the training begins with everything that it has to do without.

    Raises:
        SharpError: Labels, annotations, weights or radiographs cannot be used, `run` holds another
            training, or a file cannot be written.
    """
    place = torch_device(device)
    begin(run, run, threads=threads)
    cohort = _read_cohort(sources, settings, folds, report)
    make_trunk = trunk_maker(settings)
    checksums = sources.checksums(cohort.shown, cohort.annotated)
    record_options(run, {**checksums, "folds": folds, **settings.as_options()})
    write_folds(run / FOLDS_FILE, cohort.fold_of)
    store = _cut_patches(cohort, sources, run / "patches", size=settings.size, threads=threads)
    inputs = {
        head: gather_input_sets(head, cohort.labelled, store, cohort.earlier, cohort.sets)
        for head in head_names(settings.models)
    }
    data = data_by_fold(inputs, cohort.fold_of, folds, final=final)
    context = TrainingContext(store, run, settings, place)
    fitted = _train(context, make_trunk, data, damage_grades(cohort.labelled), helpers)
    LOGGER.info("predictions, calibration and the bundle")
    results = [result for fold in fitted for result in fold.results if result.fold != FINAL]
    tested = tested_grades(results, cohort.labelled)
    write_predictions(run / PREDICTIONS_FILE, cohort.labelled, results, tested)
    write_metrics(run / METRICS_FILE, results)
    if cohort.sets:
        of_sets = set_predictions(cohort.sets, results)
        write_set_predictions(run / SETS_FILE, of_sets)
        write_set_metrics(run / SET_METRICS_FILE, of_sets)
    plot_curves(run / CURVES, results)
    unseen, severity = (
        unseen_by_final(own, others) if final else unseen_by_ensemble(others)
        for own, others in (
            (fitted[-1].results, results),
            (severities(fitted[-1].results), severities(results)),
        )
    )
    write_classifier(
        run / BUNDLE,
        [fold.member for fold in (fitted[-1:] if final else fitted)],
        unseen,
        bundle_grades(unseen, severity, cohort.labelled),
        familiarity=next(fold.familiarity for fold in fitted if fold.familiarity is not None),
        settings=settings,
        cohort=CohortSummary(
            sources.labels.name,
            len(cohort.fold_of),
            len(cohort.studies),
            len(cohort.labelled),
            sum(one.damaged for one in cohort.labelled),
            folds,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Cohort:
    """Labelled joints, and what is known of them.

    Attributes:
        labelled: The joints.
        sets: The labelled sets of joints.
        shown: The joints, then those that only their set has a label for.
        fold_of: Fold of each patient.
        earlier: By patient and study, the previous study.
        annotated: Hands whose joints are annotated.
    """

    labelled: Sequence[LabelledJoint]
    sets: Sequence[LabelledSet]
    shown: Sequence[ShownJoint]
    fold_of: Mapping[str, int]
    earlier: Mapping[tuple[str, str], str]
    annotated: Sequence[AnnotatedHand]

    @property
    def studies(self) -> set[tuple[str, str]]:
        """Patient and study of all."""
        return {(one.patient, one.study) for one in self.shown}


def _read_cohort(
    sources: Sources,
    settings: ClassifierSettings,
    folds: int,
    report: Callable[[Notice], None],
) -> _Cohort:
    labels = read_labels(sources.labels)
    labelled, sets, notices = check_labels(sources.labels, labels, sources.images, settings.models)
    shown = [*labelled, *labelled_by_set(labelled, sets)]
    fold_of = (
        assign_to_folds(labelled, sets, folds, seed=settings.seed)
        if sources.folds is None
        else read_folds(sources.folds, {one.patient for one in shown}, folds)
    )
    for notice in [*notices, *check_folds(labelled, sets, fold_of, folds)]:
        report(notice)
    earlier = earlier_studies(sources.dates, shown)
    if sources.dates is not None:
        first = len({(one.patient, one.study) for one in shown} - earlier.keys())
        report(Notice(sources.dates.name, f"{first} studies have no earlier one", "masked"))
    annotated = (
        []
        if sources.annotations is None
        else read_checked(sources.annotations, sources.images, sources.names, parts=True)
    )
    return _Cohort(labelled, sets, shown, fold_of, earlier, annotated)


def _cut_patches(
    cohort: _Cohort, sources: Sources, folder: Path, *, size: int, threads: int
) -> PatchStore:
    store, messages = build_patch_store(
        cohort.shown,
        sources.images,
        folder,
        size=size,
        positions={(hand.image, hand.side): hand for hand in cohort.annotated},
        detector=lambda: (
            HandFinder(open_bundle("hands", sources.hands), threads=threads),
            JointDetector(open_bundle("joints", sources.detector), threads=threads),
        ),
    )
    for message in messages:
        LOGGER.warning(message)
    return store


@dataclass(frozen=True, slots=True)
class _FittedFold:
    """The networks of a fold.

    Attributes:
        member: What the bundle holds of them.
        results: Their predictions.
        familiarity: See `describe_patches`; of the bundle's first member only.
    """

    member: Member
    results: Sequence[HeadResult]
    familiarity: Mapping[str, Mapping[str, NDArray[Any]]] | None


def _train(
    context: TrainingContext,
    make_trunk: Callable[[], nn.Sequential],
    data: Mapping[int, FoldData],
    grades: NDArray[np.float32],
    helpers: Helpers | None,
) -> list[_FittedFold]:
    """Train the networks of all folds, and predict the test patients of each."""
    settings = context.settings
    trainer = Trainer(context, make_trunk)
    tasks = {number: _tasks(number, heads, grades, settings) for number, heads in data.items()}
    every = [task for of_fold in tasks.values() for task in of_fold]
    if helpers is not None:
        trainer.run_on_cluster(helpers, every)
    trainer.compute_all_features()
    networks = sum(2 if task.graded else 1 for task in every)
    clock = Clock(networks * max(settings.search, 1), settings.epochs)
    folds = []
    first = FINAL if FINAL in data else min(data)
    for number, of_fold in tasks.items():
        fitted = [trainer.fit(task, clock) for task in of_fold]
        results = [
            result
            for task, network in zip(of_fold, fitted, strict=True)
            for result in _evaluate(task, network, data[number], settings)
        ]
        described = describe_patches(fitted, data[number]) if number == first else None
        folds.append(_FittedFold(ensemble_member(fitted, trainer.trunk), results, described))
    return folds


def _tasks(
    number: int, data: FoldData, grades: NDArray[np.float32], settings: ClassifierSettings
) -> list[NetworkTask]:
    """The networks of a fold: one with all heads for a trained, shared trunk, else one per head.

    Heads that have a part in the same sets of joints are in one network.
    """
    if settings.trunk == "shared" and not settings.frozen:
        networks = {"all heads": [*data]}
    else:
        networks = {" and ".join(map(str, heads)): heads for heads in linked_heads(data)}
    learning = {head: data_of_head for head, (data_of_head, _) in data.items()}
    graded = graded_data(learning, grades)
    return [
        NetworkTask(
            number,
            index,
            name,
            {head: learning[head] for head in heads},
            {head: graded[head] for head in heads if head in graded},
        )
        for index, (name, heads) in enumerate(networks.items())
    ]


def _evaluate(
    task: NetworkTask, network: Fitted, data: FoldData, settings: ClassifierSettings
) -> Iterator[HeadResult]:
    for head in task.data:
        learning, test = data[head]
        validated = predictions(
            learning.validation, network.probabilities(head, learning.validation)
        )
        found = network.probabilities(head, test)
        threshold = choose_threshold(settings.threshold, head, validated)
        yield HeadResult(
            task.fold, head, network.epochs, threshold, validated,
            test=predictions(test, found), of_sets=set_parts(test, found),
            severity=_severity(network, head, learning.validation, test),
        )  # fmt: skip


def _severity(
    network: Fitted, head: HeadName, validation: InputSets, test: InputSets
) -> tuple[Predictions, Predictions] | None:
    if network.grades is None or str(head) not in network.grades.network.heads:
        return None
    mine, others = (
        predictions(inputs, network.grades.severities(head, inputs))
        for inputs in (validation, test)
    )
    return mine, others
