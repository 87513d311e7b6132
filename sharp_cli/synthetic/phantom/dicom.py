"""Synthetic radiographs as DICOM images."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    generate_uid,
)

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side

_BITS: Final = 12
_WHITE: Final = 2**_BITS - 1


@dataclass(frozen=True, slots=True)
class Header:
    """Whose study an image belongs to.

    Attributes:
        patient: A pseudonym.
        study: Name of the study, at most 16 characters.
        date: Of the study.
        source: What the study's identifiers follow from: the same gives the same.
        sex: `M`, `F`, or empty.
        age: In years, or None.
    """

    patient: str
    study: str
    date: date
    source: tuple[str, ...]
    sex: str = ""
    age: int | None = None


def dataset(
    pixels: NDArray[np.float32],
    header: Header,
    name: str,
    *,
    spacing: float,
    side: Side | None,
    inverted: bool,
    modality: Literal["CR", "DX"] = "CR",
) -> Dataset:
    """A radiograph of one hand or of both; 12 bit, not compressed.

    Args:
        pixels: Shape (height, width), 0…1, bones bright.
        header: Whose it is.
        name: Distinguishes the images of a study.
        spacing: Size of a pixel in mm.
        side: Of the one hand; None for both.
        inverted: Whether it is stored with bones dark (MONOCHROME1).
        modality: What took it: computed or digital radiography.
    """
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = (
        ComputedRadiographyImageStorage
        if modality == "CR"
        else DigitalXRayImageStorageForPresentation
    )
    made.SOPInstanceUID = generate_uid(entropy_srcs=[*header.source, name])
    made.StudyInstanceUID = generate_uid(entropy_srcs=[*header.source])
    made.SeriesInstanceUID = generate_uid(entropy_srcs=[*header.source, "series"])
    made.StudyDate = header.date.strftime("%Y%m%d")
    made.StudyTime = "120000"
    made.StudyID = header.study
    made.AccessionNumber = ""
    made.PatientID = header.patient
    made.PatientName = "SYNTHETIC^Phantom"
    made.PatientBirthDate = ""
    made.PatientSex = header.sex
    if header.age is not None:
        made.PatientAge = f"{header.age:03d}Y"
    made.ReferringPhysicianName = ""
    made.Manufacturer = "sharp-cli phantom"
    made.Modality = modality
    made.SeriesNumber = 1
    made.InstanceNumber = 1
    made.BodyPartExamined = "HAND"
    made.ViewPosition = "PA"
    made.PatientOrientation = ""
    laterality = side[0].upper() if side else ""
    if modality == "CR":
        made.Laterality = laterality
    else:
        made.ImageLaterality = laterality
    made.ImagerPixelSpacing = [f"{spacing:.6f}"] * 2
    made.ImageComments = "Synthetic picture, not of a person"

    values = np.round(pixels * _WHITE).astype(np.uint16)
    made.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    made.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    made.SamplesPerPixel = 1
    made.Rows, made.Columns = values.shape
    made.BitsAllocated = 16
    made.BitsStored = _BITS
    made.HighBit = _BITS - 1
    made.PixelRepresentation = 0
    made.WindowCenter = str((_WHITE + 1) // 2)
    made.WindowWidth = str(_WHITE + 1)
    made.PixelData = (_WHITE - values if inverted else values).tobytes()
    return made


def encode(made: Dataset, syntax: str = JPEGLSLossless) -> bytes:
    """The file of a dataset, losslessly compressed.

    JPEG-LS makes the smallest files, and five times as fast as JPEG 2000.
    """
    made.compress(syntax, generate_instance_uid=False)
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()
