"""DICOM files: syntaxes, depths, colours, and headers that make no sense."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli import radiograph
from sharp_cli.radiograph import codestream, deflated, gdcm_process, picture_sha256
from sharp_cli.radiograph.headers import NO_HEADER, read_header
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph.files import HAND, likeness, problem, read, written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


@pytest.mark.parametrize(
    ("bits", "signed"), [(8, False), (10, False), (12, False), (12, True), (16, False), (16, True)]
)
@pytest.mark.parametrize("syntax", ["native", RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_depths_in_lossless_syntaxes(
    bits: int,
    signed: bool,  # noqa: FBT001
    syntax: str,
    tmp_path: Path,
) -> None:
    made = dicom_files.dataset(stored(bits, signed=signed), bits)
    if syntax != "native":
        made.compress(syntax, generate_instance_uid=False)
    found = read(made, tmp_path)
    assert found.pixels.dtype == np.float32
    assert found.pixels.shape == HAND.shape
    assert found.warnings == ()
    low, high = np.percentile(HAND, (0.1, 99.9))
    np.testing.assert_allclose(
        found.pixels, np.clip((HAND - low) / (high - low), 0, 1), atol=1.5 / 2**bits
    )


@pytest.mark.parametrize("kind", [10, 11])  # JPEG lossless, process 14, and its first order
def test_jpeg_lossless(kind: int, tmp_path: Path) -> None:
    path = written(dicom_files.dataset(stored(16), 16), tmp_path)
    plain = radiograph.read(path)
    dicom_files.change_syntax(path, kind)
    np.testing.assert_array_equal(radiograph.read(path).pixels, plain.pixels)


@pytest.mark.parametrize("syntax", [JPEGBaseline8Bit, JPEGExtended12Bit])
def test_jpeg_lossy(syntax: str, tmp_path: Path) -> None:
    made = dicom_files.as_jpeg(dicom_files.dataset(stored(8), 8), syntax)
    assert likeness(read(made, tmp_path).pixels) > 0.995


def test_jpeg_lossy_of_12_bits(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = written(dicom_files.dataset(stored(12), 12), tmp_path)
    dicom_files.change_syntax(path, 6)
    capfd.readouterr()
    assert likeness(radiograph.read(path).pixels) > 0.995
    assert capfd.readouterr().err == ""


def test_a_decoder_that_crashes_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(dicom_files.dataset(stored(16), 16), tmp_path)
    dicom_files.change_syntax(path, 10)
    monkeypatch.setattr(gdcm_process, "_SCRIPT", "import os; os.abort()")
    assert "cannot be decoded" in problem(path)


def test_deflated(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored())
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = written(made, tmp_path)
    assert likeness(radiograph.read(path).pixels) > 0.999
    path.write_bytes(path.read_bytes()[:-300])
    assert "cut off" in problem(path)


def test_a_deflated_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = dicom_files.dataset(stored())
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.add_new(0x00431010, "OB", bytes(1 << 20))
    path = written(made, tmp_path)
    assert path.stat().st_size < 1 << 16
    assert likeness(radiograph.read(path).pixels) > 0.999
    monkeypatch.setattr(deflated, "MAX_TAGS_BYTES", 1 << 19)
    assert "larger when decompressed than its tags allow" in problem(path)


def test_a_deflated_file_may_be_as_large_as_its_tags_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deflated, "MAX_TAGS_BYTES", 1 << 17)
    made = dicom_files.dataset(stored().repeat(4, axis=0).repeat(4, axis=1))
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert likeness(read(made, tmp_path).pixels[::4, ::4]) > 0.999
    made.PixelData += bytes(1 << 20)
    assert "larger when decompressed" in problem(written(made, tmp_path))


@pytest.mark.parametrize("length", [False, True])
def test_no_way_of_saying_that_it_is_deflated_goes_past_the_limit(
    tmp_path: Path,
    length: bool,  # noqa: FBT001
) -> None:
    made = dicom_files.dataset(stored())
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    # Far from the beginning, and without the length of group 2 or with a wrong one.
    made.file_meta.PrivateInformationCreatorUID = UID("1.2")
    made.file_meta.PrivateInformation = bytes(1 << 17)
    made.add_new(0x00431010, "OB", bytes(1 << 24))
    path = written(made, tmp_path)
    content = bytearray(path.read_bytes())
    if length:
        struct.pack_into("<I", content, 140, 10)
    else:
        del content[132:144]
    path.write_bytes(content)
    assert "larger when decompressed" in problem(path)
    assert picture_sha256(path)
    assert read_header(str(path)) == NO_HEADER


def test_without_preamble_and_without_meta(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored())
    marked = written(made, tmp_path).read_bytes()
    path = tmp_path / "b.dcm"
    path.write_bytes(marked[132:])
    assert likeness(radiograph.read(path).pixels) > 0.999
    length = struct.unpack_from("<I", marked, 140)[0]
    path.write_bytes(marked[144 + length :])
    assert likeness(radiograph.read(path).pixels) > 0.999
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    plain = written(made, tmp_path).read_bytes()
    path.write_bytes(plain[144 + struct.unpack_from("<I", plain, 140)[0] :])
    assert likeness(radiograph.read(path).pixels) > 0.999


def test_monochrome1_is_inverted_once(tmp_path: Path) -> None:
    plain = read(dicom_files.dataset(stored()), tmp_path)
    tags: dict[str, Any] = {
        "PhotometricInterpretation": "MONOCHROME1",
        "PresentationLUTShape": "INVERSE",
    }
    found = read(dicom_files.dataset(4095 - stored(), **tags), tmp_path)
    np.testing.assert_allclose(found.pixels, plain.pixels, atol=1e-6)
    assert found.warnings == ()


def test_tags_of_a_radiograph_are_believed(tmp_path: Path) -> None:
    found = read(dicom_files.dataset(4095 - stored()), tmp_path)
    assert likeness(found.pixels) < -0.999
    assert "looks inverted" in found.warnings[0]


@pytest.mark.parametrize(
    "tags",
    [
        {"SOPClassUID": dicom_files.SECONDARY_CAPTURE},
        {"Modality": "OT"},
        {"Modality": None},
        {"PresentationLUTShape": "INVERSE"},
    ],
)
def test_else_the_picture_decides(tags: dict[str, Any], tmp_path: Path) -> None:
    found = read(dicom_files.dataset(4095 - stored(), **tags), tmp_path)
    assert likeness(found.pixels) > 0.999
    assert "was inverted" in found.warnings[0]
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert likeness(found.pixels) > 0.999
    assert found.warnings == ()


def test_colours(tmp_path: Path) -> None:
    grey = stored(8)
    colour = np.stack([grey] * 3, axis=-1)
    tags: dict[str, Any] = {"SOPClassUID": dicom_files.SECONDARY_CAPTURE, "Modality": "OT"}
    np.testing.assert_allclose(
        read(dicom_files.dataset(colour, 8, **tags), tmp_path).pixels, grey / 255, atol=1e-5
    )
    jpeg = dicom_files.as_jpeg(dicom_files.dataset(colour, 8, **tags), JPEGBaseline8Bit)
    assert likeness(read(jpeg, tmp_path).pixels) > 0.995
    palette = dicom_files.dataset(grey, 8, PhotometricInterpretation="PALETTE COLOR", **tags)
    for name in ("Red", "Green", "Blue"):
        descriptor, data = (
            f"{name}PaletteColorLookupTable{part}" for part in ("Descriptor", "Data")
        )
        palette.add_new(descriptor, "US", [256, 0, 16])
        palette.add_new(data, "OW", (np.arange(256, dtype="<u2") * 257).tobytes())
    np.testing.assert_allclose(read(palette, tmp_path).pixels, grey / 255, atol=1e-5)


def test_pixels_that_are_floats(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored())
    del made.PixelData
    values = HAND.astype("<f4")
    values[0, 0] = np.nan
    made.FloatPixelData = values.tobytes()
    made.BitsAllocated = 32
    found = read(made, tmp_path).pixels
    assert found[0, 0] == 0
    assert likeness(found) > 0.99


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"Rows": 60000, "Columns": 60000}, "60000 x 60000 pixels is past the limit"),
        ({"Rows": 10}, "too small"),
        ({"Rows": None}, "no size"),
        ({"Rows": 0}, "no size"),
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"Rows": 200}, "cut off"),
        ({"BitsAllocated": 7}, "BitsAllocated of 7"),
        ({"BitsAllocated": 12}, "BitsAllocated of 12"),
        ({"SamplesPerPixel": 9, "PlanarConfiguration": 0}, "cut off"),
    ],
)
def test_headers_that_make_no_sense(tags: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert words in problem(written(dicom_files.dataset(stored(), **tags), tmp_path))


@pytest.mark.parametrize(
    "keyword",
    ["SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored",
     "PixelRepresentation"],
)  # fmt: skip
def test_a_missing_tag_is_named(keyword: str, tmp_path: Path) -> None:
    without: dict[str, Any] = {keyword: None}
    message = problem(written(dicom_files.dataset(stored(), **without), tmp_path))
    assert f"{keyword} is missing" in message
    assert "copy" not in message


def test_several_missing_tags_are_named(tmp_path: Path) -> None:
    colour = np.stack([stored(8)] * 3, axis=-1)
    made = dicom_files.dataset(colour, 8, PlanarConfiguration=None, BitsStored=None)
    assert "BitsStored and PlanarConfiguration are missing" in problem(written(made, tmp_path))


def test_the_interpretation_may_be_in_small_letters(tmp_path: Path) -> None:
    plain = read(dicom_files.dataset(stored()), tmp_path)
    made = dicom_files.dataset(4095 - stored(), PhotometricInterpretation="monochrome1")
    np.testing.assert_allclose(read(made, tmp_path).pixels, plain.pixels, atol=1e-6)


def test_excess_pixels_are_no_further_picture(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored())
    plain = read(made, tmp_path).pixels
    made.PixelData += made.PixelData
    np.testing.assert_array_equal(read(made, tmp_path).pixels, plain)


def test_what_was_noted_survives_a_failure(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored(), PixelSpacing=["0", "0"], BitsStored=None)
    message = problem(written(made, tmp_path))
    assert "noted before: the file's PixelSpacing makes no sense" in message
    flat = dicom_files.dataset(stored() * 0, Laterality="L", ImageLaterality="R")
    assert "disagree about the side" in problem(written(flat, tmp_path))


def test_without_pixels(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored(), Modality="SR")
    del made.PixelData
    assert "(SR) without pixel data" in problem(written(made, tmp_path))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.3.4", "no uid"])
def test_an_unknown_transfer_syntax(syntax: str, tmp_path: Path) -> None:
    made = dicom_files.dataset(stored())
    path = written(made, tmp_path)
    known = b"1.2.840.10008.1.2.1\0"
    path.write_bytes(path.read_bytes().replace(known, syntax.encode().ljust(len(known), b"\0"), 1))
    if len(syntax) <= len(known):
        assert "transfer syntax" in problem(path)
    else:
        problem(path)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless, "lossy", 11])
def test_truncated_compressed_pixels(syntax: str | int, tmp_path: Path) -> None:
    made = dicom_files.dataset(stored(8), 8)
    if syntax == "lossy":
        made = dicom_files.as_jpeg(made, JPEGBaseline8Bit)
    elif isinstance(syntax, str):
        made.compress(syntax, generate_instance_uid=False)
    path = written(made, tmp_path)
    if isinstance(syntax, int):
        dicom_files.change_syntax(path, syntax)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    assert "cut off" in problem(path)


def test_a_codestream_of_another_size(tmp_path: Path) -> None:
    for syntax in (JPEG2000Lossless, JPEGLSLossless):
        made = dicom_files.dataset(stored(8), 8)
        made.compress(syntax, generate_instance_uid=False)
        made.Rows += 1
        assert "differ" in problem(written(made, tmp_path))
    assert codestream.header(b"\xff\xd8\xff\xff\xd9\xff\xd9") is None
    assert codestream.header(b"") is None
