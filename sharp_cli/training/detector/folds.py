"""Cross-validation of a joint detector: what it finds in pictures that its training did not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.bundles.store import BUNDLE_FILE, write_bundle
from sharp_cli.core.errors import NoHandError
from sharp_cli.datasets.annotations.csv_file import write_annotations
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.datasets.splits import split_folds
from sharp_cli.evaluation.metrics.detection import joint_errors
from sharp_cli.inference.sides import MOST_HANDS, decide_sides
from sharp_cli.training.detector.bundle import NETWORK_FILE, export_detector
from sharp_cli.training.detector.fit import DetectorTask, fit, split
from sharp_cli.training.detector.fold_files import BUNDLE, UNSEEN_FILE, Fold, fold_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Side
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.evaluation.metrics.detection import JointError
    from sharp_cli.scoring.stages import Finder, HandDetector
    from sharp_cli.training.detector.settings import DetectorSettings


class FoldTask(NamedTuple):
    """The detector of a fold to fit.

    Attributes:
        fit: It.
        own: The fold's hands, which it does not see.
    """

    fit: DetectorTask
    own: Sequence[AnnotatedHand]


def fold_tasks(
    hands: Sequence[AnnotatedHand],
    work: Path,
    count: int,
    validating: Sequence[AnnotatedHand] | None = None,
) -> list[FoldTask]:
    """Deal pictures into folds, for each of which a detector learns from those of the others.

    Args:
        hands: All annotated hands.
        work: Each fold has a folder in it.
        count: How many folds.
        validating: Hands that choose the best epoch; None for those of every fifth picture.

    Raises:
        UsageError: There are too few pictures.
    """
    return [
        FoldTask(DetectorTask(fold_folder(work, number, count), *split(others, validating)), own)
        for number, (others, own) in enumerate(split_folds(hands, count), start=1)
    ]


def train_fold(task: FoldTask, images: Path, settings: DetectorSettings, device: str) -> Fold:
    """Train the detector of one fold, or resume it.

    Args:
        task: See `fold_tasks`.
        images: Folder of the radiographs.
        settings: How it is trained.
        device: `cpu` or `cuda`.

    Raises:
        UsageError: The fold's folder holds another training.
        SharpError: The snapshot to start from or a radiograph cannot be used, or nothing written.
    """
    place = task.fit.place
    snapshot = fit(task.fit, images, settings, device)
    bundle = place / BUNDLE
    if not (bundle / BUNDLE_FILE).is_file():
        write_bundle(bundle, export_detector(place, snapshot, bundle, settings), [NETWORK_FILE])
    write_annotations(place / UNSEEN_FILE, task.own)
    return Fold(bundle, task.own)


def fold_errors(
    folds: Iterable[Fold], images: Path, finder: Finder, load: Callable[[Path], HandDetector]
) -> list[JointError]:
    """How far off each joint is found by the detector that has not seen it.

    Args:
        folds: From `train_fold`.
        images: Folder of the radiographs.
        finder: Finds the hands.
        load: Loads a detector from its folder.
    """
    errors = []
    for fold in folds:
        detector = load(fold.bundle)
        detected: dict[tuple[str, Side, str], tuple[float, float]] = {}
        truth: list[AnnotatedHand] = []
        for picture, hands in read_square(fold.hands, images):
            truth += hands
            try:
                candidates, _ = finder.find(picture)
                found, _ = decide_sides(candidates[:MOST_HANDS], picture)
            except NoHandError:
                continue
            for hand in found:
                _, points = detector.detect(picture, hand)
                for point in points:
                    place = (point.x, point.y)
                    detected[hands[0].image, hand.side, point.joint] = place
        errors += joint_errors(detected, truth)
    return errors
