"""Labels of sets of joints beside each other, and beside those of single joints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.labels import read_labels
from sharp_cli.training.classifier.label_check import check_labels
from tests.datasets.annotations.pictures import paint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.label_check import CheckedLabels


@pytest.fixture
def images(tmp_path: Path) -> Path:
    paint(tmp_path, "a.png", "b.png")
    return tmp_path


def rows_checked(
    images: Path, *rows: str, models: Sequence[ModelName] = ("siso",)
) -> CheckedLabels:
    """Of a table with rows `study,hand,finding,joint,label` of one patient and image."""
    path = images / "labels.csv"
    header = "patient,image,study,hand,finding,joint,label"
    path.write_text("\n".join([header, *(f"p1,a.png,{row}" for row in rows)]) + "\n")
    return check_labels(path, read_labels(path), images, models)


@pytest.mark.parametrize(
    ("rows", "reported"),
    [
        (
            ["s1,left,erosion,wrist,intact", "s1,left,erosion,ulna,non-intact"],
            "lines 3 and 2: the same joint with different labels; keep the right one",
        ),
        (
            ["s1,left,erosion,wrist,non-intact", "s1,left,erosion,wrist,intact"],
            "lines 2 and 3: the same set of joints with different labels; keep the right one",
        ),
        (
            ["s1,left,erosion,wrist,non-intact", "s1,left,erosion,CMC-M,non-intact"],
            "lines 2 and 3: wrist and CMC-M have joints in common; keep one of them",
        ),
        (
            [
                "s1,left,erosion,CMC-M,non-intact",
                "s1,left,erosion,CMC1,intact",
                "s1,left,erosion,multangular,intact",
            ],
            "line 2 and lines 3 and 4: a non-intact set whose joints are all intact; correct one",
        ),
    ],
)
def test_a_set_that_contradicts_is_reported_by_row(
    images: Path, rows: list[str], reported: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        rows_checked(images, *rows)
    assert reported in str(caught.value).split("\n  ")


def test_sets_of_other_hands_studies_and_findings_do_not_contradict(images: Path) -> None:
    checked = rows_checked(
        images,
        "s1,left,erosion,wrist,non-intact",
        "s1,right,erosion,wrist,intact",
        "s2,left,erosion,wrist,intact",
        "s1,left,jsn,wrist,intact",
        "s1,left,erosion,MCP,intact",
        "s1,left,erosion,CMC1,intact",
    )
    assert [one.line for one in checked.sets] == [2, 3, 4, 5, 6]
    assert len(checked.joints) == 1 + 3 * 6 + 5
    assert checked.notices == []


def test_sets_that_stand_twice_or_say_no_more_are_not_used(images: Path) -> None:
    checked = rows_checked(
        images,
        "s1,left,erosion,wrist,non-intact",
        "s1,left,erosion,wrist,non-intact",
        "s1,right,erosion,wrist,non-intact",
        "s1,right,erosion,ulna,non-intact",
    )
    assert [one.line for one in checked.sets] == [2]
    assert [(one.where, one.consequence) for one in checked.notices] == [
        ("line 3", "the first is used"),
        ("line 4", "the label of the set is not used"),
    ]


def test_a_set_whose_image_cannot_be_read_is_left_out(images: Path) -> None:
    (images / "a.png").write_bytes(b"no picture")
    with pytest.raises(DocumentError, match="no joint is left") as caught:
        rows_checked(images, "s1,left,erosion,wrist,non-intact")
    assert "a.png (1 rows from line 2)" in str(caught.value)
    # Also where every joint of the set is shown by another file.
    path = images / "labels.csv"
    rows = [
        "p1,a.png,,s1,left,erosion,CMC-M,intact",
        "p1,,b.png,s1,left,erosion,CMC1,intact",
        "p1,,b.png,s1,left,erosion,multangular,intact",
    ]
    path.write_text("\n".join(["patient,image,patch,study,hand,finding,joint,label", *rows]))
    checked = check_labels(path, read_labels(path), images, ["siso"])
    assert (len(checked.joints), checked.sets) == (2, [])
    assert [one.where for one in checked.notices] == ["a.png (1 rows from line 2)"]


def test_the_other_hand_that_is_missing_beside_a_set_is_noticed_once_a_row(images: Path) -> None:
    checked = rows_checked(images, "s1,left,erosion,wrist,non-intact", models=["mimo-local"])
    assert [one.where for one in checked.notices] == ["line 2"]
