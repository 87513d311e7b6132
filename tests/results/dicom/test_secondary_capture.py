"""The overlay in DICOM: what `results.overlay` draws, in the study of the radiograph."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread

from sharp_cli.core.about import NOTICE
from sharp_cli.results import overlay
from sharp_cli.results.dicom.files import to_bytes
from tests.results.dicom.radiographs import colour_radiograph, overlays, radiograph, score, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom import Dataset


def test_each_radiograph_has_its_own(tmp_path: Path) -> None:
    files = [write(tmp_path / name) for name in ("left.dcm", "right.dcm")]
    study = score(*files)
    made = [dcmread(io.BytesIO(to_bytes(one))) for one in overlays(study)]
    for one, row, file in zip(made, study.inputs, files, strict=True):
        assert np.array_equal(one.pixel_array, np.asarray(overlay.draw(study, row)))
        source = dcmread(file)
        assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID
        assert one.StudyInstanceUID == source.StudyInstanceUID
        assert one.PatientName == source.PatientName
    assert len({one.SOPInstanceUID for one in made}) == 2
    assert len({one.SeriesInstanceUID for one in made}) == 1
    assert [one.InstanceNumber for one in made] == [1, 2]


def test_it_says_that_the_models_are_not_validated(tmp_path: Path) -> None:
    study = score(write(tmp_path / "two.dcm"))
    (made,) = overlays(study)
    assert made.ImageComments == NOTICE
    (validated,) = overlays(replace(study, validated_on_patients=True))
    assert "ImageComments" not in validated


@pytest.mark.parametrize("make", [radiograph, colour_radiograph])
def test_it_is_valid(
    tmp_path: Path, errors: Callable[[Dataset], list[str]], make: Callable[[Path], Dataset]
) -> None:
    make(tmp_path / "two.dcm").save_as(tmp_path / "two.dcm")
    (made,) = overlays(score(tmp_path / "two.dcm"))
    assert errors(made) == []
