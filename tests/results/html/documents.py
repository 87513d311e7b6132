"""Result documents of painted pictures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from sharp_cli.results.run import Run
from sharp_cli.scoring import pipeline
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder, paint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.results.document import Document, JointRow


def scored(*files: Path) -> Document:
    """Paint pictures, and score them as one call would."""
    for number, file in enumerate(files):
        paint(file, seed=number)
    names = [str(file) for file in files]
    stages = (FakeFinder(), FakeDetector(), FakeClassifier(), Run())
    return pipeline.score(names, *stages, model="mimo-local")


def label_table(path: Path, labelled: Iterable[tuple[JointRow, int]]) -> Path:
    """Write a table of labels: the grade of some joints, whose pictures are named without folder.

    Args:
        path: The file.
        labelled: Joints and grades.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("patient", "study", "image", "hand", "finding", "joint", "grade"))
        for row, grade in labelled:
            image = Path(row.file).name
            rows.writerow(("p1", row.study, image, row.hand, row.finding, row.joint, grade))
    return path
