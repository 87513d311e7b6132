"""Predicted joints matched with annotated, adjudicated and labelled ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGET_OF, TARGETS
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.datasets.joint_keys import JointKey, match_image
from sharp_cli.datasets.labels import read_labels
from sharp_cli.evaluation.detection_inputs import index_damage, read_adjudication, read_predictions
from sharp_cli.evaluation.metrics.detection import joint_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from sharp_cli.core.joints import Finding
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.evaluation.detection_inputs import Predictions
    from sharp_cli.evaluation.metrics.detection import JointError
    from sharp_cli.results.document import JointRow

_EXCLUDED: Final = "excluded"
_NOT_FOUND: Final = "count as not found"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """Joints of one file that another lacks.

    Attributes:
        what: Which file has them and which does not, in words.
        joints: How many; a joint that is scored for both findings is two.
        effect: What becomes of them, in words.
    """

    what: str
    joints: int
    effect: str


@dataclass(frozen=True, slots=True)
class FoundJoint:
    """A joint that is there, and whether it was found.

    Attributes:
        finding: `erosion` or `jsn`.
        group: Joint group.
        found: Whether it was detected where it is.
        damaged: Whether it is non-intact; None if it is not labelled.
    """

    finding: Finding
    group: str
    found: bool
    damaged: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Predicted joints and what they are measured by.

    Attributes:
        criterion: When a joint counts as found, in words.
        partners: Joints without a partner.
        joints: The joints that are annotated or, where a reader adjudicated, adjudicated.
        errors: How far the annotated joints are off.
        uncertain: Whether some predicted joint is called uncertain.
    """

    criterion: str
    partners: Sequence[Unmatched]
    joints: Sequence[FoundJoint]
    errors: Sequence[JointError]
    uncertain: bool


@dataclass(frozen=True, slots=True)
class _Reference:
    """What is true: the joints that are known, and of those that count whether they were found."""

    word: str
    criterion: str
    known: AbstractSet[JointKey]
    found: Mapping[JointKey, bool]
    partners: Sequence[Unmatched]


def compare(
    predictions: Path,
    *,
    truth: Path | None,
    adjudication: Path | None,
    labels: Path | None,
    tolerance: float,
) -> Comparison:
    """Compare predicted joints with annotated ones, by distance, or with reader adjudication.

    Pictures are matched by as much of their path as the annotations, or the adjudication, give.

    Args:
        predictions: See `detection_inputs.read_predictions`.
        truth: Annotated joints; None, only with `adjudication`, for no distances.
        adjudication: A reader's, which goes before distances in saying what is found; or None.
        labels: Which joints are damaged, or None.
        tolerance: A joint is found within this fraction of the hand's median phalanx length.

    Raises:
        DocumentError: A file is not what it should be, or a joint is adjudicated as correctly
            detected that was not detected.
    """
    predicted = read_predictions(predictions)
    references: list[_Reference] = []
    errors: Sequence[JointError] = ()
    if truth is not None:
        reference, errors = _annotated(predicted, read_annotations(truth), tolerance)
        references.append(reference)
    if adjudication is not None:
        references.append(_adjudicated(predicted, adjudication))
    partners = [one for reference in references for one in reference.partners]
    damaged: Mapping[JointKey, bool] = {}
    if labels is not None:
        damaged, more = _labelled(labels, references[-1])
        partners += more
    joints = [
        FoundJoint(target.finding, target.group, found, damaged.get(key))
        for key, found in references[-1].found.items()
        for target in [TARGET_OF[key.finding, key.joint]]
    ]
    partners = [one for one in partners if one.joints]
    uncertain = any(row.status == "uncertain" for row in predicted.joints)
    return Comparison(references[-1].criterion, partners, joints, errors, uncertain)


def _annotated(
    predicted: Predictions, hands: Sequence[AnnotatedHand], tolerance: float
) -> tuple[_Reference, list[JointError]]:
    """Annotated joints, found by their distance, and all their distances."""
    images = {hand.image for hand in hands}
    rows = predicted.by_joint(images)
    placed = _placed(rows)
    errors = joint_errors(
        {
            (key.image, row.hand, row.joint): (row.x, row.y)
            for key, row in rows.items()
            if row.x is not None and row.y is not None
        },
        hands,
        {
            (key.image, row.hand, row.joint)
            for key, row in rows.items()
            if row.status == "uncertain"
        },
        {match_image(file, images): size for file, size in predicted.spacing.items()},
    )
    known = {
        JointKey(hand.image, hand.side, target.finding, target.joint)
        for hand in hands
        for target in TARGETS
        if target.joint in hand.points
    }
    found = {
        JointKey(one.image, one.side, one.finding, one.joint): one.error <= tolerance
        for one in errors
    }
    partners = [
        Unmatched("annotated, not predicted", len(found.keys() - placed), _NOT_FOUND),
        Unmatched("predicted, not annotated", len(placed - known), _EXCLUDED),
        Unmatched("annotated, on a hand without a scale", len(known - found.keys()), _EXCLUDED),
    ]
    criterion = f"within {100 * tolerance:g} % of the hand's median proximal phalanx length"
    return _Reference("annotated", criterion, known, found, partners), errors


def _adjudicated(predicted: Predictions, path: Path) -> _Reference:
    """Joints that a reader adjudicated."""
    found = read_adjudication(path)
    rows = predicted.by_joint({key.image for key in found})
    placed = _placed(rows)
    wrong = [key for key, correct in found.items() if correct and key not in placed]
    if wrong:
        first = wrong[0]
        message = (
            f"{path}: {len(wrong)} joints are adjudicated correct that {predicted.path} does not "
            f"place, the first is {first.finding} of {first.hand} {first.joint} of {first.image}; "
            "give the predictions that were adjudicated"
        )
        raise DocumentError(message)
    partners = [
        Unmatched("adjudicated, not predicted", len(found.keys() - placed), _NOT_FOUND),
        Unmatched("predicted, not adjudicated", len(placed - found.keys()), _EXCLUDED),
    ]
    return _Reference("adjudicated", "as a reader adjudicated", found.keys(), found, partners)


def _labelled(path: Path, reference: _Reference) -> tuple[Mapping[JointKey, bool], list[Unmatched]]:
    """Which joints of a reference are damaged."""
    labels = read_labels(path)
    damaged = index_damage(path, labels.joints, {key.image for key in reference.known})
    word = reference.word
    partners = [
        Unmatched("in the labels, with neither grade nor label", len(labels.unlabelled), _EXCLUDED),
        Unmatched("in the labels, not assessable", len(labels.not_assessable), _EXCLUDED),
        Unmatched(f"labelled, not {word}", len(damaged.keys() - reference.known), _EXCLUDED),
        Unmatched(
            f"{word}, not labelled",
            len(reference.found.keys() - damaged.keys()),
            "count in the total only",
        ),
    ]
    return damaged, partners


def _placed(rows: Mapping[JointKey, JointRow]) -> set[JointKey]:
    """Where a joint was detected."""
    return {key for key, row in rows.items() if row.x is not None}
