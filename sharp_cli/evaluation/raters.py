"""What models and human readers say of joints, read from CSV files."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.inputs import FALLBACKS
from sharp_cli.core.joints import GRADES, SIDES, TARGET_OF
from sharp_cli.core.records import Label
from sharp_cli.datasets.joint_keys import JointKey, match_image
from sharp_cli.datasets.labels import NOT_ASSESSABLE
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_header, read_table
from sharp_cli.results.formats import from_csv

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

_OUT_OF_FOLD: Final = ("model", "image", "hand", "finding", "joint", "probability", "label")
_GRADED: Final = ("predicted_grade", "expected_grade")
"""What models that grade say further, out of fold; `grade` is there the labels'."""

_READERS: Final = ("reader", "image", "hand", "finding", "joint")
_LABELS: Final[tuple[Label, ...]] = get_args(Label)
_GRADE_LABELS: Final[Mapping[tuple[str, float], Label]] = {
    (finding, grade): "non-intact" if grade else "intact"
    for finding, grades in GRADES.items()
    for grade in grades
}


class Call(NamedTuple):
    """What is said of a joint.

    Attributes:
        probability: Of damage, 0…1; a reader's is 0 or 1.
        damaged: Whether it is called non-intact.
        grade: The SHS grade, if one is given.
        expected: The mean of a model's grades, weighted by their probabilities, if it is given.
    """

    probability: float
    damaged: bool
    grade: int | None = None
    expected: float | None = None


@dataclass(frozen=True, slots=True)
class Rater:
    """A model or a human reader.

    Attributes:
        name: Heads its column.
        reader: Whether it is a human reader.
        calls: What it says, by joint.
        not_assessable: How many joints a reader says cannot be assessed; they have no call.
    """

    name: str
    reader: bool
    calls: Mapping[JointKey, Call]
    not_assessable: int = 0


class _Row(NamedTuple):
    """A row of a file, unchecked."""

    where: str
    rater: str
    image: str
    hand: str
    finding: str
    joint: str
    probability: float
    label: str
    grade: float = math.nan
    expected: float = math.nan


def read_models(paths: Iterable[Path], images: Container[str]) -> list[Rater]:
    """Read predictions: CSV of `sharp score`, or out-of-fold ones of `sharp train classifier`.

    A file of `sharp score` is one model's, by the name of the model that was asked for, whichever
    stood in for it where an input was missing. The files' stems distinguish models of one name
    from several files.

    Args:
        paths: The files.
        images: The labelled pictures; a file is the one that is the longest end of its path.

    Raises:
        DocumentError: A file is neither, listing every bad row, or holds no probabilities.
    """
    found = [
        (path, rater)
        for path in paths
        for rater in _collect(
            path, (_score_rows if "file" in read_header(path) else _fold_rows)(path), images
        )
    ]
    times = Counter(rater.name for _, rater in found)
    return [
        rater if times[rater.name] == 1 else replace(rater, name=f"{path.stem} {rater.name}")
        for path, rater in found
    ]


def read_readers(paths: Iterable[Path], images: Container[str]) -> list[Rater]:
    """Read calls of human readers: `reader,image,hand,finding,joint` and `label`, `grade` or both.

    A joint that a reader did not score, or called not assessable, has no call.

    Args:
        paths: The files.
        images: As for `read_models`.

    Raises:
        DocumentError: Listing every bad row.
    """
    return [
        replace(rater, reader=True)
        for path in paths
        for rater in _collect(path, _reader_rows(path), images)
    ]


def _score_rows(path: Path) -> Iterator[_Row]:
    joints = from_csv(path.read_bytes(), str(path))
    models = Counter(joint.model for joint in joints if joint.model is not None)
    stand_ins = {FALLBACKS.get(model) for model in models}
    name = next((model for model, _ in models.most_common() if model not in stand_ins), None)
    if name is None:
        message = f"{path}: no joint in it is classified; give what sharp score writes"
        raise DocumentError(message)
    for count, joint in enumerate(joints, start=1):
        if joint.probability is not None and joint.label is not None:
            where = (joint.file, joint.hand, joint.finding, joint.joint)
            given = (joint.grade, joint.expected_grade)
            grades = (math.nan if value is None else float(value) for value in given)
            yield _Row(f"joint {count}", name, *where, joint.probability, joint.label, *grades)


def _fold_rows(path: Path) -> Iterator[_Row]:
    graded = [column for column in _GRADED if column in read_header(path)]
    for line, row in read_table(path, (*_OUT_OF_FOLD, *graded)):
        model, image, hand, finding, joint, probability, label, *_ = row.values()
        grades = (parse_number(row.get(column)) for column in _GRADED)
        where = (image, hand, finding, joint)
        yield _Row(f"line {line}", model, *where, parse_number(probability), label, *grades)


def _reader_rows(path: Path) -> Iterator[_Row]:
    header = read_header(path)
    said = [name for name in ("grade", "label") if name in header] or ["label"]
    for line, row in read_table(path, (*_READERS, *said)):
        text, label, grade = row.get("grade", "").strip(), row.get("label", ""), math.nan
        if text.casefold() == NOT_ASSESSABLE:
            label = NOT_ASSESSABLE
        elif text:
            grade = parse_number(text)
            label = _GRADE_LABELS.get((row["finding"], grade), f"grade {text}")
        if label:
            where = (row["reader"], row["image"], row["hand"], row["finding"], row["joint"])
            yield _Row(f"line {line}", *where, float(label == "non-intact"), label, grade)


def _collect(path: Path, rows: Iterable[_Row], images: Container[str]) -> list[Rater]:
    """The raters and their calls, every row checked."""
    raters: dict[str, dict[JointKey, Call | None]] = {}
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for row in rows:
        wrong = _mistake(row)
        if wrong is None:
            if row.image not in names:
                name = match_image(row.image, images)
                # Without labels it keeps its whole name: it may not be the only one so called.
                names[row.image] = name if name in images else row.image
            key = JointKey(names[row.image], row.hand, row.finding, row.joint)
            calls = raters.setdefault(row.rater, {})
            if key in calls:
                wrong = f"{row.finding} of {row.joint} of {row.image} stands twice"
            calls[key] = None if row.label == NOT_ASSESSABLE else _call(row)
        if wrong is not None:
            problems.append(Problem(row.where, wrong))
    raise_problems(path, problems)
    return [
        Rater(
            name,
            reader=False,
            calls={key: call for key, call in calls.items() if call is not None},
            not_assessable=sum(call is None for call in calls.values()),
        )
        for name, calls in raters.items()
    ]


def _call(row: _Row) -> Call:
    """The call of a row that has no mistake."""
    return Call(
        row.probability,
        row.label == "non-intact",
        None if math.isnan(row.grade) else int(row.grade),
        None if math.isnan(row.expected) else row.expected,
    )


def _mistake(row: _Row) -> str | None:
    """What is wrong with a row by itself."""
    if not row.rater or not row.image:
        return "does not say whose call of which image it is"
    if row.hand not in SIDES:
        return f"hand {row.hand!r} is neither left nor right"
    if (row.finding, row.joint) not in TARGET_OF:
        return f"{row.joint!r} is no joint that is scored for {row.finding!r}"
    return None if row.label == NOT_ASSESSABLE else _call_mistake(row)


def _call_mistake(row: _Row) -> str | None:
    """What is wrong with what a row says of a joint that is scored."""
    if row.label not in _LABELS:
        return f"{row.label!r} is neither intact nor non-intact"
    if not 0 <= row.probability <= 1:
        return "the probability is not a number from 0 to 1"
    grades = GRADES[TARGET_OF[row.finding, row.joint].finding]
    if not math.isnan(row.grade) and row.grade not in grades:
        return f"grade {row.grade:g} is none of {row.finding}'s, 0 to {grades[-1]}"
    if not math.isnan(row.expected) and not 0 <= row.expected <= grades[-1]:
        return f"expected grade {row.expected:g} is not between 0 and {grades[-1]}"
    return None
