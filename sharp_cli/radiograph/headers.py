"""What kind of file one is, and what a DICOM header says of its study, without its pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, Final

from pydicom import dcmread

from sharp_cli.core.about import MAKER, NAME, PNG_MARK
from sharp_cli.radiograph import silence
from sharp_cli.radiograph.deflated import opened
from sharp_cli.radiograph.tags import (
    ABOUT_SIDE,
    FUNCTIONAL_GROUPS,
    OWN_SALT,
    day,
    key,
    lift_frame,
    object_sha256,
    side,
    text,
)

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

    from sharp_cli.core.joints import Side
    from sharp_cli.radiograph.tags import Salt

_HEAD: Final = 1 << 12
"""Bytes that show the kind of file."""

_PICTURES: Final = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # JPEG
    *(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF, and BigTIFF
)
_BMP_HEADERS: Final = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes of the known information headers: other files may begin with BM, too."""

_NAMES: Final = (".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
"""Suffixes of files that are meant to be pictures."""

_MARK: Final = slice(128, 132)
_FIRST_GROUPS: Final = (b"\x02\0", b"\x08\0", b"\0\x08")
"""What a DICOM file without preamble begins with: a tag of group 2 or 8, in either byte order."""

_RADIOGRAPHY: Final = ("CR", "DX", "RG")
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage: a DICOMDIR, whatever its name."""

_READ: Final = (
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "Rows",
    "StudyInstanceUID",
    "SOPInstanceUID",
    "PatientID",
    "IssuerOfPatientID",
    "StudyDate",
    *ABOUT_SIDE,
    *FUNCTIONAL_GROUPS,
)
"""The tags that are read; what other tags hold is passed over unread."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its study; all None for what is not DICOM.

    Attributes:
        study_key: Opaque, equal for files of one study (StudyInstanceUID).
        patient_key: Opaque, equal for files of one patient (PatientID).
        day_key: Opaque, equal for files of one patient and day (PatientID, StudyDate).
        side: The side that the tags give.
        object_sha256: Of the SOPInstanceUID.
        issuer_key: Opaque, equal for patients' identifiers from one place (IssuerOfPatientID).
        written_here: Whether it is a picture that this tool wrote: an overlay, a patch.
        day: Of the study, counted from a day that only this process knows (StudyDate).
    """

    study_key: str | None = None
    patient_key: str | None = None
    day_key: str | None = None
    side: Side | None = None
    object_sha256: str | None = None
    issuer_key: str | None = None
    written_here: bool = False
    day: int | None = None


NO_HEADER: Final = Header()


def read_header(path: str, salt: Salt = OWN_SALT) -> Header | None:
    """Read the header of a file, from its beginning.

    A file that may be a radiograph but cannot be read now counts as one without header, so that
    the error is reported when its pixels are read; so does a pipe or a device, and a file that has
    the suffix of a picture and holds none.

    Args:
        path: The file.
        salt: That of all headers that are compared, where other processes read some.

    Returns:
        Its header, or None if it is no picture of a supported format.
    """
    try:
        if not S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - archives are large
            return NO_HEADER  # to open a pipe or a device would hang
        with open(path, "rb") as stream:  # noqa: PTH123 - archives are large, and Path is slow
            unknown = NO_HEADER if path.lower().endswith(_NAMES) else None
            return _header(stream, unknown, salt)
    except (OSError, ValueError):  # a name with a null byte
        return NO_HEADER


def _header(stream: BinaryIO, unknown: Header | None, salt: Salt) -> Header | None:
    """The header of a file; `unknown` is that of a file of no known kind."""
    head = stream.read(_HEAD)
    if head.startswith(_PICTURES) or _is_bmp(head):
        return Header(written_here=True) if PNG_MARK in head else NO_HEADER
    marked = head[_MARK] == b"DICM"
    if not marked and not head.startswith(_FIRST_GROUPS):
        return unknown
    stream.seek(0)
    try:
        with silence():
            tags = dcmread(
                opened(stream), stop_before_pixels=True, force=True, specific_tags=[*_READ]
            )
            if _may_be_picture(tags, marked=marked):
                return _study(tags, salt)
            return None if marked or text(tags, "Modality") else unknown
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - damaged files make pydicom raise just anything
        return NO_HEADER if marked else unknown


def _is_bmp(head: bytes) -> bool:
    return head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS


def _may_be_picture(tags: FileDataset, *, marked: bool) -> bool:
    """Whether it is not a report, an overlay, a directory or the like; it may be cut off."""
    if (text(tags, "Manufacturer"), text(tags, "ManufacturerModelName")) == (MAKER, NAME):
        return False
    modality = text(tags, "Modality").upper()
    if "Rows" in tags or modality in _RADIOGRAPHY:
        return True
    return marked and not modality and text(tags.file_meta, "MediaStorageSOPClassUID") != _DIRECTORY


def _study(tags: FileDataset, salt: Salt) -> Header:
    lift_frame(tags)
    dated = bool(text(tags, "StudyDate"))
    return Header(
        study_key=key(tags, "StudyInstanceUID", salt=salt),
        patient_key=key(tags, "PatientID", salt=salt),
        issuer_key=key(tags, "IssuerOfPatientID", salt=salt),
        day_key=key(tags, "PatientID", "StudyDate", salt=salt) if dated else None,
        day=day(tags, "StudyDate", salt=salt),
        side=side(tags)[0],
        object_sha256=object_sha256(tags),
    )
