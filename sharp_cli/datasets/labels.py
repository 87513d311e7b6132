"""The readers' scores that classifiers learn from: a table with a row a joint or set of joints."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias, get_args

from sharp_cli.core.joints import FINDINGS, GRADES, SET_JOINTS, SIDES, TARGET_OF
from sharp_cli.core.records import Label
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side

REQUIRED: Final = ("patient", "study", "hand", "finding", "joint")
"""Columns that must be there."""

OPTIONAL: Final = ("image", "grade", "label", "x", "y", "patch")
"""Columns that may be there, and whose cells may be empty."""

NOT_ASSESSABLE: Final = "x"
"""The grade of a joint that readers could not score: operated on, fused, amputated or covered."""

_LABELS: Final[tuple[Label, ...]] = get_args(Label)

NAME_PATIENTS: Final = (
    "for training and evaluation give each a pseudonym, in the column patient or in the report "
    "page's field Patient"
)
"""What to do where a row has no patient: all of one patient is to stay together."""

_EMPTY: Final = ("", "nan", "na")
"""What stands for a value that is not there, in upper or lower case."""


Identity: TypeAlias = "tuple[str, str, Side, Finding, str]"
"""Patient, study, hand, finding, and name of a joint or of a set of joints."""


@dataclass(frozen=True, slots=True)
class ShownJoint:
    """One joint of one study, what shows it, and for which finding it is scored.

    Attributes:
        line: Of the table, counting from 1, the header's.
        patient: A pseudonym; all that is one patient's stays together.
        study: A name, unique within the patient.
        image: Radiograph that shows the joint, relative to the folder of the images; empty if
            there is only a patch.
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        joint: Name of the joint.
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
    place: tuple[float, float] | None
    patch: str | None

    @property
    def identity(self) -> Identity:
        """Which joint it is, wherever it is shown."""
        return self.patient, self.study, self.side, self.finding, self.joint

    @property
    def joint_group(self) -> tuple[Finding, str]:
        """Finding and joint group: which of `joints.JOINT_GROUPS` classifies it."""
        return self.finding, TARGET_OF[self.finding, self.joint].group

    @property
    def file(self) -> str:
        """What shows it to a classifier: its patch if there is one, else its image."""
        return self.patch or self.image


@dataclass(frozen=True, slots=True)
class LabelledJoint(ShownJoint):
    """One joint of one study, as readers scored it for one finding.

    Attributes:
        grade: SHS grade, 0…5 for erosion and 0…4 for JSN; None where only the label is given.
        damaged: Whether it is non-intact, which is grade 1 or more.
    """

    grade: int | None
    damaged: bool


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Some joints of one hand, of which readers said whether any is non-intact.

    Attributes:
        line: Of the table, counting from 1, the header's.
        patient: A pseudonym.
        study: A name, unique within the patient.
        image: Radiograph that shows the joints, relative to the folder of the images.
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        name: Of the set, see `joints.SET_JOINTS`.
        damaged: Whether at least one joint is non-intact; else all are intact.
    """

    line: int
    patient: str
    study: str
    image: str
    side: Side
    finding: Finding
    name: str
    damaged: bool

    @property
    def identity(self) -> Identity:
        """Which set it is, wherever it is shown."""
        return self.patient, self.study, self.side, self.finding, self.name

    @property
    def joints(self) -> tuple[ShownJoint, ...]:
        """Its joints."""
        return tuple(
            ShownJoint(
                line=self.line,
                patient=self.patient,
                study=self.study,
                image=self.image,
                side=self.side,
                finding=self.finding,
                joint=joint,
                place=None,
                patch=None,
            )
            for joint in SET_JOINTS[self.finding, self.name]
        )


@dataclass(frozen=True, slots=True)
class Labels:
    """What a table of labels holds.

    Attributes:
        joints: The labelled joints, in the order of the rows; then those that are intact because
            their set is, as far as no row calls them intact.
        sets: The labelled sets of joints, in the order of the rows.
        unlabelled: Lines of the rows that have neither grade nor label.
        not_assessable: The joints whose grade is `NOT_ASSESSABLE`, in the order of the rows.
    """

    joints: Sequence[LabelledJoint]
    sets: Sequence[LabelledSet]
    unlabelled: Sequence[int]
    not_assessable: Sequence[ShownJoint] = ()


def read_labels(path: Path, *, patients: bool = True) -> Labels:
    """Read labels from a CSV file, a row for each joint or set of joints.

    Its columns are `REQUIRED` and any of `OPTIONAL`. The row of a joint needs an `image` or a
    `patch`, and may have `x` and `y`. It has a `grade`, or a `label` (intact or non-intact), or
    both if they agree; with neither, the joint was not scored, and with the grade `NOT_ASSESSABLE`
    it could not be. Where `joint` names one of
    `joints.SET_JOINTS`, the row needs an `image` and has nothing but a `label`: intact if all
    joints of the set are, non-intact if at least one is.

    Args:
        path: The file.
        patients: Whether each row needs a patient.

    Raises:
        DocumentError: Listing every bad row.
    """
    joints: list[LabelledJoint] = []
    sets: list[LabelledSet] = []
    unlabelled: list[int] = []
    not_assessable: list[ShownJoint] = []
    problems: list[Problem] = []
    for line, row in _rows(path):
        wrong = [Problem(f"line {line}", what) for what in _mistakes(row, patients=patients)]
        problems += wrong
        if wrong:
            continue
        if not row["grade"] and not row["label"]:
            unlabelled.append(line)
        elif (row["finding"], row["joint"]) in SET_JOINTS:
            sets.append(_set(line, row))
        elif _is_not_assessable(row):
            not_assessable.append(_shown(line, row))
        else:
            joints.append(_joint(line, row))
    raise_problems(path, problems)
    implied = _intact_by_set(joints, sets, {one.identity for one in not_assessable})
    return Labels([*joints, *implied], sets, unlabelled, not_assessable)


def labelled_by_set(
    joints: Iterable[LabelledJoint], sets: Iterable[LabelledSet]
) -> list[ShownJoint]:
    """The joints of sets that have no label of their own."""
    known = {one.identity for one in joints}
    return [joint for one in sets for joint in one.joints if joint.identity not in known]


def _intact_by_set(
    joints: Iterable[LabelledJoint],
    sets: Iterable[LabelledSet],
    not_assessable: Container[Identity],
) -> list[LabelledJoint]:
    """The joints of intact sets that no row calls intact or not assessable, each once."""
    intact = (one for one in joints if not one.damaged)
    implied = labelled_by_set(intact, (one for one in sets if not one.damaged))
    return [
        LabelledJoint(**_values(one), grade=None, damaged=False)
        for identity, one in {one.identity: one for one in implied}.items()
        if identity not in not_assessable
    ]


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


def _mistakes(row: Mapping[str, str], *, patients: bool) -> Iterator[str]:
    """All that is wrong with a row."""
    if patients and not row["patient"]:
        yield f"no patient: {NAME_PATIENTS}"
    if not row["study"]:
        yield "no study"
    if not row["image"] and not row["patch"]:
        yield "no image and no patch"
    if row["hand"] not in SIDES:
        yield f"hand {row['hand']!r} is neither left nor right"
    if row["finding"] not in FINDINGS:
        yield f"finding {row['finding']!r} is neither erosion nor jsn"
    elif (row["finding"], row["joint"]) in SET_JOINTS:
        yield from _set_mistakes(row)
    elif (row["finding"], row["joint"]) not in TARGET_OF:
        yield f"{row['joint']!r} is no joint that is scored for {row['finding']}"
    else:
        yield from _score_mistakes(row)
    if (row["x"] or row["y"]) and math.isnan(parse_number(row["x"]) + parse_number(row["y"])):
        yield "x and y are not a pair of numbers"


def _set_mistakes(row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the label of a known set of joints."""
    if any(row[name] for name in ("grade", "x", "y", "patch")):
        what = "is a set of joints, which has a label, but no grade, position or patch"
        yield f"{row['joint']} {what}"
    if row["label"] and row["label"] not in _LABELS:
        yield _no_label(row["label"])


def _score_mistakes(row: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the grade and label of a known joint."""
    grades = GRADES[TARGET_OF[row["finding"], row["joint"]].finding]
    grade, label = parse_number(row["grade"]), row["label"]
    if _is_not_assessable(row):
        if label:
            yield f"grade {row['grade']} (not assessable) and label {label} contradict each other"
    elif row["grade"] and grade not in grades:
        yield f"grade {row['grade']!r} is none of {row['finding']}'s, 0 to {grades[-1]} or x"
    elif label and label not in _LABELS:
        yield _no_label(label)
    elif row["grade"] and label and (grade > 0) != (label == "non-intact"):
        yield f"grade {row['grade']} and label {label} contradict each other"


def _no_label(word: str) -> str:
    return f"label {word!r} is neither intact nor non-intact"


def _set(line: int, row: Mapping[str, str]) -> LabelledSet:
    """The set of joints of a row that has no mistake and a label."""
    finding, name = next(key for key in SET_JOINTS if key == (row["finding"], row["joint"]))
    return LabelledSet(
        line=line,
        patient=row["patient"],
        study=row["study"],
        image=row["image"],
        side=next(side for side in SIDES if side == row["hand"]),
        finding=finding,
        name=name,
        damaged=row["label"] == "non-intact",
    )


def _is_not_assessable(row: Mapping[str, str]) -> bool:
    return row["grade"].casefold() == NOT_ASSESSABLE


def _shown(line: int, row: Mapping[str, str]) -> ShownJoint:
    """The joint of a row that has no mistake."""
    target = TARGET_OF[row["finding"], row["joint"]]
    return ShownJoint(
        line=line,
        patient=row["patient"],
        study=row["study"],
        image=row["image"],
        side=next(side for side in SIDES if side == row["hand"]),
        finding=target.finding,
        joint=target.joint,
        place=(parse_number(row["x"]), parse_number(row["y"])) if row["x"] else None,
        patch=row["patch"] or None,
    )


def _joint(line: int, row: Mapping[str, str]) -> LabelledJoint:
    """The joint of a row that has no mistake and a score."""
    grade = int(parse_number(row["grade"])) if row["grade"] else None
    return LabelledJoint(
        **_values(_shown(line, row)),
        grade=grade,
        damaged=row["label"] == "non-intact" if grade is None else grade > 0,
    )


def _values(joint: ShownJoint) -> dict[str, Any]:
    """The values of a joint by the names of its fields."""
    return {field.name: getattr(joint, field.name) for field in fields(ShownJoint)}
