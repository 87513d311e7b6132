"""What a training of a trunk starts from, and what it imitates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.inference.trunk import ArchitectureName


@dataclass(frozen=True, slots=True)
class Start:
    """What a trunk is before the training: random weights, unless others are given.

    Attributes:
        architecture: Its architecture.
        bundle: Findings bundle whose trunk it is.
        imagenet: File of its weights, see `efficientnet.read_imagenet`; for `lite`.
    """

    architecture: ArchitectureName
    bundle: Path | None = None
    imagenet: Path | None = None


@dataclass(frozen=True, slots=True)
class Distillation:
    """What a trunk imitates while it learns; see `teacher.Teacher`.

    Attributes:
        teacher: Findings bundle.
        unlabelled: Folder with `joints.csv` and the radiographs that it names, of which the teacher
            alone knows something; None for none.
    """

    teacher: Path
    unlabelled: Path | None = None
