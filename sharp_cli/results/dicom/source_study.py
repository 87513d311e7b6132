"""The study that a result joins: its radiographs, its patient, and identifiers of the result."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from pydicom import DataElement, Dataset, config, dcmread
from pydicom.uid import UID, generate_uid

from sharp_cli import radiograph
from sharp_cli.core.about import MAKER, NAME, __version__
from sharp_cli.core.errors import DocumentError
from sharp_cli.radiograph.tags import text
from sharp_cli.results.dicom.codes import SCHEME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from highdicom.base import SOPClass

    from sharp_cli.results.document import Document, HandRow, InputRow

_REFERENCE: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
"""What identifies a radiograph in another object."""

_MAY_BE_EMPTY: Final = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Of type 2 in every object."""


@dataclass(frozen=True, slots=True)
class SourceStudy:
    """The radiographs of one study.

    Attributes:
        headers: The tags of each radiograph, by file: those of patient and study that are valid.
        references: What identifies each radiograph, by file; empty where a patient would be named.
        key: What the identifiers of all objects are derived from, see `read_source`.
    """

    headers: Mapping[str, Dataset]
    references: Mapping[str, Dataset]
    key: str

    @property
    def header(self) -> Dataset:
        """The tags of the first radiograph."""
        return next(iter(self.headers.values()))

    def uid(self, *what: str) -> UID:
        """The identifier of something of this study; the same for the same."""
        return generate_uid(entropy_srcs=[self.key, *what])

    def identity(self, kind: str, series: int, instance: int = 1) -> dict[str, Any]:
        """The identification of an object and of its maker, for highdicom's constructors.

        Args:
            kind: Of the object.
            series: Number of its series.
            instance: Its number in that.
        """
        return {
            "series_instance_uid": self.uid(kind),
            "series_number": series,
            "series_description": f"{NAME} {kind}, for research only",
            "sop_instance_uid": self.uid(kind, str(instance)),
            "instance_number": instance,
            "manufacturer": MAKER,
            "manufacturer_model_name": NAME,
            "software_versions": __version__,
            "content_qualification": "RESEARCH",
            # Can encode names in the radiograph's character set, whichever that is.
            "specific_character_set": "ISO_IR 192",
        }

    def join(self, made: SOPClass) -> None:
        """Put an object into the study of its radiographs: it gets their patient and study tags.

        Not by highdicom's constructors, which log what they find wrong with a patient's name.
        """
        made.copy_patient_and_study_information(self.header)


def read_source(study: Document) -> SourceStudy:
    """Read the tags of a study's radiographs.

    Identifiers are derived from the radiographs, the models and the settings. So the same call on
    the same radiographs gives objects that an archive already has, and no copies; only the times at
    which they were made may differ, and the last digit of a result.

    Raises:
        InputError: A radiograph cannot be read, is not that of the results, is no DICOM file, or
            lacks an identifier; or the radiographs are of different studies or patients.
    """
    headers = {row.file: _header(row) for row in study.inputs}
    for keyword, what in (("StudyInstanceUID", "studies"), ("PatientID", "patients")):
        if len({text(header, keyword) for header in headers.values()}) > 1:
            message = (
                f"{', '.join(headers)}: of different {what} by their {keyword}, so a DICOM result "
                "would be filed wrongly; score each by itself"
            )
            raise DocumentError(message)
    references = {file: _reference(header) for file, header in headers.items()}
    return SourceStudy(headers, references, _key(study, headers))


def _header(row: InputRow) -> Dataset:
    if radiograph.size(row.file) != (row.width, row.height):
        message = f"{row.file}: not the radiograph that was scored; score it again"
        raise DocumentError(message)
    header = Dataset()
    # A file that is not DICOM may give anything, or an error.
    with suppress(Exception), radiograph.silence():
        header = _valid(dcmread(row.file, stop_before_pixels=True, force=True))
    missing = [keyword for keyword in _REFERENCE if not UID(text(header, keyword)).is_valid]
    if missing:
        no_dicom = len(missing) == len(_REFERENCE)
        what = "it is no DICOM file" if no_dicom else f"it has no valid {', '.join(missing)}"
        message = (
            f"{row.file}: {what}, so it has no DICOM result; give it as the archive sends it, or "
            "leave --dicom-sr and --dicom-overlay out"
        )
        raise DocumentError(message)
    return header


def _valid(tags: Dataset) -> Dataset:
    """The tags without those that an object may not have: bad values, and items of sequences.

    Items may be in another character set than the rest.
    """
    kept = Dataset()
    for tag in tags.keys():  # noqa: SIM118 - iterating the tags themselves converts all values
        with suppress(Exception):
            found = tags[tag]
            if found.VR != "SQ":
                strict = config.RAISE
                kept.add(DataElement(tag, found.VR, found.value, validation_mode=strict))
    return kept


def _reference(header: Dataset) -> Dataset:
    reference = Dataset()
    for keyword in _REFERENCE:
        setattr(reference, keyword, text(header, keyword))
    for keyword in _MAY_BE_EMPTY:
        setattr(reference, keyword, "")
    return reference


def _key(study: Document, headers: Mapping[str, Dataset]) -> str:
    """What distinguishes a study, its models and its settings from others, as text."""
    return json.dumps(
        [
            SCHEME,
            __version__,
            {kind: asdict(row) for kind, row in study.models.items()},
            study.model,
            study.threshold,
            study.precision,
            # Results without it keep the identity that they always had.
            *([study.prevalence] if study.prevalence else []),
            [[text(headers[hand.file], "SOPInstanceUID"), *_place(hand)] for hand in study.hands],
        ]
    )


def _place(hand: HandRow) -> tuple[str, float, float]:
    """Which hand of its radiograph it is: one with two left hands is two studies."""
    (_, _, x), (_, _, y) = hand.to_image
    return hand.hand, round(x, -2), round(y, -2)
