"""`sharp score --dicom-sr --dicom-overlay`: names, and radiographs that have no DICOM result."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydicom import dcmread

from tests.fakes import paint
from tests.results.dicom.radiographs import write

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

BOTH = ("--dicom-sr", "new/sr.dcm", "--dicom-overlay", "new/o.dcm")


def modalities(pattern: str = "new/*") -> dict[str, str]:
    return {path.name: dcmread(path).Modality for path in Path().glob(pattern)}


def test_one_radiograph(sharp: Sharp) -> None:
    write(Path("two.dcm"))
    assert sharp("score", "two.dcm", *BOTH).code == 0
    assert modalities() == {"sr.dcm": "SR", "o.dcm": "OT"}


def test_two_radiographs_of_a_study_have_one_report_and_two_overlays(sharp: Sharp) -> None:
    write(Path("left.dcm"))
    write(Path("right.dcm"))
    assert sharp("score", "left.dcm", "right.dcm", *BOTH).code == 0
    assert modalities() == {"sr.dcm": "SR", "o-left.dcm": "OT", "o-right.dcm": "OT"}


@pytest.mark.parametrize("out", [(), ("--out", "all")])
def test_a_radiograph_without_dicom_result_keeps_no_other_from_it(
    sharp: Sharp, out: tuple[str, ...]
) -> None:
    write(Path("two.dcm"))
    paint(Path("two-png.png"))
    done = sharp("score", "two.dcm", "two-png.png", "--csv", "all.csv", *BOTH, *out)
    assert done.code == 1
    assert modalities() == {"sr-two.dcm": "SR", "o-two.dcm": "OT"}
    assert len(Path("all.csv").read_bytes().splitlines()) == 1 + 2 * 62
    if not out:
        assert done.err.count("error: two-png.png: it is no DICOM file") == 1


def test_a_failed_radiograph_does_not_change_the_names_of_others(sharp: Sharp) -> None:
    write(Path("left.dcm"))
    assert sharp("score", "left.dcm", "missing.dcm", "none.dcm", *BOTH).code == 1
    assert modalities() == {"sr-left.dcm": "SR", "o-left.dcm": "OT"}


@pytest.mark.parametrize("option", ["--dicom-sr", "--dicom-overlay"])
def test_no_input_is_written_over(sharp: Sharp, option: str) -> None:
    files = [write(Path("two.dcm"), StudyInstanceUID="1.2.8"), write(Path("a-two.dcm"))]
    before = files[1].read_bytes()
    done = sharp("score", *files, option, "a.dcm")
    assert done.code == 4
    assert "a-two.dcm: cannot be written, it is an input; give a.dcm another name" in done.err
    assert sharp("score", *files, option, "a-two.dcm").code == 2
    assert files[1].read_bytes() == before


@pytest.mark.parametrize("option", ["--dicom-sr", "--dicom-overlay"])
@pytest.mark.parametrize("name", ["-", "a.png"])
def test_other_names_are_wrong_usage(sharp: Sharp, option: str, name: str) -> None:
    write(Path("two.dcm"))
    done = sharp("score", "two.dcm", option, name)
    assert done.code == 2
    assert f"{option} {name}: give a name that ends in .dcm" in done.err


def test_odd_tags_are_kept_and_said_once(sharp: Sharp) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(Path("two.dcm"), AccessionNumber="ACC-2024-0001234567890")
    done = sharp("score", "two.dcm", *BOTH)
    assert done.code == 0
    assert done.err.count("warning: two.dcm: AccessionNumber: not as DICOM allows") == 1
    assert "0001234567890" not in done.err


def test_what_was_replaced_is_not_drawn_under_old_boxes(sharp: Sharp) -> None:
    paint(Path("two.png"))
    assert sharp("score", "two.png", "--json", "result.json").code == 0
    assert sharp("detect", "two.png", "--json", "detected.json").code == 0
    paint(Path("two.png"), seed=1)
    for call in (
        ("report", "result.json", "--out", "report.html"),
        ("crop", "detected.json", "--out", "patches"),
    ):
        done = sharp(*call)
        assert done.code == 1
        assert "two.png: not the radiograph that was scored, it was replaced since" in done.err
    assert not Path("report.html").exists()
