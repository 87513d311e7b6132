"""The cohort that is scored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timing.archive import SEED, cohort

from sharp_cli.synthetic.phantom.cohort import study_count

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_studies_of_a_cohort_that_is_there(tmp_path: Path) -> None:
    studies = study_count(SEED, 2)
    assert study_count(SEED, 1) < studies - 1  # so that two patients are needed for one less
    folder = tmp_path / "cohort-2"
    folder.mkdir()
    radiographs = [
        f"s{number},p,{side},{number}/{side}.dcm" for number in range(studies) for side in "lr"
    ]
    (folder / "manifest.csv").write_text("\n".join(["study,patient,hand,path", *radiographs, ""]))
    manifest = cohort(tmp_path / "cohort", studies - 1)
    assert manifest.parent == folder
    assert manifest.read_text().splitlines() == ["study,patient,hand,path", *radiographs[:-2]]
