"""Scored radiographs in DICOM files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from sharp_cli.results.dicom.secondary_capture import make_overlays
from sharp_cli.results.dicom.source_study import read_source
from sharp_cli.results.dicom.structured_report import make_report
from tests.dicom_files import dataset
from tests.fakes import paint, score_files

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import Dataset, FileDataset

    from sharp_cli.results.document import Document

STUDY = {
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.4",
    "StudyDate": "20190302",
    "StudyTime": "101500",
    "StudyID": "7",
    "StudyDescription": "hands",
    "AccessionNumber": "A1",
    "ReferringPhysicianName": "Doe^John",
    "PatientBirthDate": "19500401",
    "PatientSex": "F",
    "PatientAge": "068Y",
    "PatientOrientation": "",
    "Manufacturer": "maker",
    "SeriesNumber": 1,
    "InstanceNumber": 1,
}


def painted(file: Path) -> NDArray[np.uint16]:
    """The hands that the stand-ins of the stages see in a file of this name."""
    picture = cv2.imread(str(paint(file.with_suffix(".png"))), cv2.IMREAD_UNCHANGED)
    return np.asarray(picture, np.uint16)


def radiograph(file: Path, **tags: Any) -> FileDataset:
    """A radiograph with hands, not written yet; a tag that is None is left out."""
    return dataset(painted(file), 16, **(STUDY | tags))


def colour_radiograph(file: Path, **tags: Any) -> FileDataset:
    """The same in 8-bit colour."""
    grey = (painted(file) >> 8).astype(np.uint8)
    return dataset(np.repeat(grey[..., None], 3, axis=2), 8, **(STUDY | tags))


def write(file: Path, **tags: Any) -> Path:
    """Write a radiograph."""
    radiograph(file, **tags).save_as(file)
    return file


def score(*files: Path) -> Document:
    """Score radiographs as one call would."""
    return score_files(*files)


def report(study: Document) -> Dataset:
    """The report of a study, whose radiographs are read again."""
    return make_report(study, read_source(study))


def overlays(study: Document) -> list[Dataset]:
    """The overlays of a study, likewise."""
    return make_overlays(study, read_source(study))
