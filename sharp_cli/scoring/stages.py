"""The stages that scoring puts together, and how they are to score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sharp_cli.scoring.not_assessable import NONE, NotAssessable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import (
        Classification,
        Hand,
        MissingRule,
        Patch,
        Point,
        Precision,
        Radiograph,
    )

    Patches: TypeAlias = Mapping[Side, Sequence[Patch]]
    """The patches of each hand of a study."""


class Finder(Protocol):
    """Finds hands, as `hand_finder.HandFinder` does."""

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        """The hands of a radiograph, and what had to be assumed."""


class HandDetector(Protocol):
    """Detects the joints of a hand that was found."""

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """The hand with its frame refined, and its points."""


class Detector(HandDetector, Protocol):
    """Detects joints, as `joint_detector.JointDetector` does."""

    def detect_part(self, radiograph: Radiograph) -> tuple[Hand, tuple[Point, ...]]:
        """The part of a hand that fills a radiograph, and its points."""


class Classifier(Protocol):
    """Classifies patches, as `classifier.Classifier` does."""

    def classify(
        self,
        studies: Sequence[Patches],
        model: ModelName,
        *,
        threshold: float | None,
        prevalence: Prevalence | None,
        earlier: Sequence[Patches] = (),
    ) -> Sequence[tuple[Classification, ...]]:
        """The classifications of each study."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """How to score.

    Attributes:
        finder: Finds hands.
        detector: Detects joints.
        classifier: Classifies patches.
        model: The model to classify with.
        threshold: The probability from which a joint is non-intact; None for the bundle's own.
        prevalence: What probabilities are calibrated to; None where they are not calibrated.
        strict: Whether a study in which the model lacks an input fails.
        mask_annotations: See `results.document.Document`.
        bundles: What the stages were loaded from, which documents name.
        precision: Of the numbers that the classifier computes in, likewise.
        missing: What totals do about joints without a grade.
        not_assessable: The joints that are left out.
    """

    finder: Finder
    detector: Detector
    classifier: Classifier
    model: ModelName
    threshold: float | None = None
    prevalence: Prevalence | None = None
    strict: bool = False
    mask_annotations: bool = False
    bundles: tuple[Bundle, ...] = ()
    precision: Precision | None = None
    missing: MissingRule = "scale"
    not_assessable: NotAssessable = NONE
