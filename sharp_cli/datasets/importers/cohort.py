"""What is read of a dataset, and the tables that are made of it."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import GRADES
from sharp_cli.datasets.annotations.csv_file import write_annotations
from sharp_cli.datasets.patient_folds import write_folds
from sharp_cli.fileio.tables import Problem, raise_problems, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.annotations.hands import AnnotatedHand

LABELS_FILE: Final = "labels.csv"
JOINTS_FILE: Final = "joints.csv"
READERS_FILE: Final = "readers.csv"
FOLDS_FILE: Final = "folds.csv"
MANIFEST_FILE: Final = "manifest.csv"

LABELS: Final = ("patient", "study", "image", "hand", "finding", "joint", "grade", "patch")
READERS: Final = ("reader", "image", "hand", "finding", "joint", "grade")
MANIFEST: Final = ("study", "patient", "hand", "path")

FOLDS: Final[Mapping[str, int]] = {"train": 3, "val": 2, "test": 1}
"""Folds of the three parts of an official split. Of three folds, the first is tested by networks
that the second validates and the third trains:
`sharp_cli.datasets.patient_folds.roles`."""


class Score(NamedTuple):
    """A grade of one joint.

    Attributes:
        where: Where in the dataset it stands, for messages.
        patient: A pseudonym.
        study: A name, unique in the dataset.
        image: Radiograph, relative to the dataset's folder; empty if there is none.
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        joint: Name of the joint, of `joints.TARGETS`.
        grade: SHS grade.
        patch: Ready-cut patch, relative to the dataset's folder; empty if there is none.
    """

    where: str
    patient: str
    study: str
    image: str
    side: Side
    finding: Finding
    joint: str
    grade: int
    patch: str = ""


class Reading(NamedTuple):
    """A grade that one of several readers gives a joint; see `Score`."""

    reader: str
    image: str
    side: Side
    finding: Finding
    joint: str
    grade: int


@dataclass(slots=True)
class Cohort:
    """What a dataset holds, filled while it is read.

    Attributes:
        both_hands: Whether its radiographs show both hands.
        scores: The grades that the labels are made of.
        hands: Positions of joints.
        readings: Grades of several readers.
        parts: Of each patient, in which parts of the official split it is: keys of `FOLDS`.
        remarks: What was not understood, or is not taken as it stands there.
    """

    both_hands: bool = False
    scores: list[Score] = field(default_factory=list)
    hands: list[AnnotatedHand] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    parts: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    remarks: list[Problem] = field(default_factory=list)

    def remark(self, where: str, what: str) -> None:
        """Note what was not understood."""
        self.remarks.append(Problem(where, what))

    def grade(self, where: str, finding: Finding, given: object) -> int | None:
        """The SHS grade that a number stands for, or None and a remark."""
        grades = GRADES[finding]
        # A flag would count as 0 or 1.
        if isinstance(given, int | float) and not isinstance(given, bool) and given in grades:
            return int(given)
        what = "null" if given is None else repr(given)[:40]
        self.remark(where, f"score {what} is no grade of {finding}, 0 to {grades[-1]}; excluded")
        return None


def write_tables(cohort: Cohort, source: Path, out: Path) -> Sequence[str]:
    """Write the tables of a dataset.

    labels.csv comes last, and always; the others where the dataset has what they hold. Paths are
    relative to the dataset's folder, but those of the manifest, which are relative to itself.

    Args:
        cohort: What was read; what is found here is added to its remarks, and grades that stand
            there again are taken off its scores.
        source: The dataset's folder.
        out: Where to.

    Returns:
        The names of the files.

    Raises:
        UsageError: The folder has labels already.
        DocumentError: There is no score, listing why.
        OutputError: Something cannot be written.
    """
    if (out / LABELS_FILE).exists():
        message = f"{out / LABELS_FILE}: is there already; choose a new folder"
        raise UsageError(message)
    _take_first(cohort)
    if not cohort.scores:
        raise_problems(source, [Problem("all of it", "no score could be used"), *cohort.remarks])
    files = []
    if cohort.hands:
        write_annotations(out / JOINTS_FILE, cohort.hands)
        files.append(JOINTS_FILE)
    if cohort.readings:
        write_table(out / READERS_FILE, READERS, cohort.readings)
        files.append(READERS_FILE)
    if folds := _folds(cohort):
        write_folds(out / FOLDS_FILE, folds)
        files.append(FOLDS_FILE)
    if rows := _manifest_rows(cohort, source, out):
        write_table(out / MANIFEST_FILE, MANIFEST, rows)
        files.append(MANIFEST_FILE)
    write_table(out / LABELS_FILE, LABELS, [score[1:] for score in cohort.scores])
    return [*files, LABELS_FILE]


def _take_first(cohort: Cohort) -> None:
    """Exclude grades of joints that have one already."""
    first: dict[tuple[str, ...], Score] = {}
    for score in cohort.scores:
        kept = first.setdefault((score.study, score.side, score.finding, score.joint), score)
        if kept is not score:
            cohort.remark(score.where, f"was scored before ({kept.where}); the first is taken")
    cohort.scores = list(first.values())


def _folds(cohort: Cohort) -> dict[str, int]:
    """Fold of each scored patient; empty if there is no official split of three parts."""
    if not cohort.parts:
        return {}
    folds = {}
    complete = True
    for patient in sorted({score.patient for score in cohort.scores}):
        parts = [part for part in FOLDS if part in cohort.parts.get(patient, ())]
        if not parts:
            cohort.remark(f"patient {patient}", f"is in no part of the split; no {FOLDS_FILE}")
            complete = False
            continue
        if len(parts) > 1:
            what = f"is in {' and '.join(parts)}; all of it is counted as {parts[0]}"
            cohort.remark(f"patient {patient}", what)
        folds[patient] = FOLDS[parts[0]]
    for part, fold in FOLDS.items():
        if fold not in folds.values():
            cohort.remark(part, f"this part of the split has no patient; no {FOLDS_FILE}")
            complete = False
    return folds if complete else {}


def _manifest_rows(cohort: Cohort, source: Path, out: Path) -> list[tuple[str, ...]]:
    """Rows of the manifest."""
    rows = {
        (score.study, score.patient, "" if cohort.both_hands else score.side, score.image): None
        for score in cohort.scores
        if score.image
    }
    # Where a link leads matters: `..` after it is the folder above that place.
    source, out = source.resolve(), out.resolve()
    return [(*row, os.path.relpath(source / image, out)) for *row, image in rows]
