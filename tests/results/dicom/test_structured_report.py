"""The report: highdicom reads from it what the document holds, and it is valid DICOM."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from highdicom.sr import srread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import JPEGLSLossless, RLELossless

from sharp_cli.core.about import NOTICE
from sharp_cli.results.dicom.codes import (
    FINDINGS,
    HAND,
    LABEL,
    LABELS,
    LIKELIHOOD,
    PROBABILITY,
    SENS,
    SIDES,
    SITES,
    STATUS,
    STATUSES,
)
from sharp_cli.results.dicom.files import to_bytes
from sharp_cli.results.document import ModelRow
from sharp_cli.results.sens import sens
from tests.results.dicom.radiographs import colour_radiograph, radiograph, report, score, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom import Dataset

    from sharp_cli.results.document import Document


def groups(study: Document) -> list[Any]:
    """The measurement groups that highdicom reads from the report's file."""
    content: Any = srread(io.BytesIO(to_bytes(report(study)))).content
    with_box = content.get_planar_roi_measurement_groups()
    return [*with_box, *content.get_image_measurement_groups()]


def joint_groups(study: Document) -> list[Any]:
    """Those of joints, which are all but those of scores."""
    return [group for group in groups(study) if not number(group, SENS["classified"])]


def number(group: Any, name: Any) -> float | None:
    found = group.get_measurements(name=name)
    return float(found[0].value) if found else None


def said_in(made: Dataset) -> set[str]:
    """All texts of a report."""
    return {str(element.value) for element in made.iterall() if element.keyword == "TextValue"}


def evaluation(group: Any, name: Any) -> Any:
    found = group.get_qualitative_evaluations(name=name)
    return found[0].value if found else None


@pytest.mark.parametrize("files", [("two.dcm",), ("left.dcm", "right.dcm"), ("gap-left.dcm",)])
def test_it_holds_what_the_document_holds(tmp_path: Path, files: tuple[str, ...]) -> None:
    study = score(*(write(tmp_path / file) for file in files))
    sources = {str(tmp_path / file): dcmread(tmp_path / file).SOPInstanceUID for file in files}
    size = (study.inputs[0].width, study.inputs[0].height)
    found = {group.tracking_identifier: group for group in joint_groups(study)}
    assert len(found) == len(study.joints) == 31 * len(study.hands)
    for row in study.joints:
        group = found[f"{row.hand} {row.finding} {row.joint}"]
        site = group.finding_sites[0]
        place, digit = SITES[row.joint]
        assert group.finding_type == FINDINGS[row.finding]
        assert (site.value, site.laterality, site.topographical_modifier) == (
            place,
            SIDES[row.hand],
            digit,
        )
        assert number(group, PROBABILITY) == row.probability
        assert number(group, LIKELIHOOD) == row.likelihood
        assert evaluation(group, LABEL) == (LABELS[row.label] if row.label else None)
        assert evaluation(group, STATUS) == STATUSES[row.status]
        if row.box is None:
            (source,) = group.source_images
        else:
            (source,) = group.roi.ContentSequence
            outline = group.roi.value
            assert outline[:-1] == pytest.approx(
                np.clip(np.array(row.box) + 0.5, 0, size), abs=0.01
            )
            assert outline[0].tolist() == outline[-1].tolist()
        assert source.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == sources[row.file]


@pytest.mark.parametrize("file", ["two.dcm", "gap-left.dcm"])
def test_it_holds_the_scores(tmp_path: Path, file: str) -> None:
    study = score(write(tmp_path / file))
    found = {group.tracking_identifier: group for group in groups(study)}
    for row in sens(study):
        group = found[f"{row.hand or 'study'} SENS"]
        site = group.finding_sites[0]
        assert (site.value, site.laterality) == (HAND, SIDES[row.hand] if row.hand else None)
        for attribute, name in SENS.items():
            assert number(group, name) == getattr(row, attribute)


def test_a_joint_that_was_not_detected_has_no_number(tmp_path: Path) -> None:
    study = score(write(tmp_path / "gap-left.dcm"))
    lost = [
        group
        for group in joint_groups(study)
        if evaluation(group, STATUS) == STATUSES["not-detected"]
    ]
    assert [group.tracking_identifier for group in lost] == ["left erosion lunate"]
    assert not lost[0].get_measurements()


def test_both_radiographs_of_a_study_are_evidence(tmp_path: Path) -> None:
    files = [write(tmp_path / name) for name in ("left.dcm", "right.dcm")]
    study = score(*files)
    made: Any = report(replace(study, joints=study.joints[::31]))
    named = {uid for _, _, uid, _ in made.get_evidence()}
    assert named == {dcmread(file).SOPInstanceUID for file in files}


def test_it_names_its_models_and_that_they_are_not_validated(tmp_path: Path) -> None:
    study = score(write(tmp_path / "odd-left.dcm"))
    study = replace(
        study,
        joints=study.joints[:1],
        models={"findings": ModelRow("findings 2", "ab" * 32)},
        threshold=0.25,
    )
    made = report(study)
    for said in (
        NOTICE,
        "left hand uncertain: cut off, odd",
        f"findings: findings 2, sha256 {'ab' * 32}",
        "threshold: 0.25",
        "model: siso",
    ):
        assert said in said_in(made)
    assert NOTICE not in said_in(report(replace(study, validated_on_patients=True)))
    own = {"siso": {"erosion/PIP-IP": 0.375}}
    made = report(replace(study, threshold=None, thresholds=own))
    assert "threshold: 0.375" in said_in(made)


def compressed(file: Path, syntax: str) -> Dataset:
    made = radiograph(file)
    made.compress(syntax, generate_instance_uid=False)
    return made


@pytest.mark.parametrize(
    "make",
    [
        radiograph,
        colour_radiograph,
        lambda file: compressed(file, JPEGLSLossless),
        lambda file: compressed(file, RLELossless),
        lambda file: radiograph(
            file,
            SpecificCharacterSet=["", "ISO 2022 IR 87"],
            PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        lambda file: radiograph(
            file, PatientName=None, StudyDate=None, StudyID=None, PatientSex=None
        ),
    ],
    ids=["grey", "colour", "JPEG-LS", "RLE", "Japanese", "bare"],
)
def test_it_is_valid(
    tmp_path: Path, errors: Callable[[Dataset], list[str]], make: Callable[[Path], Dataset]
) -> None:
    file = tmp_path / "gap-left.dcm"
    make(file).save_as(file)
    assert errors(report(score(file))) == []


def test_a_report_of_two_radiographs_is_valid(
    tmp_path: Path, errors: Callable[[Dataset], list[str]]
) -> None:
    study = score(write(tmp_path / "left.dcm"), write(tmp_path / "right.dcm"))
    assert errors(report(study)) == []


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(shift=st.tuples(st.floats(-700, 700), st.floats(-700, 700)))
def test_no_box_runs_over_the_edge(tmp_path: Path, shift: tuple[float, float]) -> None:
    file = tmp_path / "left.dcm"
    study = score(file if file.exists() else write(file))
    film_, first = study.inputs[0], study.joints[0]
    assert first.box is not None
    box = tuple((x + shift[0], y + shift[1]) for x, y in first.box)
    (group,) = groups(replace(study, joints=(replace(first, box=box),)))
    assert (group.roi.value >= 0).all()
    assert (group.roi.value <= (film_.width, film_.height)).all()
