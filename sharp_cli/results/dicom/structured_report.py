"""The report: the findings of one study as a DICOM structured report (TID 1500)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from sharp_cli.core.about import MAKER, NAME, NOTICE, __version__
from sharp_cli.results.dicom.codes import (
    FINDINGS,
    HAND,
    LABEL,
    LABELS,
    LIKELIHOOD,
    PROBABILITY,
    SCHEME,
    SENS,
    SIDES,
    SITES,
    STATUS,
    STATUSES,
)
from sharp_cli.results.dicom.files import as_they_are
from sharp_cli.results.sens import sens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom import Dataset

    from sharp_cli.results.dicom.source_study import SourceStudy
    from sharp_cli.results.document import Document, InputRow, JointRow
    from sharp_cli.results.sens import Sens

_SERIES: Final = 9901
"""A choice: past the numbers that the series of a study usually have."""

_EVALUATIONS: Final = CodedConcept("C0034375", "UMLS", "Qualitative Evaluations")
"""The container of TID 1500 for remarks on the whole report; pydicom's dictionary lacks UMLS."""


def make_report(study: Document, source: SourceStudy) -> Dataset:
    """The structured report of one study.

    Each finding is a measurement group: the site of the joint, its box in pixels of the radiograph,
    probability and label, localisation confidence, and the model. A joint that was not detected has
    a status only. The scores of the hands and of the study follow, each a measurement group too.

    Args:
        study: The document of one study.
        source: Its radiographs, see `read_source`.
    """
    with as_they_are():
        return _make_report(study, source)


def _make_report(study: Document, source: SourceStudy) -> Dataset:
    radiographs = {row.file: row for row in study.inputs}
    content = MeasurementReport(
        observation_context=_observer(),
        procedure_reported=codes.SCT.PlainRadiography,
        imaging_measurements=[
            _group(row, radiographs[row.file], source, _algorithm(study, row))
            for row in study.joints
        ]
        + [_score(row, source) for row in sens(study) if row.sens is not None],
    )
    if remarks := _remarks(study):
        content[0].ContentSequence.append(_evaluations(remarks))
    report = ComprehensiveSR(
        evidence=list(source.references.values()),
        content=content,
        is_complete=True,
        coding_schemes=[
            CodingSchemeIdentificationItem(SCHEME, name=NAME, responsible_organization=MAKER)
        ],
        **source.identity("report", _SERIES),
    )
    source.join(report)
    return report


def _observer() -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=generate_uid(entropy_srcs=[NAME, __version__]),
        name=NAME,
        manufacturer_name=MAKER,
        model_name=f"{NAME} {__version__}",
    )
    return ObservationContext(
        observer_device_context=ObserverContext(codes.DCM.Device, device),
    )


def _algorithm(study: Document, row: JointRow) -> AlgorithmIdentification:
    """The program, its models, and what the joint was classified with."""
    bundles = [
        f"{kind}: {model.name}, sha256 {model.sha256}" for kind, model in study.models.items()
    ]
    settings = {
        "model": row.model,
        "threshold": study.threshold_of(row),
        "prevalence": study.prevalence.get(f"{row.finding}/{row.group}"),
        "precision": study.precision,
    }
    given = [f"{name}: {value}" for name, value in settings.items() if value is not None]
    return AlgorithmIdentification(NAME, __version__, parameters=[*given, *bundles])


def _group(
    row: JointRow, radiograph: InputRow, source: SourceStudy, algorithm: AlgorithmIdentification
) -> MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations:
    reference = source.references[row.file]
    named = reference.SOPClassUID, reference.SOPInstanceUID
    identifier = f"{row.hand} {row.finding} {row.joint}"
    place, digit = SITES[row.joint]
    evaluations = [QualitativeEvaluation(STATUS, STATUSES[row.status])]
    if row.label is not None:
        evaluations.append(QualitativeEvaluation(LABEL, LABELS[row.label]))
    numbers = ((PROBABILITY, row.probability), (LIKELIHOOD, row.likelihood))
    said: dict[str, Any] = {
        "tracking_identifier": TrackingIdentifier(source.uid(identifier), identifier),
        "finding_type": FINDINGS[row.finding],
        "finding_sites": [FindingSite(place, SIDES[row.hand], digit)],
        "algorithm_id": algorithm,
        "measurements": [
            Measurement(name, value, codes.UCUM.NoUnits)
            for name, value in numbers
            if value is not None
        ],
        "qualitative_evaluations": evaluations,
    }
    if row.box is None:
        images = [SourceImageForMeasurementGroup(*named)]
        return MeasurementsAndQualitativeEvaluations(**said, source_images=images)
    # In DICOM (PS3.3 C.18.6) the picture begins at the edge of its first pixel, here at its
    # centre. A box may run over the edge, and coordinates may not.
    corners = np.clip(np.array(row.box) + 0.5, 0, (radiograph.width, radiograph.height))
    outline = np.vstack([corners, corners[:1]])
    region = ImageRegion(GraphicTypeValues.POLYLINE, outline, SourceImageForRegion(*named))
    return PlanarROIMeasurementsAndQualitativeEvaluations(**said, referenced_region=region)


def _score(row: Sens, source: SourceStudy) -> MeasurementsAndQualitativeEvaluations:
    identifier = f"{row.hand or 'study'} SENS"
    return MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(source.uid(identifier), identifier),
        finding_sites=[FindingSite(HAND, SIDES[row.hand] if row.hand else None)],
        measurements=[
            Measurement(name, getattr(row, attribute), codes.UCUM.NoUnits)
            for attribute, name in SENS.items()
        ],
    )


def _remarks(study: Document) -> list[str]:
    """Remarks on the whole report."""
    notice = [] if study.validated_on_patients else [NOTICE]
    uncertain = [
        f"{hand.hand} hand uncertain: {', '.join(hand.reasons)}"
        for hand in study.hands
        if hand.status == "uncertain"
    ]
    by_anatomy = [
        f"{hand.hand} hand: side by the anatomy alone, no tag gives it"
        for hand in study.hands
        if hand.side_source == "anatomy"
    ]
    return notice + uncertain + by_anatomy


def _evaluations(remarks: Sequence[str]) -> ContainerContentItem:
    contains = RelationshipTypeValues.CONTAINS
    container = ContainerContentItem(_EVALUATIONS, relationship_type=contains)
    container.ContentSequence = ContentSequence(
        [
            TextContentItem(codes.DCM.Comment, remark, relationship_type=contains)
            for remark in remarks
        ]
    )
    return container
