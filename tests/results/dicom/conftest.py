"""The checker of DICOM objects, where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from sharp_cli.results.dicom.files import to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pydicom import Dataset


@pytest.fixture
def errors(tmp_path: Path) -> Callable[[Dataset], list[str]]:
    """What dciodvfy, of dicom3tools, finds wrong with an object."""
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dicom3tools is not installed")

    def found(made: Dataset) -> list[str]:
        file = tmp_path / "checked.dcm"
        file.write_bytes(to_bytes(made))
        done = subprocess.run([checker, "-new", file], capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        # Beside errors it names the kind of object that it took it for.
        assert {"ComprehensiveSR", "SCImage"} & set(lines)
        return [line for line in lines if line.startswith(("Error", "Abort"))]

    return found
