"""`sharp evaluate crops`: metrics of graded crops, as a table."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def table(done: Done) -> list[dict[str, str]]:
    assert done.code == 0, done.err
    return list(csv.DictReader(done.out.decode().splitlines()))


def test_crops(sharp: Sharp, tmp_path: Path) -> None:
    rows = ["image,case,hand,joint,erosion,jsn"]
    for number, grade in enumerate((0, 0, 3, 2)):
        grey = np.full((30, 30), 20 + 60 * grade, np.uint8)
        (tmp_path / "crops").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "crops" / f"{number}.png"), grey)
        rows.append(f"{number}.png,{number},left,PIP2,{grade},x")
    (tmp_path / "grades.csv").write_text("\n".join(rows))
    found = table(sharp("evaluate", "crops", "crops", "grades.csv"))
    assert found[0] == {
        "finding": "erosion", "joints": "all joints", "metric": "roc_auc", "cases": "4",
        "value": "1.000", "low": "1.000", "high": "1.000",
    }  # fmt: skip
    assert {row["finding"] for row in found} == {"erosion"}
