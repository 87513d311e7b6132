"""A whole synthetic dataset and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharp_cli.datasets.importers.cohort import write_tables
from sharp_cli.datasets.labels import read_labels
from sharp_cli.training.classifier.label_check import check_labels
from tests.datasets.importers.trees import MAKE, READ

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.datasets.labels import LabelledJoint


def imported(name: str, tmp_path: Path) -> tuple[Path, Path, Sequence[str]]:
    """Folders of a whole dataset and of its tables, and the tables' names."""
    folder, out = tmp_path / "download", tmp_path / "made"
    MAKE[name](folder)
    cohort = READ[name](folder)
    files = write_tables(cohort, folder, out)
    assert cohort.remarks == []
    return folder, out, files


def checked(folder: Path, out: Path) -> list[LabelledJoint]:
    """The labels, if training takes them, which it must do without a notice."""
    table = out / "labels.csv"
    labels = read_labels(table)
    assert labels.unlabelled == []
    used, _, notices = check_labels(table, labels, folder, ["siso"])
    assert notices == []
    assert used == labels.joints
    return used
