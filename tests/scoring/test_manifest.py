"""Studies of a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.results.document import WarningRow
from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.manifest import read_manifest
from sharp_cli.scoring.plan import plan_manifest
from sharp_cli.synthetic.phantom.archive import TABLES

if TYPE_CHECKING:
    from pathlib import Path


def manifest(folder: Path, *rows: str, head: str = "study,patient,hand,path") -> Path:
    path = folder / "manifest.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_its_rows_are_files_of_studies(tmp_path: Path) -> None:
    path = manifest(
        tmp_path,
        "s2,p1,right,p1/2/right.dcm",
        "s1,p1,,p1/1/both.dcm",
        "s2,p1,left,p1/2/left.dcm",
        "s3,p2,left,both.png",
        "s3,p2,right,both.png",
    )
    right, left, both = (str(tmp_path / name) for name in (
        "p1/2/right.dcm", "p1/2/left.dcm", "both.png"
    ))  # fmt: skip
    assert read_manifest(path) == [
        Group(
            (right, left),
            "s2",
            sides={right: "right", left: "left"},
            listed=True,
            patient="p1",
            manifest_study="s2",
        ),
        Group(
            (str(tmp_path / "p1/1/both.dcm"),), "s1", listed=True, patient="p1", manifest_study="s1"
        ),
        Group((both,), "s3", listed=True, patient="p2", manifest_study="s3"),
    ]


def test_it_may_give_dates(tmp_path: Path) -> None:
    head = "study,patient,hand,path,date"
    path = manifest(tmp_path, "s,,,1.png,2020-05-31", "t,p,,2.png,", head=head)
    assert [(one.patient, one.date) for one in read_manifest(path)] == [
        (None, "2020-05-31"), ("p", None),
    ]  # fmt: skip
    path = manifest(tmp_path, "s,p,left,1.png,2020", "s,p,right,2.png,2021", head=head)
    with pytest.raises(DocumentError, match="s is of two dates"):
        read_manifest(path)


def test_a_copy_is_left_out_of_its_study(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"same")
    made = plan_manifest(manifest(tmp_path, "s,p,,a.png", "t,q,,b.png"))
    assert [group.name for group in made.groups] == ["s"]
    assert made.warnings == (
        WarningRow("", str(tmp_path / "b.png"), f"a copy of {tmp_path / 'a.png'}; read once"),
    )


def test_that_of_a_synthetic_cohort_will_do(tmp_path: Path) -> None:
    head = ",".join(TABLES["manifest.csv"])
    path = manifest(tmp_path, "s,p,left,p/1/left.dcm,2016-09-02,67,F,8,7.2", head=head)
    (group,) = plan_manifest(path).groups
    assert group.name == "s"
    assert group.files == (str(tmp_path / "p/1/left.dcm"),)


def test_names_of_studies_are_distinguished_in_any_case(tmp_path: Path) -> None:
    path = manifest(tmp_path, "s,p,,1.png", "S,p,,2.png", "run.json,p,,3.png")
    assert [group.name for group in plan_manifest(path).groups] == ["s", "S-2", "run.json-2"]


def test_all_mistakes_are_listed(tmp_path: Path) -> None:
    path = manifest(
        tmp_path, "../s,p,,1.png", ",p,,2.png", "s,p,,", "s,q,,3.png", "t,p,L,4.png", "u,p,,4.png"
    )
    with pytest.raises(DocumentError) as error:
        read_manifest(path)
    for text in (
        "line 3: no study",
        "line 4: no path",
        "line 5: s is of two patients",
        "line 6: hand 'L' is not left, right or empty",
        "line 7: 4.png is of two studies",
    ):
        assert text in str(error.value)


def test_it_needs_its_columns(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no column hand"):
        read_manifest(manifest(tmp_path, head="study,patient,path"))
