"""Train a joint detector with DeepLabCut's PyTorch engine, from annotations to the bundle.

Every annotated hand is drawn in its canonical view many times over: bent towards the shapes of
other annotated hands, moved about as the hand finder would misplace it, and with its exposure
changed. DeepLabCut's own augmentation comes on top.

Before the detector itself, one is trained for each fold, on the pictures of the other folds: what
these find in the pictures that they have not seen says how well it does, and calibrates its
likelihoods.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import UsageError
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.splits import name_sources, patient_of
from sharp_cli.evaluation.metrics.detection import detection_table
from sharp_cli.execution.devices import torch_device
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.training.detector.bundle import Proof, Recipe, write_detector
from sharp_cli.training.detector.certainty import calibrate
from sharp_cli.training.detector.fit import DetectorTask, fit, split
from sharp_cli.training.detector.folds import fold_errors, fold_tasks, train_fold
from sharp_cli.training.run import begin

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.execution.devices import Device
    from sharp_cli.training.detector.settings import DetectorSettings
    from sharp_cli.training.helpers import Helpers

LOGGER: Final = logging.getLogger(__name__)


def train_detector(
    annotations: Path,
    images: Path,
    out: Path,
    work: Path,
    *,
    names: Path | None,
    validation: Path | None,
    settings: DetectorSettings,
    folds: int,
    finder: str | None,
    device: Device,
    threads: int,
    helpers: Helpers | None,
) -> None:
    """Train a detector on annotated pictures, and write its bundle.

    An interrupted run resumes after the last epoch that it had finished.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`.
        images: Folder of the radiographs that they name.
        out: Folder of the bundle.
        work: Folder for views, configuration and snapshots.
        names: What the points are called there; None for their own names.
        validation: Joint positions on other radiographs in `images`, by which the best epoch is
            chosen; None to keep every fifth picture for that.
        settings: How it is trained.
        folds: How many to measure it and calibrate its likelihoods by; 0 for none, else 2 or more.
        finder: Bundle of the hand finder to measure it with; None for the bundled one.
        device: Where to train.
        threads: CPU threads.
        helpers: Who fits the networks first; None for nobody.

    Raises:
        SharpError: Annotations, radiographs or the snapshot cannot be used, `work` holds another
            training, there is no such network or device, or a folder cannot be made.
    """
    settings.check()
    if folds == 1:
        message = "--folds 1: a single fold leaves nothing to learn from; give 0, or 2 or more"
        raise UsageError(message)
    place = torch_device(device)
    begin(out, work, threads=threads)
    hands = read_checked(annotations, images, names)
    other = None if validation is None else read_checked(validation, images, names)
    if other is not None:
        learned = {patient_of(hand) for hand in hands}
        both = sorted({hand.image for hand in other if patient_of(hand) in learned})
        if both:
            message = (
                f"{validation}: of patients who are in {annotations.name}, too: {', '.join(both)}; "
                "take them out"
            )
            raise UsageError(message)
    LOGGER.info("%s", name_sources([*hands, *(other or ())]))
    whole = DetectorTask(work, *split(hands, other))
    parts = fold_tasks(hands, work, folds, other) if folds else []
    if helpers is not None:
        tasks = {f"fold {number}": part.fit for number, part in enumerate(parts, start=1)}
        fitter = partial(_Fitter, images, settings, helpers.device)
        helpers.work(work, _Fitter.fit, {**tasks, "all pictures": whole}, prepare=fitter)
    proof = Proof({}, None)
    if folds:
        trained = []
        for number, part in enumerate(parts, start=1):
            LOGGER.info("fold %d of %d", number, folds)
            trained.append(train_fold(part, images, settings, place))
        hand_finder = HandFinder(open_bundle("hands", finder), threads=threads)

        def load(bundle: Path) -> JointDetector:
            return JointDetector(open_bundle("joints", bundle), threads=threads)

        errors = fold_errors(trained, images, hand_finder, load)
        calibration = calibrate(trained, images, hand_finder, load)
        proof = Proof(detection_table(errors), calibration)
    snapshot = fit(whole, images, settings, place)
    given = {"annotations": annotations, "images": images, "out": out, "work": work}
    chosen = {"names": names, "validation": validation}
    files = {
        option: None if path is None else path.resolve().name
        for option, path in {**given, **chosen}.items()
    }
    recipe = Recipe(files, settings, folds, whole.training, whole.validating)
    write_detector(work, snapshot, out, recipe, proof)


@dataclass(frozen=True, slots=True)
class _Fitter:
    """What a process of a cluster fits networks with."""

    images: Path
    settings: DetectorSettings
    device: str

    def fit(self, task: DetectorTask) -> None:
        fit(task, self.images, self.settings, self.device)
