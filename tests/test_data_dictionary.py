"""The page of all columns is what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "docs" / "data_dictionary.py"


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(SCRIPT))["page"]()
    told = "run: python docs/data_dictionary.py"
    assert SCRIPT.with_name("columns.md").read_text(encoding="utf-8") == made, told
    for code in ("None", "NaN", ".METRICS", "see `"):
        assert code not in made
