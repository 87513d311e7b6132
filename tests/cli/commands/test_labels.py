"""`sharp labels`: joining readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def test_labels_are_merged_and_contradictions_printed(sharp: Sharp) -> None:
    for reader, grade in (("ann", 2), ("bob", 0)):
        Path(f"{reader}.csv").write_text(
            "patient,study,image,hand,finding,joint,grade\n"
            f"p1,s1,a.png,left,erosion,IP,{grade}\np1,s1,a.png,left,erosion,PIP2,0\n"
        )
    done = sharp("labels", "merge", "ann.csv", "bob.csv", "--out", "both.csv")
    assert done.code == 0, done.err
    assert done.out == b"study,image,hand,finding,joint,ann,bob\ns1,a.png,left,erosion,IP,2,0\n"
    assert "2 joints of 2 readers, 1 contradictory" in done.err
    assert len(Path("both.csv").read_text().splitlines()) == 3
