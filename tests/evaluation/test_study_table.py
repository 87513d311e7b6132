"""What a table says of patients and studies."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.evaluation.study_table import parts, read_study_table
from tests.labels import labelled_joint

if TYPE_CHECKING:
    from pathlib import Path

JOINTS = [
    labelled_joint(patient=patient, study=study)
    for patient, study in (("a", "1"), ("a", "2"), ("b", "3"), ("c", "4"))
]


def table(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_row_is_of_a_patient_a_study_or_both(tmp_path: Path) -> None:
    patients = read_study_table(table(tmp_path / "p.csv", "patient,sex", "a,f", "b,m"), ["sex"])
    assert patients.values(JOINTS, "sex").tolist() == ["f", "f", "m", "unknown"]
    lines = ("study,date,site", "1,2020-01-02,x", "2,20210102,x", "3,,y")
    studies = read_study_table(table(tmp_path / "s.csv", *lines), ["site"])
    assert studies.values(JOINTS, "site").tolist() == ["x", "x", "y", "unknown"]
    dates = {("a", "1"): date(2020, 1, 2), ("a", "2"): date(2021, 1, 2)}
    assert studies.dates(JOINTS) == dates
    lines = ("patient,study,site", "a,1,x", "b,1,y", "b,3,z")
    both = read_study_table(table(tmp_path / "b.csv", *lines), ["site"])
    assert both.values(JOINTS, "site").tolist() == ["x", "unknown", "z", "unknown"]


def test_parts_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = table(tmp_path / "p.csv", "patient,sex,site", "a,m,x", "b,f,x", "c,m,y")
    found = parts(read_study_table(path, ["sex", "site"]), JOINTS, ["sex", "site"])
    assert [(column, name, on.tolist()) for column, name, on in found] == [
        ("sex", "f", [False, False, True, False]),
        ("sex", "m", [True, True, False, True]),
        ("site", "x", [True, True, True, False]),
        ("site", "y", [False, False, False, True]),
    ]


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (("sex", "f"), "no column patient or study"),
        (("patient,site", "a,x"), "no column sex"),
        (("patient,sex", "a,f", "a,m"), "line 3: sex is 'm', and 'f' above"),
        (("study,sex,date", "1,f,May 2020"), "line 2: date 'May 2020' is not YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_used_is_an_error(tmp_path: Path, lines: list[str], what: str) -> None:
    with pytest.raises(DocumentError, match=what):
        read_study_table(table(tmp_path / "t.csv", *lines), ["sex"])


def test_a_number_is_no_part(tmp_path: Path) -> None:
    rows = (f"p{number},{number}" for number in range(30))
    path = table(tmp_path / "p.csv", "patient,age", *rows)
    joints = [labelled_joint(patient=f"p{number}") for number in range(30)]
    with pytest.raises(UsageError, match="--by age: 30 different values"):
        list(parts(read_study_table(path, ["age"]), joints, ["age"]))
