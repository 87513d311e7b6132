"""Fit one joint detector: from annotated hands to the best snapshot, in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.splits import VALIDATION_EVERY, split_validation
from sharp_cli.fileio import output
from sharp_cli.training.detector.network import build_network, train_network
from sharp_cli.training.detector.training_views import draw_views, has_coco, write_coco
from sharp_cli.training.detector.validation import draw_plain_views
from sharp_cli.training.run import OPTIONS_FILE, fingerprint_hands, record_options, refuse_another

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.training.detector.settings import DetectorSettings


class DetectorTask(NamedTuple):
    """A detector to fit.

    Attributes:
        place: Folder of its training.
        training: Hands to learn from.
        validating: Hands that choose the best epoch.
    """

    place: Path
    training: Sequence[AnnotatedHand]
    validating: Sequence[AnnotatedHand]


def split(
    hands: Sequence[AnnotatedHand], validating: Sequence[AnnotatedHand] | None = None
) -> tuple[Sequence[AnnotatedHand], Sequence[AnnotatedHand]]:
    """Hands to train on and hands to validate with, of every fifth patient if not given.

    Raises:
        UsageError: There are too few patients for that.
    """
    if validating is not None:
        return hands, validating
    training, validating = split_validation(hands)
    if not validating:
        message = (
            f"annotated pictures of fewer than {VALIDATION_EVERY} patients to train on, so that "
            "none is left to validate with; annotate more, or give others with --validation"
        )
        raise UsageError(message)
    return training, validating


def fit(task: DetectorTask, images: Path, settings: DetectorSettings, device: str) -> Path:
    """Train a network, or resume it.

    Args:
        task: Which.
        images: Folder of the radiographs.
        settings: How it is trained.
        device: `cpu` or `cuda`.

    Returns:
        The best snapshot, see `detector.network.train_network`.

    Raises:
        UsageError: The task's folder holds another training.
        ModelError: The snapshot to start from cannot be used.
        OutputError: Something cannot be written.
    """
    work = task.place
    output.make_folder(work)
    recorded = {
        "annotations": fingerprint_hands(task.training),
        "validation": fingerprint_hands(task.validating),
        **settings.row(),
    }
    if has_coco(work) and not (work / OPTIONS_FILE).is_file():
        message = f"{work}: holds a training of an older version; give another --work"
        raise UsageError(message)
    refuse_another(work, recorded)
    network = build_network(work, points=POINTS, settings=settings)
    record_options(work, recorded)
    if not has_coco(work):
        write_coco(work, draw_views(task.training, images, settings=settings))
    plain = draw_plain_views(task.validating, images, settings.window)
    return train_network(work, network, plain, settings=settings, device=device)
