"""Radiographs as files, and what reading them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sharp_cli import radiograph
from sharp_cli.core.errors import RadiographError
from tests.dicom_files import hand

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from pydicom.dataset import FileDataset

    from sharp_cli.core.records import Radiograph


HAND = hand()


def written(made: FileDataset, folder: Path, **how: Any) -> Path:
    path = folder / "a.dcm"
    made.save_as(path, **({"enforce_file_format": True} | how))
    return path


def read(made: FileDataset, folder: Path) -> Radiograph:
    return radiograph.read(written(made, folder))


def problem(path: Path) -> str:
    """The message of the error that reading the file gives, which names the file."""
    with pytest.raises(RadiographError) as caught:
        radiograph.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert caught.value.__cause__ is None is caught.value.__context__
    assert ";" in message  # what is wrong; what to do
    assert "secret" not in message.lower()
    return message


def likeness(pixels: NDArray[Any], wanted: NDArray[Any] = HAND) -> float:
    """Correlation of what was read with what was written."""
    return float(np.corrcoef(pixels.ravel(), wanted.ravel())[0, 1])
