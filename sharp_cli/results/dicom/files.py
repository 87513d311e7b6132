"""DICOM objects as files."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydicom import config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydicom import Dataset


def to_bytes(dataset: Dataset) -> bytes:
    """The file of a dataset with its file meta information."""
    file = io.BytesIO()
    with as_they_are():
        dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


@contextmanager
def as_they_are() -> Iterator[None]:
    """Take values of tags as they are, without warnings, which would quote them."""
    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
