"""Make docs/columns.md: what the columns of the tables mean, as the code says it.

Run as `python docs/data_dictionary.py`; a test compares the page with what it makes.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sharp_cli.datasets import labels, patient_folds
from sharp_cli.datasets.annotations import csv_file
from sharp_cli.evaluation import (
    agreement,
    breakdown,
    cases,
    classification,
    detection_match,
    detection_table,
    grades,
    measurements,
    totals,
)
from sharp_cli.results import changes, document, sens
from sharp_cli.results import totals as result_totals
from sharp_cli.results.formats import SUMMARY_COLUMNS
from sharp_cli.scoring import manifest
from sharp_cli.training.classifier.results import PREDICTION_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE: Final = Path(__file__).with_name("columns.md")

_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
_WORDS: Final = (
    (re.compile(r",? see `[\w.]+`"), ""),
    (re.compile(r"One of `[\w.]+`"), "Its name"),
    (re.compile(r"`[\w.]*ALL_JOINTS`"), "`all joints`"),
    (re.compile(r"`[\w.]*AVERAGE`"), "the average of the readers"),
    (re.compile(r"\b(NaN|None)\b(?= )"), "empty"),
    (re.compile(r"^empty"), "Empty"),
)
"""What the code says, as the reader of a table has it."""

_LABELS: Final = {
    "patient": "A pseudonym; what is one patient's stays together.",
    "study": "A name, unique within the patient.",
    "hand": "`left` or `right`.",
    "finding": "`erosion` or `jsn`.",
    "joint": "Name of the joint, or of a set of joints, which has a label only.",
    "image": "The radiograph, relative to the folder of the images.",
    "grade": "SHS grade, 0 to 5 for erosion and 0 to 4 for JSN; `x` where it cannot be assessed.",
    "label": "`intact` or `non-intact`, instead of the grade or beside it.",
    "x": "Column of the joint in the image's own pixels; optional.",
    "y": "Its row.",
    "patch": "File of a ready-cut patch, instead of an image or beside it.",
}
_MANIFEST: Final = {
    "study": "Name of the study.",
    "patient": "Your own key of the patient.",
    "hand": "`left` or `right`; empty where the radiograph shows both.",
    "path": "The radiograph, relative to the manifest.",
    "date": "Of the visit; optional.",
}
_POSITIONS: Final = {
    "image": "The radiograph.",
    "hand": "`left` or `right`.",
    "joint": "Name of the joint.",
    "x": "Column of its centre in the image's own pixels.",
    "y": "Its row.",
}
_FOLDS: Final = {"patient": "The patient.", "fold": "Number of the fold, from 1."}
_PREDICTIONS: Final = {
    "model": "The input set.",
    **{name: _LABELS[name] for name in ("patient", "study", "image", "hand", "finding")},
    "group": "Joint group.",
    "joint": "Name of the joint.",
    "grade": "That of the labels; empty where they give none.",
    "truth": "1 where the joint is non-intact, 0 where it is intact.",
    "fold": "That the patient is tested in.",
    "probability": "Of damage, 0 to 1.",
    "label": "`intact` or `non-intact`, by the threshold of the fold.",
    "predicted_grade": "The model's grade; empty where it does not grade.",
    "expected_grade": "The mean of the grades, weighted by their probabilities.",
    "grade_probabilities": "Of the grades 0, 1, ...",
}


class Dictionary(NamedTuple):
    """A table: its file, what a row is, and what its columns mean, in their order."""

    file: str
    row: str
    columns: Mapping[str, str]


def dictionaries() -> list[Dictionary]:
    """All tables.

    Raises:
        KeyError: The code does not say what a column means.
    """
    joint = meanings(document.InputRow) | meanings(document.JointRow)
    total = {f"shs_{name}": text for name, text in meanings(result_totals.Total).items()}
    summary = total | meanings(result_totals.Total) | meanings(sens.Sens)
    return [
        Dictionary(
            "`results.csv`, `--csv`",
            "joint of a hand, for one finding",
            _chosen(joint, document.CSV_COLUMNS),
        ),
        Dictionary("`summary.csv`", "hand, or study", _chosen(summary, SUMMARY_COLUMNS)),
        _of("`changes.csv`", "change between two visits", changes.Change),
        _of("`failures.csv`", "file that gave no result", document.Failure),
        Dictionary(
            "manifest, read by `--manifest`",
            "radiograph, or hand on it",
            _chosen(_MANIFEST, (*manifest.COLUMNS, "date")),
        ),
        Dictionary(
            "labels, read by `sharp train` and `sharp evaluate`",
            "joint of a hand, for one finding",
            _chosen(_LABELS, (*labels.REQUIRED, *labels.OPTIONAL)),
        ),
        Dictionary("positions of joints", "joint", _chosen(_POSITIONS, csv_file.COLUMNS)),
        Dictionary("`folds.csv`", "patient", _chosen(_FOLDS, patient_folds.COLUMNS)),
        Dictionary(
            "`predictions.csv` of `sharp train classifier`",
            "labelled joint and model",
            _chosen(_PREDICTIONS, PREDICTION_COLUMNS),
        ),
        *_evaluations(),
    ]


def _evaluations() -> Iterable[Dictionary]:
    binary, graded, found = (
        f"of `sharp evaluate {name}`" for name in ("classification", "grades", "detection")
    )
    yield _of("`partners.csv`", "model or reader", cases.MatchCounts)
    yield _of(f"`figures.csv` {binary}", "metric", classification.MetricValue)
    yield _of(f"`breakdown.csv` {binary}", "metric of a part", classification.PartValue)
    yield _of(f"`differences.csv` {binary}", "metric of two raters", classification.Difference)
    yield _of(f"`agreement.csv` {binary}", "comparison of raters", agreement.Agreement)
    yield _of(f"`grades.csv` {binary}", "grade and rater", breakdown.Grade)
    parts = "`joints.csv`, `sides.csv`, `hands.csv`, `patients.csv`"
    yield _of(f"{parts} {binary}", "part and rater", breakdown.Part)
    yield _of(f"`grades.csv` {graded}", "metric of two raters", grades.GradeAgreement)
    yield _of(f"`scores.csv` {graded}", "metric of raters", totals.ScoreAgreement)
    yield _of(f"`partners.csv` {found}", "kind of joints", detection_match.Unmatched)
    yield _of(f"`rates.csv` {found}", "set of joints", detection_table.Rate)
    yield _of(f"`distances.csv` {found}", "set of joints", detection_table.Distance)
    others = "`sharp evaluate crops` and `wrists`"
    yield _of(f"`metrics.csv` of {others}", "metric", measurements.Measurement)


def meanings(record: type) -> dict[str, str]:
    """What the docstrings of a record and of those it extends say of its fields."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__[:-1]):
        _, _, attributes = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")
        for name, lines in _ATTRIBUTE.findall(attributes):
            text = " ".join(lines.split())
            for pattern, word in _WORDS:
                text = pattern.sub(word, text)
            found[name] = text
    return found


def page() -> str:
    """The page."""
    lines = [
        "# The columns of all tables",
        "",
        "Made from the code by `python docs/data_dictionary.py`. What is not known or not defined",
        "is empty. The columns of `--wide` are in [Results](results.md#a-row-for-each-study).",
    ]
    for table in dictionaries():
        lines += ["", f"## {table.file}", "", f"A row for each {table.row}.", ""]
        lines += ["| column | meaning |", "| --- | --- |"]
        lines += [f"| `{name}` | {text} |" for name, text in table.columns.items()]
    return "\n".join(lines) + "\n"


def _of(file: str, row: str, record: Any) -> Dictionary:
    names = (field.name for field in fields(record))
    return Dictionary(file, row, _chosen(meanings(record), names))


def _chosen(known: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    return {name: known[name] for name in names}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
