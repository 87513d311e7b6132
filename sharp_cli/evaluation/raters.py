"""What models and human readers say of joints, read from CSV files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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
_READERS: Final = ("reader", "image", "hand", "finding", "joint")
_LABELS: Final[tuple[Label, ...]] = get_args(Label)
_GRADE_LABELS: Final[Mapping[tuple[str, float], Label]] = {
    (finding, grade): "non-intact" if grade else "intact"
    for finding, grades in GRADES.items()
    for grade in grades
}


class Call(NamedTuple):
    """What is said of a joint: how probable damage is, 0…1 (a reader: 0 or 1), and the call."""

    probability: float
    damaged: bool


@dataclass(frozen=True, slots=True)
class Rater:
    """A model or a human reader.

    Attributes:
        name: Heads its column.
        reader: Whether it is a human reader.
        calls: What it says, by joint.
    """

    name: str
    reader: bool
    calls: Mapping[JointKey, Call]


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
        (path, model, calls)
        for path in paths
        for model, calls in _collect(
            path, (_score_rows if "file" in read_header(path) else _fold_rows)(path), images
        ).items()
    ]
    times = Counter(model for _, model, _ in found)
    return [
        Rater(model if times[model] == 1 else f"{path.stem} {model}", reader=False, calls=calls)
        for path, model, calls in found
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
        Rater(name, reader=True, calls=calls)
        for path in paths
        for name, calls in _collect(path, _reader_rows(path), images).items()
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
            yield _Row(f"joint {count}", name, *where, joint.probability, joint.label)


def _fold_rows(path: Path) -> Iterator[_Row]:
    for line, row in read_table(path, _OUT_OF_FOLD):
        model, image, hand, finding, joint, probability, label = row.values()
        yield _Row(
            f"line {line}", model, image, hand, finding, joint, parse_number(probability), label
        )


def _reader_rows(path: Path) -> Iterator[_Row]:
    header = read_header(path)
    said = [name for name in ("grade", "label") if name in header] or ["label"]
    for line, row in read_table(path, (*_READERS, *said)):
        grade, label = row.get("grade", "").strip(), row.get("label", "")
        if grade.casefold() == NOT_ASSESSABLE or not (grade or label):
            continue
        if grade:
            label = _GRADE_LABELS.get((row["finding"], parse_number(grade)), f"grade {grade}")
        where = (row["reader"], row["image"], row["hand"], row["finding"], row["joint"])
        yield _Row(f"line {line}", *where, float(label == "non-intact"), label)


def _collect(
    path: Path, rows: Iterable[_Row], images: Container[str]
) -> dict[str, dict[JointKey, Call]]:
    """The calls by rater and joint, every row checked."""
    raters: dict[str, dict[JointKey, Call]] = {}
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
            calls[key] = Call(row.probability, row.label == "non-intact")
        if wrong is not None:
            problems.append(Problem(row.where, wrong))
    raise_problems(path, problems)
    return raters


def _mistake(row: _Row) -> str | None:
    """What is wrong with a row by itself."""
    if not row.rater or not row.image:
        return "does not say whose call of which image it is"
    if row.hand not in SIDES:
        return f"hand {row.hand!r} is neither left nor right"
    if (row.finding, row.joint) not in TARGET_OF:
        return f"{row.joint!r} is no joint that is scored for {row.finding!r}"
    if row.label not in _LABELS:
        return f"{row.label!r} is neither intact nor non-intact"
    if not 0 <= row.probability <= 1:
        return "the probability is not a number from 0 to 1"
    return None
