"""Rescale, windows, look-up tables and padding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian

from sharp_cli import radiograph
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph.files import HAND, likeness, read, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray


pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


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


def as_written(kind: str, first: int, entries: list[int], bits: int = 16) -> Dataset:
    """A table whose descriptor is written with a VR of its own, whatever the pixels are."""
    item = Dataset()
    numbers = np.array([len(entries), first, bits]).astype("u2")
    item.add_new("LUTDescriptor", kind, numbers.view("i2" if kind == "SS" else "u2").tolist())
    item.add_new("LUTData", "OW", np.array(entries, dtype="<u2").tobytes())
    return item


@pytest.mark.parametrize("kind", ["US", "SS"])
@pytest.mark.parametrize("keyword", ["ModalityLUTSequence", "VOILUTSequence"])
@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("signed", [False, True])
def test_the_first_value_of_a_table_is_signed_as_the_pixels_are(
    kind: str,
    keyword: str,
    implicit: bool,  # noqa: FBT001
    signed: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    pixels = stored(16, signed=signed)
    first = -20000 if signed else 40000
    table = as_written(kind, first, [*range(20000)])
    made = dicom_files.dataset(pixels, 16)
    setattr(made, keyword, Sequence([table]))
    if implicit:
        made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    found = read(made, tmp_path)
    looked_up = np.clip(pixels.astype(float) - first, 0, 19999)
    if keyword == "VOILUTSequence":
        np.testing.assert_allclose(found.pixels, looked_up / 19999, atol=1e-4)
    else:
        assert likeness(found.pixels, looked_up) > 0.9999
    assert found.warnings == ()


def test_the_first_value_of_a_table_may_be_below_0_after_a_rescale(tmp_path: Path) -> None:
    made = dicom_files.dataset(stored(), RescaleSlope=1, RescaleIntercept=-1024)
    made.VOILUTSequence = Sequence([as_written("SS", -1024, [*range(4096)], 12)])
    found = read(made, tmp_path)
    np.testing.assert_allclose(found.pixels, stored() / 4095, atol=1e-6)


def test_the_entries_of_a_table_are_never_signed(tmp_path: Path) -> None:
    item = as_written("US", 0, [0])
    item.LUTDescriptor = [4096, 0, 16]
    del item.LUTData
    item.add_new("LUTData", "SS", (np.arange(4096) * 16).astype("u2").view("i2").tolist())
    found = read(dicom_files.dataset(stored(), VOILUTSequence=Sequence([item])), tmp_path)
    np.testing.assert_allclose(found.pixels, stored() / 4095, atol=1e-6)


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
