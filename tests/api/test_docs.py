"""docs/python.md: its code runs, from top to bottom, and says what it says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sharp_cli.api.frames import to_frame
from sharp_cli.results.document import JointRow

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("models")
def test_its_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "examples", "examples")
    blocks = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    with pytest.warns(UserWarning, match=r"missing\.dcm: there is no such file"):
        exec("".join(blocks), names)  # noqa: S102 - our own text
    assert len(names["scores"].failures) == 1
    assert sorted(path.name for path in Path().iterdir()) == [
        "examples", "left+right.png", "overlay.png", "result.json", "results.csv", "two-hands.png",
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert re.search(r"^erosion +left +\d+$", printed, re.MULTILINE)
    assert printed.count("missing.dcm: there is no such file") == 2


def test_its_types_are_those_of_the_columns() -> None:
    joints = to_frame(JointRow, [])
    rows = re.findall(r"^\| (`.+?) \| `?(float64|Int64|tuple)", TEXT, re.MULTILINE)
    kinds = {"float64": "float64", "Int64": "Int64", "tuple": "object"}
    named = {
        column: kinds[kind] for cells, kind in rows for column in re.findall(r"`(\w+)`", cells)
    }
    assert joints.dtypes.astype(str).to_dict() == dict.fromkeys(joints, "string") | named
