from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)

from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
from sharp_cli.radiograph import codestream, decoded, dicom, gdcm_process, polarity, reading
from tests import dicom_files
from tests.dicom_files import hand, stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

    from sharp_cli.core.records import Radiograph

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose

HAND = hand()
IN_BULK = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def written(made: FileDataset, folder: Path, **how: Any) -> Path:
    path = folder / "a.dcm"
    made.save_as(path, **({"enforce_file_format": True} | how))
    return path


def read(made: FileDataset, folder: Path) -> Radiograph:
    return radiograph.read(written(made, folder))


def problem(path: Path) -> str:
    """The message of the error that reading the file gives, which names the file."""
    with pytest.raises(RadiographError) as caught:
        radiograph.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert caught.value.__cause__ is None is caught.value.__context__
    assert ";" in message  # what is wrong; what to do
    assert "secret" not in message.lower()
    return message


def likeness(pixels: NDArray[Any], wanted: NDArray[Any] = HAND) -> float:
    """Correlation of what was read with what was written."""
    return float(np.corrcoef(pixels.ravel(), wanted.ravel())[0, 1])


# DICOM: transfer syntaxes


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
    monkeypatch.setattr(dicom, "_MAX_INFLATED", 1 << 19)
    assert "too large" in problem(path)


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


# DICOM: how it is to be shown


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


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        ("LINEAR", lambda x: (x - 1999.5) / 2999 + 0.5),
        ("LINEAR_EXACT", lambda x: (x - 2000) / 3000 + 0.5),
        ("SIGMOID", lambda x: 1 / (1 + np.exp(-4 * (x - 2000) / 3000))),
        (None, lambda x: (x - 1999.5) / 2999 + 0.5),
    ],
)
def test_the_first_window_after_the_rescale(
    function: str | None, shown: Callable[[NDArray[Any]], NDArray[Any]], tmp_path: Path
) -> None:
    tags: dict[str, Any] = {
        "RescaleSlope": 2,
        "RescaleIntercept": -1000,
        "WindowCenter": [2000, 7],
        "WindowWidth": [3000, 8],
        "VOILUTFunction": function,
    }
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    wanted = np.clip(shown(stored() * 2.0 - 1000), 0, 1)
    np.testing.assert_allclose(found.pixels, wanted, atol=1e-5)
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("centre", "width"), [(2000, 0), (2000, -5), (60000, 10), ("NaN", 100), ("", 100), ("x", "y")]
)
def test_a_useless_window(centre: float | str, width: float | str, tmp_path: Path) -> None:
    plain = read(dicom_files.dataset(stored()), tmp_path)
    made = dicom_files.dataset(stored())
    made.add_new("WindowCenter", "LO", str(centre))  # so that pydicom writes what is no number
    made.add_new("WindowWidth", "LO", str(width))
    path = written(made, tmp_path)
    path.write_bytes(
        path.read_bytes()
        .replace(b"\x28\x00\x50\x10LO", b"\x28\x00\x50\x10DS")
        .replace(b"\x28\x00\x51\x10LO", b"\x28\x00\x51\x10DS")
    )
    found = radiograph.read(path)
    np.testing.assert_array_equal(found.pixels, plain.pixels)
    assert "window" in found.warnings[0]


def test_look_up_tables(tmp_path: Path) -> None:
    square = [round((x / 4095) ** 2 * 255) for x in range(4096)]
    made = dicom_files.dataset(stored(), WindowCenter=1, WindowWidth=1)
    made.VOILUTSequence = Sequence([dicom_files.table(0, square, 8)])
    found = read(made, tmp_path)
    np.testing.assert_allclose(found.pixels, HAND**2, atol=3e-3)
    assert found.warnings == ()
    made = dicom_files.dataset(stored(), RescaleSlope=0, RescaleIntercept=0)
    made.ModalityLUTSequence = Sequence([dicom_files.table(100, [*range(3000)], 16)])
    made.WindowCenter, made.WindowWidth, made.VOILUTFunction = 1500, 3000, "LINEAR_EXACT"
    found = read(made, tmp_path)
    np.testing.assert_allclose(found.pixels, np.clip(stored() - 100.0, 0, 2999) / 3000, atol=1e-4)


def test_a_damaged_look_up_table(tmp_path: Path) -> None:
    item = dicom_files.table(0, [1, 2, 3], 8)
    item.LUTDescriptor = [4096, 0, 8]
    made = dicom_files.dataset(stored(), VOILUTSequence=Sequence([item]))
    found = read(made, tmp_path)
    assert likeness(found.pixels) > 0.999
    assert "VOILUTSequence is damaged" in found.warnings[0]


@pytest.mark.parametrize("slope", ["0", "NaN"])
def test_a_useless_rescale(slope: str, tmp_path: Path) -> None:
    found = read(dicom_files.dataset(stored(), RescaleSlope=slope, RescaleIntercept=0), tmp_path)
    assert likeness(found.pixels) > 0.999
    assert "rescale" in found.warnings[0]


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_does_not_count_and_is_dark(interpretation: str, tmp_path: Path) -> None:
    pixels = stored(12, signed=True) // 8
    pixels[:20] = -2000
    tags: dict[str, Any] = {"PixelPaddingValue": -2000, "PhotometricInterpretation": interpretation}
    if interpretation == "MONOCHROME1":
        pixels[20:] *= -1
    found = read(dicom_files.dataset(pixels, **tags), tmp_path).pixels
    assert (found[:20] == 0).all()
    assert np.ptp(found[20:]) > 0.9


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


# DICOM: what else the tags say


@pytest.mark.parametrize(
    ("tags", "spacing", "warned"),
    [
        ({"ImagerPixelSpacing": [0.1, 0.2], "PixelSpacing": [0.3, 0.3]}, (0.1, 0.2), False),
        ({"PixelSpacing": [0.3, 0.4]}, (0.3, 0.4), False),
        ({}, None, False),
        ({"PixelSpacing": ["0", "0"]}, None, True),
        ({"PixelSpacing": ["NaN", "0.1"]}, None, True),
        ({"PixelSpacing": ["-1", "0.1"]}, None, True),
        ({"PixelSpacing": "0.1"}, None, True),
        ({"ImagerPixelSpacing": ["inf", "1"], "PixelSpacing": [0.3, 0.4]}, (0.3, 0.4), True),
    ],
)
def test_spacing(
    tags: dict[str, Any],
    spacing: tuple[float, float] | None,
    warned: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.spacing == spacing
    assert bool(found.warnings) is warned


def code(meaning: str, **more: Any) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99TEST", meaning
    for keyword, value in more.items():
        setattr(item, keyword, value)
    return Sequence([item])


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        ({}, None),
        ({"Laterality": "L"}, "left"),
        ({"ImageLaterality": "R"}, "right"),
        ({"FrameLaterality": "R"}, "right"),
        ({"ImageLaterality": "B"}, None),
        ({"Laterality": "U"}, None),
        ({"Laterality": "L", "ImageLaterality": "L"}, "left"),
        ({"ViewPosition": "PA LEFT"}, "left"),
        ({"ViewPosition": "LL"}, None),
        ({"ViewPosition": "LEFT LATERAL"}, None),
        ({"ViewPosition": "L R"}, None),
        ({"ViewCodeSequence": code("right hand postero-anterior")}, "right"),
        (
            {"AnatomicRegionSequence": code("Hand", AnatomicRegionModifierSequence=code("Left"))},
            "left",
        ),
    ],
)
def test_side(tags: dict[str, Any], side: str | None, tmp_path: Path) -> None:
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.side == side
    assert found.warnings == ()


def test_a_conflict_about_the_side(tmp_path: Path) -> None:
    tags: dict[str, Any] = {"Laterality": "L", "ImageLaterality": "R"}
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.side is None
    assert "Laterality left, ImageLaterality right" in found.warnings[0]


def test_a_radiograph_says_nothing_of_the_patient(tmp_path: Path) -> None:
    assert "SECRET" not in repr(read(dicom_files.dataset(stored()), tmp_path))


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    made = dicom_files.dataset(stored())
    made.add_new("PatientAge", "LO", "SECRET AGE")
    path = written(made, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\x10\x00\x10\x10LO", b"\x10\x00\x10\x10AS")[:-50])
    problem(path)
    assert capfd.readouterr() == ("", "")


# Pictures


@pytest.mark.parametrize(
    ("mode", "suffix", "least"),
    [
        *[("L", suffix, 0.999) for suffix in (".png", ".tif", ".bmp")],
        *[("RGB", suffix, 0.999) for suffix in (".png", ".tif", ".bmp")],
        *[(mode, ".png", 0.99) for mode in ("P", "LA", "RGBA")],
        *[(mode, ".jpg", 0.99) for mode in ("L", "RGB", "CMYK")],
        ("I;16", ".png", 0.999),
        *[(mode, ".tif", 0.999) for mode in ("I;16", "I", "F")],
        *[("1", suffix, 0.5) for suffix in (".png", ".tif", ".bmp")],
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_pictures(
    mode: str,
    suffix: str,
    least: float,
    inverted: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    shown = 1 - HAND if inverted else HAND
    path = tmp_path / f"a{suffix}"
    if mode == "F":
        image = Image.fromarray(shown.astype(np.float32))
    elif mode.startswith("I"):
        image = Image.fromarray((shown * 50000).astype(np.uint16 if ";" in mode else np.int32))
    else:
        image = Image.fromarray((shown * 255).astype(np.uint8)).convert(mode)
    image.save(path)
    found = radiograph.read(path)
    assert found.pixels.dtype == np.float32
    assert likeness(found.pixels) > least
    notes = [note for note in found.warnings if "grey levels" not in note]
    assert notes == ["the picture shows bones dark; it was inverted"] * inverted
    assert (mode == "1") is (len(found.warnings) > len(notes))
    assert (found.spacing, found.side) == (None, None)


@pytest.mark.parametrize("levels", [2, 7, 8, 9])
def test_few_grey_levels_are_told(levels: int, tmp_path: Path) -> None:
    shown = (np.arange(256 * 256, dtype=np.uint8) % levels * 20).reshape(256, 256)
    Image.fromarray(shown).save(tmp_path / "a.png")
    told = [f"the picture has only {levels} grey levels"] * (levels < 8)
    found = radiograph.read(tmp_path / "a.png")
    assert [note for note in found.warnings if "grey levels" in note] == told


def test_pixels_that_are_no_number(tmp_path: Path) -> None:
    values = HAND.astype(np.float32)
    values[:3] = np.nan
    values[3] = np.inf
    Image.fromarray(values).save(tmp_path / "a.tif")
    found = radiograph.read(tmp_path / "a.tif")
    assert (found.pixels[:4] == 0).all()
    assert "no number" in found.warnings[0]


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_orientation_tag_is_not_applied(suffix: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path, exif=exif)
    found = radiograph.read(path)
    assert likeness(found.pixels) > 0.99
    assert "orientation" in found.warnings[0]
    assert radiograph.size(path) == HAND.shape[::-1]


def test_the_size_comes_from_the_header(tmp_path: Path) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)
    assert radiograph.size(path) == HAND.shape[::-1]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RadiographError, match=r"a\.dcm: "):
        radiograph.size(path)
    Image.fromarray(np.zeros((90, 80), np.uint8)).save(tmp_path / "flat.png")
    assert radiograph.size(tmp_path / "flat.png") == (80, 90)
    with pytest.raises(RadiographError, match="no such file"):
        radiograph.size(tmp_path / "none.png")


# What cannot be read


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "no such file" in problem(tmp_path / "missing.dcm")
    assert "folder" in problem(tmp_path)
    assert "name" in problem(tmp_path / ("x" * 5000))
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in problem(tmp_path / "pipe")
    (tmp_path / "empty.png").touch()
    assert "empty" in problem(tmp_path / "empty.png")


@pytest.mark.parametrize("content", [b"a letter\n" * 300, b"\0" * 5000, b"x", b"\x89PNG\r\n\x1a\n"])
def test_files_that_are_no_picture(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    problem(path)


@pytest.mark.parametrize(
    ("error", "words"),
    [(PermissionError, "permission"), (MemoryError, "memory"), (OSError, "read")],
)
def test_errors_of_the_system(
    error: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    assert words in problem(path)


def test_a_file_past_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(dicom_files.dataset(stored()), tmp_path)
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 1000)
    assert "limit" in problem(path)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"Rows": 60000, "Columns": 60000}, "60000 x 60000 pixels is past the limit"),
        ({"Rows": 10}, "too small"),
        ({"Rows": None}, "no size"),
        ({"Rows": 0}, "no size"),
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"Rows": 200}, "cut off"),
        ({"BitsAllocated": None}, "damaged"),
        ({"BitsAllocated": 7}, "damaged"),
        ({"SamplesPerPixel": 9}, "cut off"),
    ],
)
def test_headers_that_make_no_sense(tags: dict[str, Any], words: str, tmp_path: Path) -> None:
    assert words in problem(written(dicom_files.dataset(stored(), **tags), tmp_path))


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
    assert codestream.size(b"\xff\xd8\xff\xff\xd9\xff\xd9") is None
    assert codestream.size(b"") is None


def test_several_pictures(tmp_path: Path) -> None:
    image = Image.fromarray((HAND * 255).astype(np.uint8))
    path = tmp_path / "a.tif"
    image.save(path, save_all=True, append_images=[image])
    assert "2 pictures" in problem(path)


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    parts = [
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [(60000, 60000, "far too large"), (11000, 11000, "past the limit"), (30, 900, "too small")],
)
def test_sizes_of_pictures(width: int, height: int, words: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png_header(width, height))
    assert words in problem(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
def test_truncated_pictures(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray((HAND * 255).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "too early" in problem(path)


def test_no_contrast(tmp_path: Path) -> None:
    flat = np.full((80, 80), 100, dtype=np.uint8)
    Image.fromarray(flat).save(tmp_path / "a.png")
    assert "no contrast" in problem(tmp_path / "a.png")
    assert "no contrast" in problem(written(dicom_files.dataset(flat, 8), tmp_path))


# Polarity


@pytest.mark.parametrize("frame", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("margin", [2, 8, 30])
def test_polarity_with_a_frame(frame: float, margin: int) -> None:
    for pixels, sign in ((HAND, 1), (1 - HAND, -1)):
        framed = np.pad(pixels, margin, constant_values=frame).astype(np.float32)
        for turns in range(4):
            assert sign * polarity.bone_contrast(np.rot90(framed, turns).copy()) > 0


# Nothing but the library's own error, whatever is in the file


def seeds() -> list[bytes]:
    """Small valid files, one a format and syntax."""
    files = []
    for syntax in ("native", RLELossless, JPEGLSLossless, JPEG2000Lossless, "jpeg"):
        made = dicom_files.dataset(stored(8), 8, WindowCenter=100, WindowWidth=200)
        made.VOILUTSequence = Sequence([dicom_files.table(0, [*range(256)], 8)])
        if syntax == "jpeg":
            made = dicom_files.as_jpeg(made, JPEGBaseline8Bit)
        elif syntax != "native":
            made.compress(syntax, generate_instance_uid=False)
        buffer = io.BytesIO()
        made.save_as(buffer, enforce_file_format=True)
        files.append(buffer.getvalue())
    for kind in ("PNG", "JPEG", "TIFF", "BMP"):
        buffer = io.BytesIO()
        Image.fromarray(stored(8)).save(buffer, kind)
        files.append(buffer.getvalue())
    return files


SEEDS = seeds()


def read_or_refuse(content: bytes, folder: Path) -> None:
    path = folder / "a.dcm"
    path.write_bytes(content)
    try:
        found = radiograph.read(path)
    except RadiographError:
        return
    assert found.pixels.dtype == np.float32
    assert np.isfinite(found.pixels).all()
    assert found.pixels.min() >= 0
    assert found.pixels.max() <= 1


@IN_BULK
@given(
    start=st.sampled_from([b"", b"\0" * 128 + b"DICM", *(seed[:200] for seed in SEEDS)]),
    content=st.binary(max_size=2000),
)
def test_any_bytes(start: bytes, content: bytes, tmp_path: Path) -> None:
    read_or_refuse(start + content, tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
@IN_BULK
@given(data=st.data())
def test_any_damage(seed: bytes, data: st.DataObject, tmp_path: Path) -> None:
    # Half of the damage goes into the headers, which are short and matter most.
    places = st.one_of(st.integers(0, len(seed) - 1), st.integers(0, min(1200, len(seed) - 1)))
    content = bytearray(seed)
    for place in data.draw(st.lists(places, max_size=8)):
        content[place] = data.draw(st.integers(0, 255))
    read_or_refuse(
        bytes(content[: data.draw(st.sampled_from([len(seed), *range(0, len(seed), 97)]))]),
        tmp_path,
    )


def test_pillow_still_writes_after_the_import() -> None:
    """Libraries that bring their own zlib must not get into each other's way."""
    script = (
        "import io, sharp_cli.radiograph, numpy; from PIL import Image; "
        "Image.fromarray(numpy.eye(400, dtype='uint8')).save(io.BytesIO(), 'PNG')"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_limits_are_those_of_the_message() -> None:
    decoded.check_size(10000, 10000)
    decoded.check_size(decoded.MIN_SIDE, decoded.MIN_SIDE)
    with pytest.raises(RadiographError):
        decoded.check_size(10001, 10000)
