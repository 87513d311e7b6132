from __future__ import annotations

from pathlib import Path

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.results.html.truth import NO_TRUTH, read_truth
from tests.results.html.documents import label_table, scored


def test_labels_are_found_by_picture_hand_finding_and_joint(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    rows = document.joints
    labelled = [(row, number % 4) for number, row in enumerate(rows[:40])]
    truth = read_truth(label_table(tmp_path / "labels.csv", labelled), [document])
    found = [truth.of(row) for row in rows]
    assert [one.grade if one else None for one in found] == [
        number % 4 if number < 40 else None for number in range(62)
    ]
    assert truth.image(rows[0].file) == "two.png"
    assert truth.image("elsewhere/other.png") == "elsewhere/other.png"


def test_a_joint_that_is_labelled_twice_is_refused(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    row = document.joints[0]
    path = label_table(tmp_path / "labels.csv", [(row, 0), (row, 1)])
    with pytest.raises(DocumentError, match=r"line 3: erosion of left IP of two\.png stands"):
        read_truth(path, [document])


def test_labels_of_other_pictures_are_refused(tmp_path: Path) -> None:
    document = scored(tmp_path / "two.png")
    other = scored(tmp_path / "two_b.png")
    path = label_table(tmp_path / "labels.csv", [(other.joints[0], 0)])
    with pytest.raises(DocumentError, match=r"labels\.csv: none of the joints is labelled"):
        read_truth(path, [document])


def test_without_a_table_no_joint_has_a_label(tmp_path: Path) -> None:
    row = scored(tmp_path / "two.png").joints[0]
    assert NO_TRUTH.of(row) is None
    assert NO_TRUTH.image(row.file) == row.file
    assert Path(row.file).is_absolute()
