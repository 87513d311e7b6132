"""What a training of a trunk starts from."""

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
