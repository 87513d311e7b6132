"""Folds of labelled joints for cross-validation, all that is one patient's in one fold."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import HEADS
from sharp_cli.datasets.tables import Problem, number, read_table, refuse
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint

COLUMNS: Final = ("patient", "fold")

_FEWEST: Final = 3
"""One fold to train on, one to validate with and one to measure on."""

_ROUNDING: Final = 1e-9
"""Sums of shares that differ by less are equal."""


class Roles(NamedTuple):
    """Which patients a cross-validation uses for what in one fold."""

    training: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]


def assign(joints: Sequence[LabelledJoint], count: int, *, seed: int) -> dict[str, int]:
    """Deal patients into folds that are alike.

    Folds differ by one patient at most, and hold of each head's intact joints about the same
    share, and of its non-intact ones. On made-up cohorts like the paper's, scikit-learn's
    `StratifiedGroupKFold` left shares more uneven and four to six patients in a fold.

    Args:
        joints: The labelled joints.
        count: How many folds.
        seed: What the dealing follows from.

    Returns:
        Fold of each patient, from 1 to `count`.

    Raises:
        UsageError: There are fewer than three folds, or fewer patients than folds.
    """
    patients = sorted({joint.patient for joint in joints})
    _demand(count)
    if len(patients) < count:
        message = (
            f"{len(patients)} patients are too few for {count} folds; "
            "label more patients or ask for fewer folds"
        )
        raise UsageError(message)
    rng = np.random.default_rng(seed)
    folds = _evened(_shares(joints, patients), rng.permutation(np.arange(len(patients)) % count))
    return dict(zip(patients, (folds + 1).tolist(), strict=True))


def read_folds(path: Path, patients: Collection[str], count: int) -> dict[str, int]:
    """Read the fold of each of the `patients` from a CSV file with the columns `patient,fold`.

    Raises:
        DocumentError: Listing all that is wrong: patients without a fold or in two of them, folds
            that are not from 1 to `count` or have none of the patients.
        UsageError: There are fewer than three folds.
    """
    _demand(count)
    folds: dict[str, int] = {}
    problems: list[Problem] = []
    for line, row in read_table(path, COLUMNS):
        patient, fold = row["patient"].strip(), number(row["fold"])
        if not patient:
            problems.append(Problem(f"line {line}", "no patient"))
        elif fold not in range(1, count + 1):
            what = f"fold {row['fold']!r} is none of 1 to {count}"
            problems.append(Problem(f"line {line}", what))
        elif folds.setdefault(patient, int(fold)) != fold:
            what = f"patient {patient} is in fold {folds[patient]} already"
            problems.append(Problem(f"line {line}", what))
    dealt = {patient: folds[patient] for patient in sorted(patients) if patient in folds}
    lost = sorted({*patients} - {*folds})
    empty = sorted({*range(1, count + 1)} - {*dealt.values()})
    problems += [Problem(f"patient {patient}", "is in no fold") for patient in lost]
    problems += [Problem(f"fold {fold}", "has no labelled patient") for fold in empty]
    refuse(path, problems)
    return dealt


def write_folds(path: Path, folds: Mapping[str, int]) -> None:
    """Write the fold of each patient as `read_folds` reads it.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(folds.items())
    output.write(path, text.getvalue().encode())


def roles(folds: Mapping[str, int], number: int, count: int) -> Roles:
    """Who is tested, who validates and who is trained on in fold `number` of `count`.

    The fold itself is the test, the next one, after the last the first, validates, and the others
    train: 6, 1 and 1 of the paper's eight (Miyama et al. 2022, Methods).
    """
    validating = number % count + 1
    return Roles(
        frozenset(name for name, fold in folds.items() if fold not in (number, validating)),
        frozenset(name for name, fold in folds.items() if fold == validating),
        frozenset(name for name, fold in folds.items() if fold == number),
    )


def _demand(count: int) -> None:
    if count < _FEWEST:
        message = (
            f"{count} folds are too few to train, validate and test; ask for {_FEWEST} or more"
        )
        raise UsageError(message)


def _shares(joints: Sequence[LabelledJoint], patients: Sequence[str]) -> NDArray[np.float64]:
    """Each patient's share of the joints of a head and label; shape (patients, 2 × heads)."""
    counts = np.zeros((len(patients), len(HEADS), 2))
    rows = {patient: row for row, patient in enumerate(patients)}
    for joint in joints:
        counts[rows[joint.patient], HEADS.index(joint.head), int(joint.damaged)] += 1
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=0), 1)
    return shares.reshape(len(patients), -1)


def _evened(shares: NDArray[np.float64], dealt: NDArray[np.int64]) -> NDArray[np.int64]:
    """Let pairs of patients change places while it lessens the sum of squares of folds' shares.

    That sum is least where every fold has the same share of everything. Each patient in turn
    changes with the one with whom it lessens most.

    Args:
        shares: Of each patient, shape (patients, classes).
        dealt: Fold of each patient to begin with, from 0; shape (patients,).

    Returns:
        Fold of each patient, shape (patients,).
    """
    folds = dealt.copy()
    sums = np.array([shares[folds == fold].sum(axis=0) for fold in range(folds.max() + 1)])
    changed = True
    while changed:
        changed = False
        for one, own in enumerate(shares):
            brought = shares - own
            # Half of what the sum of squares grows by; never less than 0 within a fold.
            growth = (brought * (sums[folds[one]] - sums[folds] + brought)).sum(axis=1)
            other = growth.argmin()
            if growth[other] < -_ROUNDING:
                sums[folds[one]] += brought[other]
                sums[folds[other]] -= brought[other]
                folds[[one, other]] = folds[[other, one]]
                changed = True
    return folds
