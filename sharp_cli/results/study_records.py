"""The studies that documents are made of: radiographs with the hands detected on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Hand, Patch, Point, Spacing


@dataclass(frozen=True, slots=True)
class DetectedHand:
    """A hand with its detected points, and its patches once they are cropped."""

    hand: Hand
    points: tuple[Point, ...]
    patches: tuple[Patch, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectedRadiograph:
    """What is kept of a radiograph once its hands and joints are detected.

    Attributes:
        file: The path as the user gave it.
        width: In pixels.
        height: In pixels.
        spacing: As `records.Radiograph` has it.
        aspect: Likewise.
        hands: One, or one of each side.
        warnings: What was assumed so far.
        sha256: As `records.Radiograph` has it, like the next one.
        object_sha256: See there.
    """

    file: str
    width: int
    height: int
    spacing: Spacing | None
    aspect: float
    hands: tuple[DetectedHand, ...]
    warnings: tuple[str, ...]
    sha256: str = ""
    object_sha256: str | None = None

    @property
    def sides(self) -> set[Side]:
        """The sides of its hands."""
        return {detected.hand.side for detected in self.hands}


@dataclass(frozen=True, slots=True)
class Study:
    """The radiographs of one study: one, or two of one hand each, the left hand's first."""

    name: str
    radiographs: tuple[DetectedRadiograph, ...]
    patient: str | None = None
    date: str | None = None
    day: int | None = None
    manifest_study: str | None = None
    earlier_study: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its radiographs."""
        return tuple(radiograph.file for radiograph in self.radiographs)

    @property
    def patches(self) -> dict[Side, tuple[Patch, ...]]:
        """The patches of each hand."""
        return {
            detected.hand.side: detected.patches
            for radiograph in self.radiographs
            for detected in radiograph.hands
        }
