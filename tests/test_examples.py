"""The example studies are what their script makes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def make_examples() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_examples", EXAMPLES / "make_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_examples_are_what_their_script_makes(make_examples: ModuleType, tmp_path: Path) -> None:
    runs = tmp_path / "first", tmp_path / "second"
    for run in runs:
        run.mkdir()
        make_examples.main(run)
    assert (runs[0] / "truth.csv").read_bytes() == (EXAMPLES / "truth.csv").read_bytes()
    for name in ("two-hands.dcm", "left.dcm", "right.dcm"):
        assert (runs[0] / name).read_bytes() == (runs[1] / name).read_bytes()
        made, kept = pydicom.dcmread(runs[0] / name), pydicom.dcmread(EXAMPLES / name)
        # Another processor's arithmetic may round a few pixels differently.
        difference = made.pixel_array.astype(int) - kept.pixel_array
        assert np.mean(np.abs(difference) > 1) < 0.01
        del made.PixelData, kept.PixelData
        assert made == kept
        assert "SYNTHETIC" in str(kept.PatientID)
    assert sum(file.stat().st_size for file in EXAMPLES.iterdir()) < 3e6
