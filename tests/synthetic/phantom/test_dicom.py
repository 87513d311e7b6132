"""Films as DICOM: read back as they were drawn, and named for nobody."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless

from sharp_cli.core.joints import SIDES, Side
from sharp_cli.core.records import Spacing
from sharp_cli.radiograph import read
from sharp_cli.synthetic.phantom.dicom import Header, dataset, encode
from tests.dicom_files import hand

if TYPE_CHECKING:
    from pathlib import Path

HEADER = Header("PHANTOM-0001", "PHANTOM-0001-2", date(2012, 3, 4), ("a test", "1"), "F", 61)
PIXELS = hand().astype(np.float32)


def file(
    name: str = "one",
    side: Side | None = None,
    *,
    inverted: bool = False,
    modality: Literal["CR", "DX"] = "CR",
) -> bytes:
    return encode(
        dataset(
            PIXELS,
            HEADER,
            name,
            spacing=0.125,
            side=side,
            inverted=inverted,
            modality=modality,
        )
    )


@pytest.mark.parametrize("modality", ["CR", "DX"])
@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("side", [*SIDES, None])
def test_what_was_drawn_is_read(
    tmp_path: Path, side: Side | None, modality: Literal["CR", "DX"], *, inverted: bool
) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(file(side=side, inverted=inverted, modality=modality))
    seen = read(path)
    assert seen.side == side
    assert seen.spacing == Spacing(0.125, 0.125, "ImagerPixelSpacing", "detector")
    assert not seen.warnings
    # Reading stretches the values to 0…1.
    low, high = PIXELS.min(), PIXELS.max()
    assert np.corrcoef(seen.pixels.ravel(), PIXELS.ravel())[0, 1] > 0.9999
    assert seen.pixels == pytest.approx((PIXELS - low) / (high - low), abs=0.2)


def test_polarity_is_how_it_is_stored() -> None:
    bright, dark = (pydicom.dcmread(io.BytesIO(file(inverted=one))) for one in (False, True))
    assert (bright.PhotometricInterpretation, dark.PhotometricInterpretation) == (
        "MONOCHROME2",
        "MONOCHROME1",
    )
    assert np.array_equal(dark.pixel_array, 4095 - bright.pixel_array)
    assert np.array_equal(bright.pixel_array, np.round(PIXELS * 4095))
    assert (bright.BitsStored, bright.HighBit) == (12, 11)


def test_the_header_says_whose_it_is_and_that_it_is_nobody() -> None:
    made = pydicom.dcmread(io.BytesIO(file()))
    assert (made.PatientID, made.StudyID) == ("PHANTOM-0001", "PHANTOM-0001-2")
    assert (made.StudyDate, made.PatientSex, made.PatientAge) == ("20120304", "F", "061Y")
    assert made.ImageComments == "Synthetic picture, not of a person"


def test_identifiers_follow_from_their_source() -> None:
    one, again, other = (pydicom.dcmread(io.BytesIO(file(n))) for n in ("one", "one", "other"))
    assert file() == file()
    assert one.SOPInstanceUID == again.SOPInstanceUID
    assert one.StudyInstanceUID == other.StudyInstanceUID
    assert one.SOPInstanceUID != other.SOPInstanceUID
    elsewhere = Header(HEADER.patient, HEADER.study, HEADER.date, ("a test", "2"))
    moved = dataset(PIXELS, elsewhere, "one", spacing=0.1, side=None, inverted=False)
    assert moved.StudyInstanceUID != one.StudyInstanceUID
    assert "PatientAge" not in moved


def test_other_compression_keeps_every_pixel() -> None:
    made = dataset(PIXELS, HEADER, "one", spacing=0.1, side="left", inverted=False)
    back = pydicom.dcmread(io.BytesIO(encode(made, JPEG2000Lossless)))
    assert back.file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert np.array_equal(back.pixel_array, np.round(PIXELS * 4095))
