"""Objects join the study of their radiographs, whatever its tags; or an error says what lacks."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pydicom import config, dcmread

from sharp_cli.core.errors import DocumentError
from sharp_cli.radiograph import file_sha256
from sharp_cli.results.dicom.files import to_bytes
from sharp_cli.results.dicom.source_study import read_source
from sharp_cli.results.document import ModelRow
from tests.fakes import paint
from tests.results.dicom.radiographs import STUDY, overlays, radiograph, report, score, write

if TYPE_CHECKING:
    from pathlib import Path

    from pydicom import Dataset

    from sharp_cli.results.document import Document

OF_THE_STUDY = ("StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber")


def written(study: Document) -> Dataset:
    """A short report, as its file gives it."""
    short = replace(study, joints=study.joints[:1])
    return dcmread(io.BytesIO(to_bytes(report(short))))


def test_an_object_has_patient_and_study_of_its_radiograph(tmp_path: Path) -> None:
    source = dcmread(write(tmp_path / "left.dcm"))
    made = written(score(tmp_path / "left.dcm"))
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "PatientAge",
                    "StudyInstanceUID", "ReferringPhysicianName", *OF_THE_STUDY):  # fmt: skip
        assert made[keyword].value == source[keyword].value
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert made.Manufacturer != source.Manufacturer


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Müller^Jörg"),
        ("ISO_IR 192", "Øre^Ærlig=王^小東"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
def test_names_in_any_character_set(tmp_path: Path, charset: str | list[str], name: str) -> None:
    tags: dict[str, Any] = {"SpecificCharacterSet": charset, "PatientName": name}
    made = written(score(write(tmp_path / "left.dcm", **tags)))
    assert str(made.PatientName) == name
    assert made.SpecificCharacterSet == "ISO_IR 192"


def test_what_is_missing_is_empty_and_what_is_odd_is_kept_with_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        "StudyDate": "2019.03.02",
        "AccessionNumber": "ACC-2024-0001234567890",
        "PatientBirthDate": "secret",
        "PatientSex": "f",
        "PatientName": "secret" * 20,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tmp_path / "left.dcm", **bad, PatientID=None, StudyID=None)
    caplog.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = written(score(tmp_path / "left.dcm"))
        (warning,) = read_source(score(tmp_path / "left.dcm")).warnings
    with config.disable_value_validation():
        for keyword, value in bad.items():
            assert made[keyword].value == value
    for keyword in ("PatientID", "StudyID"):
        assert not made[keyword].value
    assert made.StudyTime == STUDY["StudyTime"]
    assert warning.message == (
        "StudyDate, AccessionNumber, PatientName, PatientBirthDate, PatientSex: not as DICOM "
        "allows, kept as the radiograph has it: an archive may refuse it"
    )
    assert capfd.readouterr() == ("", "")
    assert "ecret" not in caplog.text


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
@pytest.mark.parametrize("value", [None, "", "1.2.x", "1." * 40 + "1"])
def test_without_an_identifier_there_is_no_object(
    tmp_path: Path, keyword: str, value: str | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = radiograph(tmp_path / "left.dcm")
        if value is None:
            del made[keyword]
        else:
            made[keyword].value = value
        made.save_as(tmp_path / "left.dcm")
    study = score(tmp_path / "left.dcm")
    with pytest.raises(DocumentError, match=rf"left\.dcm: it has no valid {keyword}, so .*leave"):
        read_source(study)


def test_identifiers_with_leading_zeros_are_taken_as_they_are(tmp_path: Path) -> None:
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    given = {name: f"1.2.826.0.01.3680043.{at}" for at, name in enumerate(names)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tmp_path / "left.dcm", **given)
    study = score(tmp_path / "left.dcm")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content = to_bytes(report(replace(study, joints=study.joints[:1])))
        (picture,) = overlays(study)
    made = dcmread(io.BytesIO(content))
    assert made.StudyInstanceUID == picture.StudyInstanceUID == given["StudyInstanceUID"]
    (evidence,) = made.CurrentRequestedProcedureEvidenceSequence
    (series,) = evidence.ReferencedSeriesSequence
    assert evidence.StudyInstanceUID == given["StudyInstanceUID"]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == given["SOPInstanceUID"]


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    study = score(write(tmp_path / "left.dcm"))
    study = replace(study, joints=study.joints[:1])

    first, again = ([to_bytes(one) for one in (report(study), *overlays(study))] for _ in range(2))
    assert [one == other for one, other in zip(first, again, strict=True)] == [True, True]
    dated = dcmread(io.BytesIO(first[0]))
    assert (dated.ContentDate, dated.ContentTime) == (STUDY["StudyDate"], STUDY["StudyTime"])


def test_a_picture_is_no_dicom_file(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"two\.png: it is no DICOM file"):
        read_source(score(paint(tmp_path / "two.png")))


@pytest.mark.parametrize(
    ("tags", "what"),
    [({"StudyInstanceUID": "1.2.9"}, "studies"), ({"PatientID": "other"}, "patients")],
)
def test_radiographs_of_two_studies_or_patients_have_no_common_object(
    tmp_path: Path, tags: dict[str, str], what: str
) -> None:
    study = score(write(tmp_path / "left.dcm"), write(tmp_path / "right.dcm"))
    right = write(tmp_path / "right.dcm", **tags)
    rows = [replace(row, sha256=file_sha256(row.file)) for row in study.inputs]
    study = replace(study, inputs=tuple(rows))
    assert str(right) in study.hands[1].file
    with pytest.raises(DocumentError, match=rf"left\.dcm, .*right\.dcm: of different {what}"):
        read_source(study)


def test_a_radiograph_that_is_another_now_is_refused(tmp_path: Path) -> None:
    study = score(write(tmp_path / "left.dcm"))
    write(tmp_path / "two.dcm").replace(tmp_path / "left.dcm")
    with pytest.raises(DocumentError, match="not the radiograph that was scored"):
        read_source(study)


def test_the_same_gives_the_same_identifiers(tmp_path: Path) -> None:
    write(tmp_path / "left.dcm")
    first, second = (read_source(score(tmp_path / "left.dcm")) for _ in range(2))
    assert first.identity("report", 1) == second.identity("report", 1)
    moved = (tmp_path / "left.dcm").rename(tmp_path / "moved-left.dcm")
    assert read_source(score(moved)).key == first.key


def test_anything_else_gives_other_identifiers(tmp_path: Path) -> None:
    study = score(write(tmp_path / "two.dcm"))
    first, second = study.hands
    (a, b, x), below = first.to_image
    moved = replace(first, to_image=((a, b, x + 200), below))
    others = [
        replace(study, threshold=0.3),
        replace(study, model="siso"),
        replace(study, models={"findings": ModelRow("findings 3", "0" * 64)}),
        replace(study, hands=(first,)),
        replace(study, hands=(second,)),
        replace(study, hands=(moved,)),
        score(write(tmp_path / "two-others.dcm")),
    ]
    keys = [read_source(one).key for one in others]
    assert len({*keys, read_source(study).key}) == len(others) + 1
    uids = [read_source(study).uid(*what) for what in (("a",), ("b",), ("a", "1"), ("a", "2"))]
    assert len(set(uids)) == len(uids)
