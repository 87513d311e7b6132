"""The readers' scores that classifiers learn from: a table with one row a joint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from sharp_cli.core.joints import FINDINGS, GRADES, SIDES, TARGET_OF
from sharp_cli.core.records import Label
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side

REQUIRED: Final = ("patient", "study", "hand", "finding", "joint")
"""Columns that must be there."""

OPTIONAL: Final = ("image", "grade", "label", "x", "y", "patch")
"""Columns that may be there, and whose cells may be empty."""

_LABELS: Final[tuple[Label, ...]] = get_args(Label)

_EMPTY: Final = ("", "nan", "na")
"""What stands for a value that is not there, in upper or lower case."""


@dataclass(frozen=True, slots=True)
class LabelledJoint:
    """One joint of one study, as readers scored it for one finding.

    Attributes:
        line: Of the table, counting from 1, the header's.
        patient: A pseudonym; all that is one patient's stays together.
        study: A name, unique within the patient.
        image: Radiograph that shows the joint, relative to the folder of the images; empty if
            there is only a patch.
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        joint: Name of the joint.
        grade: SHS grade, 0…5 for erosion and 0…4 for JSN; None where only the label is given.
        damaged: Whether it is non-intact, which is grade 1 or more.
        place: (x, y) in the image's own pixels, or None.
        patch: File of the joint's ready-cut patch, relative to the folder of the images, or None.
    """

    line: int
    patient: str
    study: str
    image: str
    side: Side
    finding: Finding
    joint: str
    grade: int | None
    damaged: bool
    place: tuple[float, float] | None
    patch: str | None

    @property
    def joint_group(self) -> tuple[Finding, str]:
        """Finding and joint group: which of `joints.JOINT_GROUPS` classifies it."""
        return self.finding, TARGET_OF[self.finding, self.joint].group

    @property
    def file(self) -> str:
        """What shows it to a classifier: its patch if there is one, else its image."""
        return self.patch or self.image


@dataclass(frozen=True, slots=True)
class Labels:
    """What a table of labels holds.

    Attributes:
        joints: The labelled joints, in the order of the rows.
        unlabelled: Lines of the rows that have neither grade nor label.
    """

    joints: Sequence[LabelledJoint]
    unlabelled: Sequence[int]


def read_labels(path: Path) -> Labels:
    """Read the labels of joints from a CSV file, one row a joint.

    Its columns are `REQUIRED` and any of `OPTIONAL`. A row needs an `image` or a `patch`, and may
    have `x` and `y`. It has a `grade`, or a `label` (intact or non-intact), or both if they agree;
    with neither, the joint was not scored.

    Raises:
        DocumentError: Listing every bad row.
    """
    joints: list[LabelledJoint] = []
    unlabelled: list[int] = []
    problems: list[Problem] = []
    for line, row in _rows(path):
        wrong = [Problem(f"line {line}", what) for what in _mistakes(row)]
        problems += wrong
        if wrong:
            continue
        if row["grade"] or row["label"]:
            joints.append(_joint(line, row))
        else:
            unlabelled.append(line)
    raise_problems(path, problems)
    return Labels(joints, unlabelled)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows with their lines; all columns are there, what is not given is empty."""
    header = read_header(path)
    given = [name for name in OPTIONAL if name in header]
    for line, found in read_table(path, (*REQUIRED, *given)):
        row = dict.fromkeys(OPTIONAL, "")
        for name, cell in found.items():
            text = cell.strip()
            row[name] = "" if name in OPTIONAL and text.casefold() in _EMPTY else text
        yield line, row


def _mistakes(row: Mapping[str, str]) -> Iterator[str]:
    """All that is wrong with a row."""
    for name in ("patient", "study"):
        if not row[name]:
            yield f"no {name}"
    if not row["image"] and not row["patch"]:
        yield "no image and no patch"
    if row["hand"] not in SIDES:
        yield f"hand {row['hand']!r} is neither left nor right"
    if row["finding"] not in FINDINGS:
        yield f"finding {row['finding']!r} is neither erosion nor jsn"
    elif (row["finding"], row["joint"]) not in TARGET_OF:
        yield f"{row['joint']!r} is no joint that is scored for {row['finding']}"
    else:
        yield from _score_mistakes(row)
    if (row["x"] or row["y"]) and math.isnan(parse_number(row["x"]) + parse_number(row["y"])):
        yield "x and y are not a pair of numbers"


def _score_mistakes(row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the grade and label of a known joint."""
    grades = GRADES[TARGET_OF[row["finding"], row["joint"]].finding]
    grade, label = parse_number(row["grade"]), row["label"]
    if row["grade"] and grade not in grades:
        yield f"grade {row['grade']!r} is none of {row['finding']}'s, 0 to {grades[-1]}"
    elif label and label not in _LABELS:
        yield f"label {label!r} is neither intact nor non-intact"
    elif row["grade"] and label and (grade > 0) != (label == "non-intact"):
        yield f"grade {row['grade']} and label {label} contradict each other"


def _joint(line: int, row: Mapping[str, str]) -> LabelledJoint:
    """The joint of a row that has no mistake and a score."""
    target = TARGET_OF[row["finding"], row["joint"]]
    grade = int(parse_number(row["grade"])) if row["grade"] else None
    return LabelledJoint(
        line=line,
        patient=row["patient"],
        study=row["study"],
        image=row["image"],
        side=next(side for side in SIDES if side == row["hand"]),
        finding=target.finding,
        joint=target.joint,
        grade=grade,
        damaged=row["label"] == "non-intact" if grade is None else grade > 0,
        place=(parse_number(row["x"]), parse_number(row["y"])) if row["x"] else None,
        patch=row["patch"] or None,
    )
