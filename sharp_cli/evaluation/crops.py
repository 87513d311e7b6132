"""Classifiers on crops of single joints that a reader graded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from sharp_cli.core.errors import RadiographError
from sharp_cli.core.joints import FINDINGS, GRADES, SIDES, TARGET_OF
from sharp_cli.core.records import Patch
from sharp_cli.evaluation.measurements import FALSE_CALLS, Measurement, Measurements
from sharp_cli.evaluation.metrics.bootstrap import estimate
from sharp_cli.evaluation.metrics.detection import ALL_JOINTS
from sharp_cli.evaluation.metrics.ranking import fraction, roc_auc, sensitivity_at
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.core.records import Classification
    from sharp_cli.inference.classifier import Classifier

PLAIN: Final = 2
"""From this grade on damage is plain; what is less may be doubtful and is on neither side."""

_COLUMNS: Final = ("image", "case", "hand", "joint", *FINDINGS)
_NOT_JUDGED: Final = "x"
_DEPTH: Final = 257
"""From 8 to 16 bit: the brightest stays the brightest."""


class Crop(NamedTuple):
    """A crop of one joint.

    Attributes:
        image: File name, unique in the folder of the crops.
        case: The patient, or whatever else has crops that are not independent of each other.
        side: Left or right hand.
        joint: Name of the joint.
        grades: By finding; without those that cannot be judged.
    """

    image: str
    case: str
    side: Side
    joint: str
    grades: Mapping[Finding, int]


def read_crops(path: Path) -> list[Crop]:
    """Read a table of graded crops: `image,case,hand,joint,erosion,jsn`, in any order.

    A grade is one of SHS's, or `x` where it cannot be judged.

    Raises:
        DocumentError: Listing every bad row.
    """
    crops: list[Crop] = []
    problems: list[Problem] = []
    for line, row in read_table(path, _COLUMNS):
        side = next((side for side in SIDES if side == row["hand"]), None)
        graded = {finding: row[finding] for finding in FINDINGS if row[finding] != _NOT_JUDGED}
        wrong = [f"no {name}" for name in ("image", "case") if not row[name]]
        if side is None:
            wrong.append(f"hand {row['hand']!r} is neither left nor right")
        for finding, grade in graded.items():
            if (finding, row["joint"]) not in TARGET_OF:
                wrong.append(f"{row['joint']!r} is no joint that is scored for {finding}")
            elif parse_number(grade) not in GRADES[finding]:
                what = f"grade {grade!r} is none of {finding}'s, 0 to {GRADES[finding][-1]}"
                wrong.append(f"{what}, and not {_NOT_JUDGED}")
        problems += [Problem(f"line {line}", what) for what in wrong]
        if side is not None and not wrong:
            grades = {finding: int(parse_number(grade)) for finding, grade in graded.items()}
            crops.append(Crop(row["image"], row["case"], side, row["joint"], grades))
    raise_problems(path, problems)
    return crops


def classify_crops(
    classifier: Classifier,
    crops: Sequence[Crop],
    images: Path,
    *,
    on_progress: Callable[[str], None],
) -> list[tuple[Classification, ...]]:
    """Classify each crop by itself, for each finding that it is graded for.

    Args:
        classifier: Holds the model `siso`.
        crops: What to classify.
        images: Folder of their files, at any depth.
        on_progress: Called with each image before it is read.

    Returns:
        For each crop its results.

    Raises:
        RadiographError: A file is missing or no picture.
    """
    files = {file.name: file for file in sorted(images.rglob("*"))}
    results = []
    for crop in crops:
        on_progress(crop.image)
        pixels = _read_pixels(files.get(crop.image, images / crop.image), crop.side)
        patches = [Patch(finding, crop.joint, pixels, ()) for finding in crop.grades]
        results += classifier.classify([{crop.side: patches}], "siso")
    return results


def _read_pixels(path: Path, side: Side) -> NDArray[np.uint16]:
    """A crop in the canonical orientation: that of a left hand, in which right ones are mirrored.

    Raises:
        RadiographError: The file is missing or no picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH) if path.is_file() else None
    if pixels is None:
        message = f"{path}: missing, or cannot be read as a picture; give the folder of the crops"
        raise RadiographError(message)
    deep = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * _DEPTH
    return np.ascontiguousarray(deep[:, ::-1] if side == "right" else deep)


def measure_crops(
    crops: Sequence[Crop], results: Sequence[Sequence[Classification]]
) -> Measurements:
    """Measure how classifications agree with the grades of crops, finding by finding.

    `roc_auc` and `sensitivity_at_5_percent` set plain damage (`PLAIN`) against none; the others
    are the fractions that are called non-intact at the bundle's thresholds.
    """
    return Measurements([one for finding in FINDINGS for one in _measure(finding, crops, results)])


def _measure(
    finding: Finding, crops: Sequence[Crop], results: Sequence[Sequence[Classification]]
) -> Iterator[Measurement]:
    judged = [
        (crop, result)
        for crop, own in zip(crops, results, strict=True)
        for result in own
        if result.finding == finding
    ]
    if not judged:
        return
    grades = np.array([crop.grades[finding] for crop, _ in judged])
    probabilities = np.array([result.probability for _, result in judged])
    called = np.array([result.label == "non-intact" for _, result in judged])
    given = np.unique(grades).tolist()

    def metrics(drawn: NDArray[np.intp]) -> dict[str, float]:
        grade, probability, call = grades[drawn], probabilities[drawn], called[drawn]
        plain, none = probability[grade >= PLAIN], probability[grade == 0]
        return {
            "roc_auc": roc_auc(plain, none),
            "sensitivity": fraction(call[grade >= PLAIN]),
            "sensitivity_at_5_percent": sensitivity_at(FALSE_CALLS, plain, none),
            **{f"called_grade_{one}": fraction(call[grade == one]) for one in given},
        }

    plain, none = int((grades >= PLAIN).sum()), int((grades == 0).sum())
    cases = {
        "roc_auc": plain + none,
        "sensitivity": plain,
        "sensitivity_at_5_percent": plain + none,
        **{f"called_grade_{one}": int((grades == one).sum()) for one in given},
    }
    for name, found in estimate(metrics, [crop.case for crop, _ in judged]).items():
        yield Measurement(finding, ALL_JOINTS, name, cases[name], *found)
