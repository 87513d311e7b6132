"""Result documents of painted pictures."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes import paint, score_files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.results.document import Document, JointRow


def scored(*files: Path) -> Document:
    """Paint pictures, and score them as one call would."""
    for number, file in enumerate(files):
        paint(file, seed=number)
    return score_files(*files)


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
