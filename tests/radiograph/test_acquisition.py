"""What a header says of view, part of the body and annotation is used or warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sharp_cli.radiograph.acquisition import remarks, view
from tests.dicom_files import dataset, stored
from tests.radiograph.files import read

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")  # written on purpose


def tags(**given: Any) -> Dataset:
    made = Dataset()
    for keyword, value in given.items():
        setattr(made, keyword, value)
    return made


def code(meaning: str) -> Sequence:
    return Sequence([tags(CodeMeaning=meaning)])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "PA"),
        ({"ViewPosition": "PA"}, "PA"),
        ({"ViewPosition": "AP"}, "AP"),
        ({"ViewPosition": "ap"}, "AP"),
        ({"ViewPosition": "LAP"}, "PA"),
        ({"ViewCodeSequence": code("antero-posterior")}, "AP"),
        ({"ViewCodeSequence": code("postero-anterior")}, "PA"),
        ({"ViewCodeSequence": code("Palmo-dorsal projection")}, "AP"),
    ],
)
def test_views(given: dict[str, Any], expected: str) -> None:
    assert view(tags(**given)) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"ViewPosition": "PA"},
        {"ViewPosition": "AP"},
        {"ViewPosition": "L"},
        {"BodyPartExamined": "HAND"},
        {"BodyPartExamined": "WRIST"},
        {"BodyPartExamined": "EXTREMITY"},
        {"BodyPartExamined": "UP_EXM UPPER"},
        {"BodyPartExamined": "HÄNDE"},
        {"BodyPartExamined": "MANO DER"},
        {"BodyPartExamined": "手"},
        {"AnatomicRegionSequence": code("Hand and wrist")},
        {"BurnedInAnnotation": "NO"},
        {"PresentationIntentType": "FOR PRESENTATION"},
    ],
)
def test_hands_in_usual_views_need_no_word(given: dict[str, Any]) -> None:
    assert list(remarks(tags(**given))) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ViewPosition": "LATERAL"}, "lateral or oblique"),
        ({"ViewPosition": "LL"}, "lateral or oblique"),
        ({"ViewPosition": "RLO"}, "lateral or oblique"),
        ({"ViewPosition": "OBLIQUE"}, "lateral or oblique"),
        ({"ViewCodeSequence": code("postero-anterior oblique")}, "lateral or oblique"),
        ({"BodyPartExamined": "FOOT"}, "no hand"),
        ({"BodyPartExamined": "CHEST"}, "no hand"),
        ({"BodyPartExamined": "LEXTREMITY"}, "no hand"),
        ({"BodyPartExamined": "METATARSUS"}, "no hand"),
        ({"AnatomicRegionSequence": code("Knee")}, "no hand"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "FOR PROCESSING"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1"}, "FOR PROCESSING"),
        ({"BurnedInAnnotation": "YES"}, "may name the patient"),
    ],
)
def test_what_the_models_were_not_made_for_is_told(given: dict[str, Any], said: str) -> None:
    (warning,) = remarks(tags(**given))
    assert said in warning


def test_no_word_of_the_header_is_repeated() -> None:
    secret = {"BodyPartExamined": "MILLER ANN", "ViewPosition": "LATERAL MILLER"}
    assert not any("MILLER" in text for text in remarks(tags(**secret)))


def test_a_radiograph_knows_its_view_and_tells_what_is_odd(tmp_path: Path) -> None:
    given: dict[str, Any] = {"ViewPosition": "AP", "BurnedInAnnotation": "YES"}
    found = read(dataset(stored(), **given), tmp_path)
    assert found.view == "AP"
    (warning,) = found.warnings
    assert "BurnedInAnnotation" in warning
    assert read(dataset(stored()), tmp_path).view == "PA"
