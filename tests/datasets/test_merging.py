from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.labels import read_labels
from sharp_cli.datasets.merging import COLUMNS, merge
from sharp_cli.fileio.tables import write_table

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "patient,study,image,hand,finding,joint,grade,label,reader,sha256"


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    """Write labels: joint, grade, label, reader, and the hash of the radiograph."""
    lines = [header]
    for row in rows:
        joint, *rest = row.split(",")
        lines.append(",".join(["p1", "s1", "a.png", "left", "erosion", joint, *rest]))
    path.write_text("\n".join(lines))
    return path


def test_readers_are_joined_and_contradictions_listed(tmp_path: Path) -> None:
    ann = table(
        tmp_path / "ann.csv",
        "IP,2,,ann,ff", "PIP2,1,,ann,ff", "PIP3,,intact,ann,ff", "PIP4,x,,ann,ff", "PIP5,0,,ann,ff",
        "MCP1,X,,ann,ff", "ulna,,,ann,ff",
    )  # fmt: skip
    # Another name of the same radiograph.
    bob = table(
        tmp_path / "bob.csv",
        "IP,2,,bob,ff", "PIP2,3,non-intact,bob,ff", "PIP3,0,,bob,ff", "PIP4,1,,bob,ff",
        "PIP5,,non-intact,bob,ff", "MCP1,x,,bob,ff", "MCP2,4,,bob,ff",
    )  # fmt: skip
    bob.write_text(bob.read_text().replace("a.png", "elsewhere/a.png"))
    joined = merge([ann, bob])
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in joined.rows]
    assert {row["joint"]: (row["grade"], row["label"], row["reader"]) for row in rows} == {
        "IP": ("2", "non-intact", "ann; bob"),
        "PIP2": ("", "non-intact", "ann; bob"),
        "PIP3": ("0", "intact", "ann; bob"),
        "PIP4": ("", "", "ann; bob"),
        "PIP5": ("", "", "ann; bob"),
        "MCP1": ("x", "", "ann; bob"),
        "MCP2": ("4", "non-intact", "bob"),
    }
    assert joined.contradiction_columns[-2:] == ("ann", "bob")
    assert [row[4:] for row in joined.contradictions] == [
        ["PIP2", "1", "3"], ["PIP4", "x", "1"], ["PIP5", "0", "non-intact"],
    ]  # fmt: skip
    write_table(tmp_path / "joined.csv", COLUMNS, joined.rows)
    labels = read_labels(tmp_path / "joined.csv")
    assert [joint.joint for joint in labels.joints] == ["IP", "PIP2", "PIP3", "MCP2"]
    assert [joint.joint for joint in labels.not_assessable] == ["MCP1"]


def test_files_without_readers_are_named_for_them(tmp_path: Path) -> None:
    header = HEADER.removesuffix(",reader,sha256")
    ann = table(tmp_path / "ann.csv", "IP,2,", header=header)
    # The hash is that of the image, wherever another file gives it.
    bob = table(tmp_path / "bob.csv", "IP,0,,bob,ff")
    joined = merge([ann, bob])
    assert joined.readers == ["ann", "bob"]
    assert [row[4:] for row in joined.contradictions] == [["IP", "2", "0"]]


def test_a_reader_who_contradicts_themself_is_refused(tmp_path: Path) -> None:
    first = table(tmp_path / "a.csv", "IP,2,,ann,ff", "PIP2,1,,bob,ff")
    second = table(tmp_path / "b.csv", "PIP2,1,,bob,ff", "IP,0,,ann,ff")
    with pytest.raises(DocumentError, match=r"b\.csv: .*\n.*line 3: ann says 2 of this joint else"):
        merge([first, second])


def test_studies_of_one_reader_are_joined_with_and_without_patients(tmp_path: Path) -> None:
    first = table(tmp_path / "a.csv", "IP,2,,ann,ff")
    second = table(tmp_path / "b.csv", "IP,0,,ann,aa")
    second.write_text(second.read_text().replace("p1,s1,a.png", ",s2,b.png"))
    joined = merge([first, second])
    assert (joined.readers, joined.contradictions, joined.nameless) == (["ann"], [], 1)
    assert [(row[1], row[6]) for row in joined.rows] == [("s1", "2"), ("s2", "0")]
