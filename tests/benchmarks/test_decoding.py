"""Radiographs in every transfer syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID, JPEGBaseline8Bit, JPEGExtended12Bit, RLELossless
from timing.decoding import write

from sharp_cli import radiograph
from sharp_cli.radiograph.stored import SYNTAXES
from tests import dicom_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_film_stays_as_it_was(syntax: UID, tmp_path: Path) -> None:
    film, written = tmp_path / "film.dcm", tmp_path / "written.dcm"
    made = dicom_files.dataset(dicom_files.stored(12), WindowCenter=2048, WindowWidth=4096)
    made.compress(RLELossless, generate_instance_uid=False)
    made.save_as(film)
    write(film, syntax, written)
    assert dcmread(written).file_meta.TransferSyntaxUID == syntax
    before, after = (radiograph.read(str(path)).pixels for path in (film, written))
    lossy = syntax in (JPEGBaseline8Bit, JPEGExtended12Bit)
    assert np.abs(before - after).mean() < (0.02 if lossy else 1e-6)
