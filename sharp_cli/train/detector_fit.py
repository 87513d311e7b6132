"""Fit one joint detector: from annotated hands to the best snapshot, in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli import output
from sharp_cli.dataset import VALIDATION_EVERY, split_validation
from sharp_cli.errors import UsageError
from sharp_cli.joints import POINTS
from sharp_cli.train.detector_network import build_network, train_network
from sharp_cli.train.detector_validation import draw_plain_views
from sharp_cli.train.detector_views import draw_views, has_coco, write_coco
from sharp_cli.train.run import OPTIONS_FILE, fingerprint_hands, refuse_another, settle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.dataset import AnnotatedHand
    from sharp_cli.train.detector_settings import Settings


def split(
    hands: Sequence[AnnotatedHand], validating: Sequence[AnnotatedHand] | None = None
) -> tuple[Sequence[AnnotatedHand], Sequence[AnnotatedHand]]:
    """Hands to train on and hands to validate with, of every fifth picture if not given.

    Raises:
        UsageError: There are too few pictures for that.
    """
    if validating is not None:
        return hands, validating
    training, validating = split_validation(hands)
    if not validating:
        message = (
            f"fewer than {VALIDATION_EVERY} annotated pictures to train on, so that none is left "
            "to validate with; annotate more, or give others with --validation"
        )
        raise UsageError(message)
    return training, validating


def fit(
    training: Sequence[AnnotatedHand],
    validating: Sequence[AnnotatedHand],
    images: Path,
    work: Path,
    *,
    settings: Settings,
    device: str,
) -> Path:
    """Train a network in the folder `work`, or go on with it.

    Returns:
        The best snapshot, see `detector_network.train_network`.

    Raises:
        UsageError: `work` holds another training.
        ModelError: The snapshot to start from cannot be used.
        OutputError: Something cannot be written.
    """
    output.make_folder(work)
    settled = {
        "annotations": fingerprint_hands(training),
        "validation": fingerprint_hands(validating),
        **settings.row(),
    }
    if has_coco(work) and not (work / OPTIONS_FILE).is_file():
        message = f"{work}: holds a training of an older version; give another --work"
        raise UsageError(message)
    refuse_another(work, settled)
    network = build_network(work, points=POINTS, settings=settings)
    settle(work, settled)
    if not has_coco(work):
        write_coco(work, draw_views(training, images, settings=settings))
    plain = draw_plain_views(validating, images, settings.window)
    return train_network(work, network, plain, settings=settings, device=device)
