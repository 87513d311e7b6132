"""DICOM objects as files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import Dataset


def to_bytes(dataset: Dataset) -> bytes:
    """The file of a dataset with its file meta information."""
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()
