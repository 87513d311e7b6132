"""Side, functional groups, and nothing of the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sharp_cli.core.records import Spacing
from tests import dicom_files
from tests.dicom_files import stored
from tests.radiograph.files import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


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
    assert not any("side" in warning for warning in found.warnings)


def test_a_conflict_about_the_side(tmp_path: Path) -> None:
    tags: dict[str, Any] = {"Laterality": "L", "ImageLaterality": "R"}
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    assert found.side is None
    assert "Laterality left, ImageLaterality right" in found.warnings[0]


def frame_groups(**tags: Any) -> Sequence:
    """Functional groups with one item, whose macros hold the tags named for them."""
    group = Dataset()
    for macro, values in tags.items():
        item = Dataset()
        for keyword, value in values.items():
            setattr(item, keyword, value)
        setattr(group, macro, Sequence([item]))
    return Sequence([group])


@pytest.mark.parametrize("kind", ["SharedFunctionalGroupsSequence",
                                  "PerFrameFunctionalGroupsSequence"])  # fmt: skip
def test_functional_groups_count_as_tags_on_top(kind: str, tmp_path: Path) -> None:
    usual: dict[str, Any] = {
        "WindowCenter": 2000, "WindowWidth": 8000, "RescaleSlope": 2, "RescaleIntercept": -100,
        "PixelSpacing": [0.2, 0.2], "ImageLaterality": "L",
    }  # fmt: skip
    plain = read(dicom_files.dataset(stored(), **usual), tmp_path)
    groups = frame_groups(
        FrameVOILUTSequence={"WindowCenter": 2000, "WindowWidth": 8000},
        PixelValueTransformationSequence={"RescaleSlope": 2, "RescaleIntercept": -100},
        PixelMeasuresSequence={"PixelSpacing": [0.2, 0.2]},
        FrameAnatomySequence={"FrameLaterality": "L"},
    )
    tags: dict[str, Any] = {"NumberOfFrames": 1, kind: groups}
    found = read(dicom_files.dataset(stored(), **tags), tmp_path)
    np.testing.assert_array_equal(found.pixels, plain.pixels)
    assert (found.spacing, found.side) == (plain.spacing, plain.side)
    assert found.side == "left"
    assert found.warnings == ()


def test_the_group_of_the_frame_comes_before_that_of_all(tmp_path: Path) -> None:
    both: dict[str, Any] = {
        "SharedFunctionalGroupsSequence": frame_groups(
            FramePixelDataPropertiesSequence={"ImagerPixelSpacing": [0.3, 0.3]}
        ),
        "PerFrameFunctionalGroupsSequence": frame_groups(
            FramePixelDataPropertiesSequence={"ImagerPixelSpacing": [0.2, 0.2]}
        ),
    }
    found = read(dicom_files.dataset(stored(), **both), tmp_path)
    assert found.spacing == Spacing(0.2, 0.2, "ImagerPixelSpacing", "detector")


def test_a_radiograph_says_nothing_of_the_patient(tmp_path: Path) -> None:
    assert "SECRET" not in repr(read(dicom_files.dataset(stored()), tmp_path))
