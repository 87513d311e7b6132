"""Train classifiers by the protocol of Miyama et al. (2022), from labels to predictions and bundle.

Every patient is in one fold. In turn one fold tests, the next one validates, the others train.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from torch import nn

from sharp_cli.annotations.check import read_checked
from sharp_cli.classify import takes_gpu
from sharp_cli.dataset import Problem, read_table, refuse
from sharp_cli.detect import JointDetector
from sharp_cli.errors import UsageError
from sharp_cli.hands import HandFinder
from sharp_cli.labels import read_labels
from sharp_cli.registry import open_bundle
from sharp_cli.train.classifier_bundle import Data, member, write_classifier
from sharp_cli.train.classifier_fit import Fitted, Job, Parts, fit
from sharp_cli.train.classifier_results import (
    Result,
    choose_threshold,
    draw_curves,
    judged,
    write_metrics,
    write_predictions,
)
from sharp_cli.train.classifier_search import search
from sharp_cli.train.describers import Frozen, Patches, Trained, compute_features
from sharp_cli.train.findings_bundle import trunk_tensors
from sharp_cli.train.head_units import gather, head_names, trainable
from sharp_cli.train.initial_trunk import trunk_maker
from sharp_cli.train.label_check import check, check_folds
from sharp_cli.train.label_folds import Roles, assign, read_folds, roles, write_folds
from sharp_cli.train.patch_store import build
from sharp_cli.train.run import begin, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.classify import Device
    from sharp_cli.labels import LabelledJoint
    from sharp_cli.train.classifier_settings import Settings
    from sharp_cli.train.describers import Describer
    from sharp_cli.train.findings_bundle import Member
    from sharp_cli.train.head_units import HeadName, Units
    from sharp_cli.train.label_check import Notice

LOGGER: Final = logging.getLogger(__name__)

FOLDS_FILE: Final = "folds.csv"
PREDICTIONS_FILE: Final = "predictions.csv"
METRICS_FILE: Final = "metrics.csv"
BUNDLE: Final = "bundle"

_FINAL: Final = 0
"""Number of the fit to all patients, beside those of the folds, which count from 1."""

_JOBS: Final = 1000
"""More networks than a fold has: keeps their random choices apart."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a training.

    Attributes:
        labels: See `labels.read_labels`.
        images: Folder of the radiographs or patches.
        annotations: Joint positions, see `annotations.check.read_checked`; None to detect them.
        names: What the points are called there; None if by their own names.
        dates: A table `study,date`, by which `mimo-time` finds the study before; None for none.
        folds: A table `patient,fold`; None to deal patients out.
        hands: Bundle of the hand finder; None for the bundled one.
        detector: Bundle of the joint detector; None for the bundled one.
    """

    labels: Path
    images: Path
    annotations: Path | None
    names: Path | None
    dates: Path | None
    folds: Path | None
    hands: str | None
    detector: str | None


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
    earlier = _earlier(sources.dates, labelled)
    settle(run, {**settings.row(), **_fingerprints(sources), "folds": folds})
    write_folds(run / FOLDS_FILE, assigned)
    trainer = _Trainer(labelled, earlier, sources, run, settings, device=place, threads=threads)
    fitted = [
        trainer.fold(number, roles(assigned, number, folds)) for number in range(1, folds + 1)
    ]
    results = [result for fold in fitted for result in fold.results]
    write_predictions(run / PREDICTIONS_FILE, labelled, results)
    write_metrics(run / METRICS_FILE, results)
    draw_curves(run / "curves", results)
    data = Data(
        sources.labels.name,
        len(patients),
        len({(one.patient, one.study) for one in labelled}),
        len(labelled),
        sum(one.damaged for one in labelled),
        folds,
    )
    used = fitted
    if final:
        validation = frozenset(patient for patient, fold in assigned.items() if fold == 1)
        everyone = Roles(frozenset(patients) - validation, validation, frozenset())
        used = [trainer.fold(_FINAL, everyone)]
    write_classifier(
        run / BUNDLE,
        [fold.member for fold in used],
        [result for fold in used for result in fold.results],
        results,
        settings,
        data,
    )


@dataclass(frozen=True, slots=True)
class _Fold:
    member: Member
    results: Sequence[Result]


class _Trainer:
    """Trains the networks of one fold after another."""

    def __init__(
        self,
        labelled: Sequence[LabelledJoint],
        earlier: Mapping[tuple[str, str], str],
        sources: Sources,
        run: Path,
        settings: Settings,
        *,
        device: str,
        threads: int,
    ) -> None:
        self._settings = settings
        self._run = run
        self._device = device
        self._make_trunk = trunk_maker(settings)
        positions = (
            []
            if sources.annotations is None
            else read_checked(sources.annotations, sources.images, sources.names)
        )
        store, lost = build(
            labelled,
            sources.images,
            run / "patches",
            size=settings.size,
            positions={(hand.image, hand.side): hand for hand in positions},
            detector=(
                HandFinder(open_bundle("hands", sources.hands), threads=threads),
                JointDetector(open_bundle("joints", sources.detector), threads=threads),
            ),
        )
        for message in lost:
            LOGGER.warning(message)
        self._units = {
            head: gather(head, labelled, store, earlier) for head in head_names(settings.models)
        }
        self._patches = Patches(store, device)
        self._frozen: Describer | None = None
        if settings.frozen:
            joints = len({(place.side, place.joint) for place in store.rows})
            copies = max(1, round(settings.samples * joints / len(store.rows) / 2))
            trunk = self._make_trunk().to(device)
            self._frozen = Frozen(
                compute_features(
                    self._patches, trunk, run / "features.pt",
                    copies=copies, seed=settings.seed, device=device,
                ),
                device,
            )  # fmt: skip
        self._began = time.monotonic()
        self._done = 0

    def fold(self, number: int, part: Roles) -> _Fold:
        """Train the networks of a fold, and let them judge its patients."""
        given = {
            head: (
                Parts(units.of(part.training), units.of(part.validation)),
                units.of(part.test),
            )
            for head, units in self._units.items()
        }
        learned = {
            head: pair for head, pair in given.items()
            if trainable(pair[0].training) and len(pair[0].validation)
        }  # fmt: skip
        if not learned:
            message = f"fold {number}: no head has intact and non-intact joints to learn from"
            raise UsageError(message)
        networks: list[Fitted] = []
        results: list[Result] = []
        for index, heads in enumerate(self._together(list(learned))):
            job = Job(
                name=f"{'final fit' if number == _FINAL else f'fold {number}'}, {_name(heads)}",
                parts={head: learned[head][0] for head in heads},
                make_trunk=None if self._settings.frozen else self._make_trunk,
                describe=self._describer,
                folder=self._run / "fits" / str(number) / _name(heads).replace("/", "-"),
                key=number * _JOBS + index,
            )
            hyper = search(job, self._settings, device=self._device)
            network = fit(job, self._settings, hyper, device=self._device)
            networks.append(network)
            results += [self._judge(number, head, network, *learned[head]) for head in heads]
        frozen = trunk_tensors(self._make_trunk().eval()) if self._settings.frozen else None
        return _Fold(member(networks, frozen), results)

    def _together(self, heads: Sequence[HeadName]) -> list[list[HeadName]]:
        """The heads of each network: all of them if they train a shared trunk, else one."""
        if self._settings.trunk == "shared" and not self._settings.frozen:
            return [list(heads)]
        return [[head] for head in heads]

    def _describer(self, trunk: nn.Sequential | None) -> Describer:
        if trunk is None:
            assert self._frozen is not None  # noqa: S101 - without a trunk features are frozen
            return self._frozen
        return Trained(self._patches, trunk, self._device)

    def _judge(
        self, fold: int, head: HeadName, network: Fitted, parts: Parts, test: Units
    ) -> Result:
        seen = judged(parts.validation, network.probabilities(head, parts.validation))
        threshold = choose_threshold(self._settings.threshold, seen)
        tested = judged(test, network.probabilities(head, test))
        return Result(fold, head, network.epochs, threshold, seen, tested)


def _name(heads: Sequence[HeadName]) -> str:
    return str(heads[0]) if len(heads) == 1 else "all heads"


def _earlier(path: Path | None, labelled: Sequence[LabelledJoint]) -> dict[tuple[str, str], str]:
    """For each patient and study that has one, the last study before it.

    Raises:
        DocumentError: The table cannot be read, or lacks the date of a study.
    """
    if path is None:
        return {}
    dates = {row["study"]: row["date"] for _, row in read_table(path, ("study", "date"))}
    studies = sorted({(one.patient, one.study) for one in labelled})
    missing = [study for _, study in studies if not dates.get(study)]
    refuse(path, [Problem(study, "this study of the labels has no date") for study in missing])
    found = {}
    for patient, study in studies:
        before = [
            other for whose, other in studies if whose == patient and dates[other] < dates[study]
        ]
        if before:
            found[patient, study] = max(before, key=dates.__getitem__)
    return found


def _fingerprints(sources: Sources) -> dict[str, str | None]:
    """Tells apart what the tables of a training say."""
    tables = {
        "labels": sources.labels,
        "annotations": sources.annotations,
        "prior": sources.dates,
        "fold-file": sources.folds,
    }
    return {
        option: None if path is None or not path.is_file()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for option, path in tables.items()
    }  # fmt: skip
