"""Which bits of stored values are the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli import radiograph
from sharp_cli.radiograph.bits import Bits, picture_values
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph import jpeg_streams
from tests.radiograph.files import problem, read, written

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose

JPEG_LOSSLESS = 10  # gdcm's number
SYNTAXES = ["native", RLELossless, JPEGLSLossless, JPEG2000Lossless, JPEG2000, JPEG_LOSSLESS]


def pixels_of(
    values: NDArray[Any], bits: int, syntax: str | int, folder: Path, **tags: Any
) -> NDArray[np.float32]:
    """What is read of values that are compressed as ones of `bits` bits, under other tags."""
    made = dicom_files.dataset(values, bits)
    if isinstance(syntax, str) and syntax != "native":
        how: dict[str, Any] = {"j2k_cr": [1]} if syntax == JPEG2000 else {}
        made.compress(syntax, generate_instance_uid=False, **how)
    path = written(made, folder)
    if isinstance(syntax, int):
        dicom_files.change_syntax(path, syntax)
    changed = dcmread(path)
    for keyword, value in tags.items():
        setattr(changed, keyword, value)
    changed.save_as(path)
    return radiograph.read(path).pixels


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES)
def test_bits_above_those_stored_are_no_picture(
    syntax: str | int,
    signed: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    values = stored(12, signed=signed)
    plain = read(dicom_files.dataset(values, 12), tmp_path).pixels
    overlaid = values.view(np.uint16) & 0x0FFF
    overlaid[10:40, 10:40] |= 0x8000
    overlaid[50:60, 5:70] |= 0x1000
    found = pixels_of(overlaid, 16, syntax, tmp_path,
                      BitsStored=12, HighBit=11, PixelRepresentation=int(signed))  # fmt: skip
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize("said", [8, 10, 16])
@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, JPEG2000])
def test_a_stream_between_what_is_stored_and_allocated_is_believed(
    syntax: str | int, said: int, tmp_path: Path
) -> None:
    plain = pixels_of(stored(12), 12, syntax, tmp_path)
    found = pixels_of(stored(12), 12, syntax, tmp_path, BitsStored=said, HighBit=said - 1)
    np.testing.assert_array_equal(found, plain)
    assert np.unique(found).size > 50


@pytest.mark.parametrize(
    ("syntax", "signed", "said"),
    [(JPEGLossless, False, 10), (JPEGLosslessSV1, True, 10), (JPEGLosslessSV1, False, 16)],
)
def test_so_is_one_in_lossless_jpeg(
    syntax: str,
    signed: bool,  # noqa: FBT001
    said: int,
    tmp_path: Path,
) -> None:
    values = stored(12, signed=signed)
    plain = read(dicom_files.dataset(values, 12), tmp_path).pixels
    made = dicom_files.dataset(values, said)
    stream = jpeg_streams.lossless(values.view(np.uint16) & 0x0FFF, 12)
    found = read(jpeg_streams.put_into(made, stream, syntax), tmp_path).pixels
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize(
    ("syntax", "said"), [(JPEGExtended12Bit, 10), (JPEGExtended12Bit, 8), (JPEGBaseline8Bit, 12)]
)
def test_so_is_one_in_lossy_jpeg(syntax: str, said: int, tmp_path: Path) -> None:
    blocks = stored(12)[::8, ::8]
    values = blocks.repeat(8, 0).repeat(8, 1)
    plain = read(dicom_files.dataset(values, 12), tmp_path).pixels
    made = dicom_files.dataset(values, said)
    stream = jpeg_streams.extended(blocks, 12)
    found = read(jpeg_streams.put_into(made, stream, syntax), tmp_path).pixels
    np.testing.assert_allclose(found, plain, atol=2e-3)


def test_a_stream_of_8_bits_in_what_16_are_allocated_for(tmp_path: Path) -> None:
    plain = read(dicom_files.as_jpeg(dicom_files.dataset(stored(8), 8), JPEGBaseline8Bit), tmp_path)
    made = dicom_files.as_jpeg(dicom_files.dataset(stored(8), 8), JPEGBaseline8Bit)
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    np.testing.assert_array_equal(read(made, tmp_path).pixels, plain.pixels)


@pytest.mark.parametrize("signed", [False, True])
def test_values_that_do_not_begin_at_the_lowest_bit_are_shifted(
    signed: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    values = stored(12, signed=signed)
    plain = read(dicom_files.dataset(values, 12), tmp_path).pixels
    moved = values << 4
    moved[20:30] |= 5
    found = read(dicom_files.dataset(moved, 12, HighBit=15), tmp_path).pixels
    np.testing.assert_array_equal(found, plain)


@pytest.mark.parametrize(
    "tags", [{"HighBit": 7}, {"HighBit": 16}, {"BitsStored": 0}, {"BitsStored": 17, "HighBit": 16}]
)
def test_bits_that_contradict_one_another_are_refused_by_name(
    tags: dict[str, int], tmp_path: Path
) -> None:
    made = dicom_files.dataset(stored(12), 12, **tags)
    message = problem(written(made, tmp_path))
    assert "HighBit" in message
    assert "contradict" in message


def test_without_a_high_bit_the_lowest_bits_are_the_picture(tmp_path: Path) -> None:
    plain = read(dicom_files.dataset(stored(12), 12), tmp_path).pixels
    found = read(dicom_files.dataset(stored(12), 12, HighBit=None), tmp_path).pixels
    np.testing.assert_array_equal(found, plain)


def test_what_lossy_compression_errs_is_clipped() -> None:
    bits = Bits(16, 12, 0, signed=False)
    over = np.array([[0, 4095, 4101]], np.uint16)
    np.testing.assert_array_equal(picture_values(over, bits, lossy=True), [[0, 4095, 4095]])
    np.testing.assert_array_equal(picture_values(over, bits, lossy=False), [[0, 4095, 5]])
    overlay = np.array([[0, 4095, 0x8000 | 7]], np.uint16)
    np.testing.assert_array_equal(picture_values(overlay, bits, lossy=True), [[0, 4095, 7]])
    signed = np.array([[-2050, 0, 2047]], np.int16).view(np.uint16)
    found = picture_values(signed, Bits(16, 12, 0, signed=True), lossy=True)
    np.testing.assert_array_equal(found, [[-2048, 0, 2047]])


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("signed", [False, True])
def test_big_endian(
    bits: int,
    signed: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    values = stored(bits, signed=signed)
    plain = read(dicom_files.dataset(values, bits), tmp_path).pixels
    swapped = dicom_files.dataset(values.astype(values.dtype.newbyteorder(">")), bits)
    swapped.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    swapped.set_original_encoding(is_implicit_vr=False, is_little_endian=False)
    path = written(swapped, tmp_path, little_endian=False, implicit_vr=False)
    np.testing.assert_array_equal(radiograph.read(path).pixels, plain)
