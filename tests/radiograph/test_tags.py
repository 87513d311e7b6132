"""Spacing and side, and nothing of the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph.files import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


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
