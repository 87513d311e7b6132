"""What a training of classifiers gives: predictions of held-out joints, by head and fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.inputs import MODELS
from sharp_cli.fileio.tables import write_table
from sharp_cli.inference.grading import grade

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.training.classifier.fit import Epoch
    from sharp_cli.training.classifier.input_sets import HeadName, InputSets

PREDICTION_COLUMNS: Final = (
    "model", "patient", "study", "image", "hand", "finding", "group", "joint", "grade", "truth",
    "fold", "probability", "label", "predicted_grade", "expected_grade", "grade_probabilities",
)  # fmt: skip
"""Of out-of-fold predictions: what `sharp evaluate classification` reads."""

DECIMALS: Final = 6
"""Of written probabilities."""


class Predictions(NamedTuple):
    """The predictions of a head for some labelled joints.

    Attributes:
        joints: Index in the cohort's list, shape (N,).
        probabilities: Of damage, shape (N,), rounded as they are written, so that files, labels and
            thresholds agree.
        truth: Whether the joints are damaged, shape (N,).
    """

    joints: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    truth: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> Predictions:
        """Those that are chosen, shape (N,)."""
        return Predictions(self.joints[chosen], self.probabilities[chosen], self.truth[chosen])


class SetParts(NamedTuple):
    """The predictions of a head for the joints of labelled sets.

    Attributes:
        sets: Index of the set in the cohort's list, shape (N,).
        probabilities: Of damage of a joint, shape (N,).
    """

    sets: NDArray[np.int64]
    probabilities: NDArray[np.float64]


class HeadResult(NamedTuple):
    """What one head of one fold achieved.

    Attributes:
        fold: Its number.
        head: The head.
        epochs: All that it was trained for.
        threshold: Chosen on its validation patients.
        validation: Its predictions for these.
        test: Its predictions for the fold's own patients.
        of_sets: Likewise for the joints of labelled sets.
        severity: As `validation` and `test`, of the head that grades: severities in place of
            probabilities; None where there is no such head.
    """

    fold: int
    head: HeadName
    epochs: Sequence[Epoch]
    threshold: float
    validation: Predictions
    test: Predictions
    of_sets: SetParts
    severity: tuple[Predictions, Predictions] | None = None


def predictions(inputs: InputSets, probabilities: NDArray[np.float32]) -> Predictions:
    """The predictions for the labelled joints of input sets, of probabilities of shape (U, K)."""
    known = np.isfinite(inputs.labels)
    rounded = probabilities[known].astype(np.float64).round(DECIMALS)
    return Predictions(inputs.joints[known], rounded, inputs.labels[known] > 0)


def set_parts(inputs: InputSets, probabilities: NDArray[np.float32]) -> SetParts:
    """The predictions for the joints of labelled sets, of probabilities of shape (U, K)."""
    known = inputs.sets >= 0
    return SetParts(inputs.sets[known], probabilities[known].astype(np.float64))


def by_head(results: Iterable[HeadResult]) -> Mapping[HeadName, list[HeadResult]]:
    """Results of all folds, by head."""
    found: dict[HeadName, list[HeadResult]] = {}
    for result in results:
        found.setdefault(result.head, []).append(result)
    return found


def write_predictions(
    path: Path,
    labelled: Sequence[LabelledJoint],
    results: Iterable[HeadResult],
    grades: Mapping[tuple[HeadName, int], NDArray[np.float64]],
) -> None:
    """Write the out-of-fold predictions, by model and in the order of the labels.

    Args:
        path: The table.
        labelled: The cohort's joints.
        results: What the folds achieved.
        grades: By head and joint the probabilities of a grade of at least 1, 2, ...; none where
            joints are not graded.

    Raises:
        OutputError: It cannot be written.
    """
    rows = []
    for result in results:
        for index, probability in zip(
            result.test.joints, result.test.probabilities.tolist(), strict=True
        ):
            one, called = labelled[index], probability >= result.threshold
            rows.append(
                (
                    (MODELS.index(result.head.model), int(index)),
                    (
                        result.head.model, one.patient, one.study, one.image or one.file, one.side,
                        one.finding, result.head.group, one.joint,
                        "" if one.grade is None else one.grade, label(damaged=one.damaged),
                        result.fold, probability, label(damaged=called),
                        *_grade_cells(grades.get((result.head, int(index))), damaged=called),
                    ),
                )
            )  # fmt: skip
    write_table(
        path, PREDICTION_COLUMNS, [row for _, row in sorted(rows, key=lambda pair: pair[0])]
    )


def _grade_cells(at_least: NDArray[np.float64] | None, *, damaged: bool) -> tuple[object, ...]:
    """Grade, expected grade, and the probabilities of the grades."""
    if at_least is None:
        return "", "", ""
    limits = np.array([1.0, *at_least.round(DECIMALS), 0.0])
    return (
        grade(at_least, damaged=damaged),
        round(float(at_least.sum()), DECIMALS),
        " ".join(f"{one:.{DECIMALS}f}" for one in limits[:-1] - limits[1:]),
    )


def label(*, damaged: bool) -> str:
    """The label as files have it."""
    return "non-intact" if damaged else "intact"
