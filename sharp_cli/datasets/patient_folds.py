"""Folds of labelled joints for cross-validation, all that is one patient's in one fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_table, write_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint, LabelledSet

COLUMNS: Final = ("patient", "fold")

_FEWEST: Final = 3
"""One fold to train on, one to validate with and one to measure on."""

_ROUNDING: Final = 1e-9
"""Sums of fractions that differ by less are equal."""


class Roles(NamedTuple):
    """Which patients a cross-validation uses for what in one fold."""

    training: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]


def assign_to_folds(
    joints: Sequence[LabelledJoint], sets: Sequence[LabelledSet], count: int, *, seed: int
) -> dict[str, int]:
    """Assign patients to folds that are alike.

    Folds differ by one patient at most, and each holds about the same fraction of a joint
    group's intact joints, and of its non-intact ones; likewise of sets of joints. On synthetic
    cohorts like the paper's, scikit-learn's `StratifiedGroupKFold` left these fractions more
    uneven and put four to six patients into a fold.

    Args:
        joints: The labelled joints.
        sets: The labelled sets of joints.
        count: How many folds.
        seed: Random seed.

    Returns:
        Fold of each patient, from 1 to `count`.

    Raises:
        UsageError: There are fewer than three folds, or fewer patients than folds.
    """
    patients = sorted({one.patient for one in joints} | {one.patient for one in sets})
    _demand(count)
    if len(patients) < count:
        message = (
            f"{len(patients)} patients are too few for {count} folds; "
            "label more patients or ask for fewer folds"
        )
        raise UsageError(message)
    rng = np.random.default_rng(seed)
    folds = _balance(
        _fractions(joints, sets, patients), rng.permutation(np.arange(len(patients)) % count)
    )
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
        patient, fold = row["patient"].strip(), parse_number(row["fold"])
        if not patient:
            problems.append(Problem(f"line {line}", "no patient"))
        elif fold not in range(1, count + 1):
            what = f"fold {row['fold']!r} is none of 1 to {count}"
            problems.append(Problem(f"line {line}", what))
        elif folds.setdefault(patient, int(fold)) != fold:
            what = f"patient {patient} is in fold {folds[patient]} already"
            problems.append(Problem(f"line {line}", what))
    assigned = {patient: folds[patient] for patient in sorted(patients) if patient in folds}
    lost = sorted({*patients} - {*folds})
    empty = sorted({*range(1, count + 1)} - {*assigned.values()})
    problems += [Problem(f"patient {patient}", "is in no fold") for patient in lost]
    problems += [Problem(f"fold {fold}", "has no labelled patient") for fold in empty]
    raise_problems(path, problems)
    return assigned


def write_folds(path: Path, folds: Mapping[str, int]) -> None:
    """Write the fold of each patient as `read_folds` reads it.

    Raises:
        OutputError: It cannot be written.
    """
    write_table(path, COLUMNS, folds.items())


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


def _fractions(
    joints: Iterable[LabelledJoint], sets: Sequence[LabelledSet], patients: Sequence[str]
) -> NDArray[np.float64]:
    """Each patient's fraction of what has the same label.

    Returns:
        Of the joints of a group, and of the sets of a name; shape (patients, 2 × (groups + names)).
    """
    names = sorted({(one.finding, one.name) for one in sets})
    counts = np.zeros((len(patients), len(JOINT_GROUPS) + len(names), 2))
    rows = {patient: row for row, patient in enumerate(patients)}
    for joint in joints:
        counts[rows[joint.patient], JOINT_GROUPS.index(joint.joint_group), int(joint.damaged)] += 1
    for one in sets:
        column = len(JOINT_GROUPS) + names.index((one.finding, one.name))
        counts[rows[one.patient], column, int(one.damaged)] += 1
    fractions: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=0), 1)
    return fractions.reshape(len(patients), -1)


def _balance(fractions: NDArray[np.float64], folds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Swap pairs of patients as long as that lessens the sum of squares of the folds' fractions.

    That sum is least where every fold has the same fraction of everything. Each patient in turn
    is swapped with the one that lessens it most.

    Args:
        fractions: Of each patient, shape (patients, classes).
        folds: Fold of each patient to begin with, from 0; shape (patients,).

    Returns:
        Fold of each patient, shape (patients,).
    """
    folds = folds.copy()
    sums = np.array([fractions[folds == fold].sum(axis=0) for fold in range(folds.max() + 1)])
    changed = True
    while changed:
        changed = False
        for one, own in enumerate(fractions):
            brought = fractions - own
            # Half of what the sum of squares grows by; never less than 0 within a fold.
            growth = (brought * (sums[folds[one]] - sums[folds] + brought)).sum(axis=1)
            other = growth.argmin()
            if growth[other] < -_ROUNDING:
                sums[folds[one]] += brought[other]
                sums[folds[other]] -= brought[other]
                folds[[one, other]] = folds[[other, one]]
                changed = True
    return folds
