"""How large pixels are, where that is so, and what shape they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sharp_cli.core.records import Spacing
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph.files import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose

IMAGER, PIXEL, SCANNED = "ImagerPixelSpacing", "PixelSpacing", "NominalScannedPixelSpacing"
TYPE, FACTOR = "PixelSpacingCalibrationType", "EstimatedRadiographicMagnificationFactor"


@pytest.mark.parametrize(
    ("tags", "millimetres", "source", "plane"),
    [
        ({IMAGER: 0.2}, 0.2, IMAGER, "detector"),
        ({PIXEL: 0.18}, 0.18, PIXEL, "unknown"),
        ({IMAGER: 0.2, PIXEL: 0.18}, 0.18, PIXEL, "hand"),
        ({IMAGER: 0.2, PIXEL: 0.2}, 0.2, IMAGER, "detector"),
        ({IMAGER: 0.2, PIXEL: 0.20001}, 0.2, IMAGER, "detector"),
        ({IMAGER: 0.2, PIXEL: 0.2, TYPE: "GEOMETRY"}, 0.2, PIXEL, "hand"),
        ({IMAGER: 0.2, PIXEL: 0.18, TYPE: "FIDUCIAL", FACTOR: 1.25}, 0.18, PIXEL, "hand"),
        ({PIXEL: 0.18, TYPE: "FIDUCIAL"}, 0.18, PIXEL, "hand"),
        ({IMAGER: 0.2, FACTOR: 1.25}, 0.16, f"{IMAGER} / {FACTOR}", "hand"),
        ({SCANNED: 0.18}, 0.18, SCANNED, "detector"),
        ({SCANNED: 0.18, PIXEL: 0.15}, 0.15, PIXEL, "hand"),
        ({SCANNED: 0.18, FACTOR: 1.2}, 0.15, f"{SCANNED} / {FACTOR}", "hand"),
    ],
)
def test_spacing(
    tags: dict[str, Any], millimetres: float, source: str, plane: str, tmp_path: Path
) -> None:
    given: dict[str, Any] = {key: [value] * 2 if "Spacing" in key and key != TYPE else value
             for key, value in tags.items()}  # fmt: skip
    found = read(dicom_files.dataset(stored(), **given), tmp_path)
    size = found.spacing
    assert size is not None
    assert (size.height, size.width) == (millimetres, millimetres)
    assert (size.source, size.plane) == (source, plane)
    assert found.aspect == 1.0
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("tags", "spacing", "named"),
    [
        ({PIXEL: ["0", "0"]}, None, PIXEL),
        ({PIXEL: ["NaN", "0.1"]}, None, PIXEL),
        ({PIXEL: ["-1", "0.1"]}, None, PIXEL),
        ({PIXEL: "0.1"}, None, PIXEL),
        ({IMAGER: ["inf", "1"], PIXEL: [0.3, 0.3]}, Spacing(0.3, 0.3, PIXEL, "unknown"), IMAGER),
        ({IMAGER: [0.2, 0.2], FACTOR: 0.5}, Spacing(0.2, 0.2, IMAGER, "detector"), FACTOR),
        ({IMAGER: [0.2, 0.2], FACTOR: 3}, Spacing(0.2, 0.2, IMAGER, "detector"), FACTOR),
        ({"PixelAspectRatio": ["1", "0"]}, None, "PixelAspectRatio"),
    ],
)
def test_what_makes_no_sense_is_named(
    tags: dict[str, Any], spacing: Spacing | None, named: str, tmp_path: Path
) -> None:
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.spacing == spacing
    assert found.warnings == (f"the file's {named} makes no sense and is not used",)


@pytest.mark.parametrize(
    ("tags", "aspect"),
    [
        ({PIXEL: [0.25, 0.2]}, 1.25),
        ({IMAGER: [0.2, 0.25]}, 0.8),
        ({"PixelAspectRatio": ["5", "4"]}, 1.25),
        ({"PixelAspectRatio": ["1", "1"]}, 1.0),
        ({IMAGER: [0.2, 0.2], PIXEL: [0.2, 0.16]}, 1.25),
        ({IMAGER: [0.25, 0.2], "PixelAspectRatio": ["5", "4"]}, 1.25),
    ],
)
def test_pixels_that_are_not_square(tags: dict[str, Any], aspect: float, tmp_path: Path) -> None:
    plain = read(dicom_files.dataset(stored()), tmp_path)
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.aspect == pytest.approx(aspect)
    np.testing.assert_array_equal(found.pixels, plain.pixels)
    told = [note for note in found.warnings if "as high as wide" in note]
    assert len(told) == len(found.warnings) == (aspect != 1)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({IMAGER: [0.2, 0.2], "PixelAspectRatio": ["5", "4"]}, "contradicts its Imager"),
        ({"PixelAspectRatio": ["9", "1"]}, "PixelAspectRatio makes no sense (pixels 9 times"),
        ({PIXEL: [1.0, 0.1]}, "PixelSpacing makes no sense (pixels 10 times"),
    ],
)
def test_shapes_that_are_not_believed(tags: dict[str, Any], words: str, tmp_path: Path) -> None:
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.aspect == 1.0
    (note,) = found.warnings
    assert words in note
