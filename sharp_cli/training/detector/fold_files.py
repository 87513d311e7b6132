"""Folds of annotated pictures as a training leaves them, each with a detector of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import UsageError
from sharp_cli.datasets.annotations.csv_file import read_annotations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand

BUNDLE: Final = "bundle"
"""Folder of a fold's detector, in the fold's folder."""

UNSEEN_FILE: Final = "unseen.csv"
"""Annotations of the hands that a fold's detector has not seen, beside it."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A detector, and what its training did not see.

    Attributes:
        bundle: The detector's folder.
        hands: Annotated hands of the fold.
    """

    bundle: Path
    hands: Sequence[AnnotatedHand]


def fold_folder(work: Path, number: int, count: int) -> Path:
    """Folder of a fold, from 1 to `count`, in that of its training."""
    return work / f"fold-{number}-of-{count}"


def read_folds(work: Path) -> list[Fold]:
    """The folds that a training with `sharp train detector` left in its folder `work`.

    Raises:
        UsageError: There are none, or they are not finished.
        DocumentError: The annotations of one cannot be read.
    """
    places = sorted(work.glob("fold-*-of-*"))
    if not places or not all((place / UNSEEN_FILE).is_file() for place in places):
        message = f"{work}: no finished folds; give the --work of a training with --folds"
        raise UsageError(message)
    return [Fold(place / BUNDLE, read_annotations(place / UNSEEN_FILE)) for place in places]
