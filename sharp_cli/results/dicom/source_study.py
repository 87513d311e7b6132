"""The study that a result joins: its radiographs, its patient, and identifiers of the result."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydicom import DataElement, Dataset, config, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.uid import UID, generate_uid
from pydicom.valuerep import DA, TM

from sharp_cli import radiograph
from sharp_cli.core.about import MAKER, NAME, __version__
from sharp_cli.core.errors import DocumentError
from sharp_cli.radiograph.deflated import opened
from sharp_cli.radiograph.tags import is_uid, text
from sharp_cli.results.dicom.codes import SCHEME
from sharp_cli.results.dicom.files import as_they_are
from sharp_cli.results.document import WarningRow
from sharp_cli.results.inputs import require_same

if TYPE_CHECKING:
    from collections.abc import Mapping

    from highdicom.base import SOPClass
    from pydicom.tag import BaseTag

    from sharp_cli.results.document import Document, HandRow, InputRow

_REFERENCE: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
"""What identifies a radiograph in another object."""


_DATES: Final = ("Content", "Acquisition", "Series", "Study")
_DATE: Final = re.compile(r"[0-9]{8}")
_TIME: Final = re.compile(r"[0-9]{6}(\.[0-9]{1,6})?")
_NO_DATE: Final = ("19000101", "000000")

_MADE_AT: Final = (
    "InstanceCreationDate", "InstanceCreationTime", "DateOfSecondaryCapture",
    "TimeOfSecondaryCapture", "ContributionDateTime",
)  # fmt: skip
"""Optional, and different each time."""

_PATIENT_GROUP: Final = 0x0010

_MAY_BE_EMPTY: Final = (
    "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Of type 2 in every object."""


@dataclass(frozen=True, slots=True)
class SourceStudy:
    """The radiographs of one study.

    Attributes:
        headers: The tags of each radiograph, by file, without sequences.
        references: What identifies each radiograph, by file; empty where a patient would be named.
        key: What the identifiers of all objects are derived from, see `read_source`.
        warnings: Which tags of patient and study are not as the standard allows.
    """

    headers: Mapping[str, Dataset]
    references: Mapping[str, Dataset]
    key: str
    warnings: tuple[WarningRow, ...]

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

        Not by highdicom's constructors, which log what they find wrong with a patient's name. It
        gets the date of the first radiograph, not of its making, so that the same call gives the
        same object.
        """
        made.copy_patient_and_study_information(self.header)
        date, time = _date(self.header)
        made.ContentDate, made.ContentTime = DA(date), TM(time)
        for part in (made, *made.get("ContributingEquipmentSequence", [])):
            for keyword in _MADE_AT:
                if keyword in part:
                    del part[keyword]


def read_source(study: Document) -> SourceStudy:
    """Read the tags of a study's radiographs.

    Identifiers are derived from the radiographs, the models and the settings. So the same call on
    the same radiographs gives objects that an archive already has, and no copies; only the times at
    which they were made may differ, and the last digit of a result.

    Raises:
        InputError: A radiograph cannot be read, is not that of the results, is no DICOM file, or
            lacks an identifier; or the radiographs are of different studies or patients.
    """
    headers, warnings = {}, []
    for row in study.inputs:
        headers[row.file], problems = _header(row)
        warnings += [WarningRow(row.study, row.file, text) for text in problems]
    for keyword, what in (("StudyInstanceUID", "studies"), ("PatientID", "patients")):
        if len({text(header, keyword) for header in headers.values()}) > 1:
            message = (
                f"{', '.join(headers)}: of different {what} by their {keyword}, so a DICOM result "
                "would be filed wrongly; score each by itself"
            )
            raise DocumentError(message)
    references = {file: _reference(header) for file, header in headers.items()}
    return SourceStudy(headers, references, _key(study, headers), tuple(warnings))


def _header(row: InputRow) -> tuple[Dataset, list[str]]:
    """The tags of a radiograph, and what is to be said of them."""
    radiograph.size(row.file)  # says in clear words what is wrong with a file
    require_same(row, radiograph.file_sha256(row.file))
    header = Dataset()
    problems: list[str] = []
    # A file that is not DICOM may give anything, or an error.
    with suppress(Exception), radiograph.silence(), Path(row.file).open("rb") as file:
        header, problems = _read(dcmread(opened(file), stop_before_pixels=True, force=True))
    missing = [keyword for keyword in _REFERENCE if not is_uid(text(header, keyword))]
    if missing:
        no_dicom = len(missing) == len(_REFERENCE)
        what = "it is no DICOM file" if no_dicom else f"it has no valid {', '.join(missing)}"
        message = (
            f"{row.file}: {what}, so it has no DICOM result; give it as the archive sends it, or "
            "leave --dicom-sr and --dicom-overlay out"
        )
        raise DocumentError(message)
    return header, problems


def _read(tags: Dataset) -> tuple[Dataset, list[str]]:
    """The tags as they are, but for sequences, and what is to be said of those that are copied.

    Items of sequences may be in another character set than the rest.
    """
    kept = Dataset()
    odd, lost = [], []
    for tag in tags.keys():  # noqa: SIM118 - iterating the tags themselves converts all values
        try:
            found = tags[tag]
            if found.VR == "SQ":
                continue
            kept.add(DataElement(tag, found.VR, found.value, validation_mode=config.IGNORE))
        except Exception:  # noqa: BLE001 - pydicom raises errors of any kind for invalid values
            lost.append(tag)
            continue
        try:
            # Of a name, pydicom checks the text only.
            value = str(found.value) if found.VR == "PN" else found.value
            DataElement(tag, found.VR, value, validation_mode=config.RAISE)
        except Exception:  # noqa: BLE001 - as above
            odd.append(tag)
    problems = []
    for bad, what in (
        (odd, "not as DICOM allows, kept as the radiograph has it: an archive may refuse it"),
        (lost, "cannot be read, so it is left out of DICOM results: file them by hand"),
    ):
        names = [keyword_for_tag(tag) for tag in bad]
        shown = [name for tag, name in zip(bad, names, strict=True) if _is_copied(tag, name)]
        if shown:
            problems.append(f"{', '.join(shown)}: {what}")
    return kept, problems


def _is_copied(tag: BaseTag, keyword: str) -> bool:
    """Whether a tag is one of patient or study, by which an archive files objects."""
    return tag.group == _PATIENT_GROUP or keyword in (*_MAY_BE_EMPTY, "StudyDescription")


def _date(header: Dataset) -> tuple[str, str]:
    """Date and time of a radiograph, as far as its tags give valid ones."""
    for kind in _DATES:
        date, time = text(header, f"{kind}Date"), text(header, f"{kind}Time")
        if _DATE.fullmatch(date):
            return date, time if _TIME.fullmatch(time) else _NO_DATE[1]
    return _NO_DATE


def _reference(header: Dataset) -> Dataset:
    reference = Dataset()
    with as_they_are():
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
