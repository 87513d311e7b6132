"""ARISE-2025: radiographs with both hands, each joint scored by three experts.

A hackathon's (Automated Scoring in Rheumatoid Arthritis, Kaggle, 2025). Layout as in its baseline's
code (github.com/mtuciru/ARISE-2025). What joints of the wrist are called is not said there.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.core.joints import POINTS, TARGET_OF
from sharp_cli.datasets.importers.boxes import Box, add_hands
from sharp_cli.datasets.importers.cohort import Cohort, Reading, Score
from sharp_cli.datasets.importers.files import (
    ImageIndex,
    cell_value,
    is_empty,
    is_name,
    read_json,
    split_part,
)
from sharp_cli.fileio.tables import parse_number, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side

_SCORES: Final = "scores.csv"
_BOXES: Final = "bboxes.csv"
_SPLIT: Final = "train_val_split.json"

_JOINT: Final = ("patient_id", "hand", "joint", "finger")
_SCORE: Final = ("disease", "score", "expert_id")
_MIDDLE: Final = ("xcenter", "ycenter")

_SIDES: Final[Mapping[str, Side]] = {"left": "left", "l": "left", "right": "right", "r": "right"}
_DISEASES: Final[Mapping[str, Finding]] = {"jsn": "jsn", "erosion": "erosion"}

_FINGERS: Final = {
    **{str(finger): finger for finger in range(1, 6)},
    **{name: n for n, name in enumerate(("thumb", "index", "middle", "ring", "little"), start=1)},
    "pinky": 5,
}

_NOT_SCORED: Final = "dip"
"""Distal joints, which the Sharp/van der Heijde score excludes."""

_NAMES: Final[Mapping[str, str]] = {
    **{point.casefold(): point for point in POINTS},
    "pip1": "IP",
    "ip1": "IP",
    "trapezium": "multangular",
    "scaphoid": "navicular",
    "distal radius": "radius",
    "distal ulna": "ulna",
}
"""Points by what a joint and its finger may be called."""


class _Joint(NamedTuple):
    """A joint of a radiograph."""

    patient: str
    side: Side
    point: str


def read_cohort(folder: Path) -> Cohort:
    """Read ARISE-2025.

    The label of a joint is the median of its experts' grades, of two the higher.

    Args:
        folder: Has `scores.csv`; `bboxes.csv` and `train_val_split.json` if they are to be used.
            The radiographs, `<patient>.jpeg`, lie anywhere in it.

    Raises:
        DocumentError: A table cannot be read or lacks columns, or there are no scores.
    """
    cohort = Cohort(both_hands=True)
    grades = _grades(folder / _SCORES, cohort)
    boxes = list(_boxes(folder, cohort))
    names = [joint.patient for joint, _ in grades] + [box.image for box in boxes]
    images = ImageIndex(folder, cohort, names)
    for (joint, finding), experts in grades.items():
        image = images[joint.patient]
        if not image:
            continue
        said = sorted(grade for _, grade in experts.values())
        # Of an even number, the higher of the two in the middle.
        median = said[len(said) // 2]
        where, _ = next(iter(experts.values()))
        patient, side, point = joint
        cohort.scores.append(Score(where, patient, patient, image, side, finding, point, median))
        cohort.readings += [
            Reading(f"expert {name}", image, side, finding, point, grade)
            for name, (_, grade) in experts.items()
        ]
    found = [box._replace(image=images[box.image]) for box in boxes]
    add_hands(cohort, folder, [box for box in found if box.image])
    _split(folder / _SPLIT, cohort)
    return cohort


def _grades(path: Path, cohort: Cohort) -> dict[tuple[_Joint, Finding], dict[str, tuple[str, int]]]:
    """Line and grade of each expert by joint and finding."""
    grades: dict[tuple[_Joint, Finding], dict[str, tuple[str, int]]] = defaultdict(dict)
    for line, row in read_table(path, (*_JOINT, *_SCORE)):
        where = f"{path.name} line {line}"
        joint = _joint(row, where, cohort)
        if joint is None:
            continue
        finding = _DISEASES.get(row["disease"].strip().casefold())
        expert = row["expert_id"].strip()
        if finding is None:
            cohort.remark(where, f"disease {row['disease']!r} is neither JSN nor erosion; excluded")
        elif (finding, joint.point) not in TARGET_OF:
            cohort.remark(where, f"{joint.point} is not scored for {finding}; excluded")
        elif not expert:
            cohort.remark(where, "no expert_id; excluded")
        elif is_empty(row["score"]):
            cohort.remark(where, "not scored")
        elif expert in grades[joint, finding]:
            cohort.remark(where, "the same expert's joint stands twice; the first is taken")
        else:
            grade = cohort.grade(where, finding, cell_value(row["score"]))
            if grade is not None:
                grades[joint, finding][expert] = where, grade
    return {key: experts for key, experts in grades.items() if experts}


def _boxes(folder: Path, cohort: Cohort) -> Iterator[Box]:
    """The middles of the joints' boxes; `image` is the patient."""
    path = folder / _BOXES
    if not path.is_file():
        cohort.remark(_BOXES, "is not there: no joint positions")
        return
    for line, row in read_table(path, (*_JOINT, *_MIDDLE)):
        where = f"{path.name} line {line}"
        joint = _joint(row, where, cohort)
        if joint is not None:
            x, y = (parse_number(row[name]) for name in _MIDDLE)
            yield Box(where, *joint, x, y)


def _joint(row: Mapping[str, str], where: str, cohort: Cohort) -> _Joint | None:
    """Which joint a row is about; None if it is a distal one, or unknown, which is noted."""
    patient, hand, kind, finger = (row[name].strip() for name in _JOINT)
    kind, finger = kind.casefold(), finger.casefold().removesuffix(".0")
    if kind.startswith(_NOT_SCORED):
        return None
    number_of = _FINGERS.get(finger)
    point = _NAMES.get(kind if is_empty(finger) else f"{kind}{number_of}")
    side = _SIDES.get(hand.casefold())
    if not is_name(patient):
        cohort.remark(where, f"{patient!r} cannot name a patient; excluded")
    elif side is None:
        cohort.remark(where, f"hand {hand!r} is neither left nor right; excluded")
    elif point is None:
        what = f"joint {row['joint']!r} of finger {row['finger']!r} is not known; excluded"
        cohort.remark(where, what)
    else:
        return _Joint(patient, side, point)
    return None


def _split(path: Path, cohort: Cohort) -> None:
    """Add the parts of the official split."""
    if not path.is_file():
        cohort.remark(path.name, "is not there: no official split")
        return
    content = read_json(path, cohort)
    for name, patients in content.items() if isinstance(content, dict) else [("all of it", None)]:
        found = split_part(name)
        if found is None or not isinstance(patients, list):
            cohort.remark(f"{path.name} {name}", "is no list of train, val or test; excluded")
            continue
        for patient in patients:
            cohort.parts[str(patient)].add(found)
