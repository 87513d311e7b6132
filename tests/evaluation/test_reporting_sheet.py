"""Reporting sheets: what a bundle and its evaluation answer, and what is left open."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import docx
import pytest

from sharp_cli.bundles.store import Bundle
from sharp_cli.core.errors import DocumentError
from sharp_cli.evaluation.checklists import CHECKLISTS
from sharp_cli.evaluation.reporting_sheet import (
    OPEN,
    read_evaluation,
    reporting_sheet,
    to_docx,
    to_markdown,
)

META: dict[str, Any] = {
    "name": "mine",
    "version": "2",
    "date": "2026-01-01",
    "licence": "Apache-2.0",
    "validated_on_patients": False,
    "input": {"size": 128, "normalisation": "mean 0"},
    "models": ["siso"],
    "members": [{}, {}],
    "thresholds": {"siso": {"erosion/MCP": 0.25}},
    "architecture": "convolutions | heads",
    "trained_on": "40 patients",
    "folds": 8,
    "settings": {"init": "he", "seed": 1, "search": None},
    "figures": [
        {
            "model": "siso", "finding": "erosion", "group": "MCP", "joints": 400,
            "non_intact": 50, "sensitivity": 0.8, "specificity": None,
        }
    ],
}  # fmt: skip
BUNDLE = Bundle(Path("mine"), "findings", "mine 2", "0" * 64, META)
FIGURE = {
    "finding": "erosion", "joints": "all joints", "name": "siso", "called": 400, "damaged": 50,
    "metric": "sensitivity", "value": 0.81, "low": 0.7, "high": None,
}  # fmt: skip
CLASSIFICATION = {
    "bootstrap": 2000,
    "figures": [FIGURE | {"high": 0.9}, FIGURE | {"metric": "brier"}],
    "breakdown": [FIGURE | {"high": 0.9, "by": "sex", "part": "f"}],
    "agreement": [
        {"between": "A – B", "finding": "erosion", "joints": "all joints", "kappa": 0.7},
        {"between": "A – B", "finding": "jsn", "joints": "all joints", "kappa": None},
    ],
}


def answers(evaluation: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (name, number): answer
        for name, _, items in reporting_sheet(BUNDLE, evaluation).parts
        for _, number, _, answer in items
    }


def test_guidelines_are_whole() -> None:
    numbers = {
        checklist.name: [item.number for _, items in checklist.items for item in items]
        for checklist in CHECKLISTS
    }
    assert numbers["CLAIM 2024"] == [str(number) for number in range(1, 45)]
    mains = dict.fromkeys(number.rstrip("abcdefg") for number in numbers["TRIPOD+AI"])
    assert [*mains] == [str(number) for number in range(1, 28)]


def test_what_the_bundle_knows_is_filled_in_and_the_rest_is_open() -> None:
    found = answers({})
    assert found["CLAIM 2024", "7"] == "40 patients"
    assert "8 folds" in found["CLAIM 2024", "19"]
    assert "erosion/MCP 0.25" in found["CLAIM 2024", "22"]
    assert found["CLAIM 2024", "25"] == "init: he; seed: 1"
    assert "2 networks" in found["CLAIM 2024", "27"]
    assert "400 (50 non-intact)" in found["TRIPOD+AI", "21"]
    assert "not validated on patients" in found["TRIPOD+AI", "26"]
    for item in (("CLAIM 2024", "37"), ("CLAIM 2024", "44"), ("TRIPOD+AI", "17")):
        assert found[item] == OPEN


def test_figures_come_from_the_evaluation() -> None:
    found = answers({"classification.json": CLASSIFICATION})
    assert found["CLAIM 2024", "37"] == "siso, erosion: sensitivity 0.81 (0.70 to 0.90)"
    assert "2000 samples" in found["CLAIM 2024", "29"]
    assert found["CLAIM 2024", "18"] == "A – B, erosion: kappa 0.70"
    assert "sex f, siso, erosion" in found["TRIPOD+AI", "23a"]


def test_it_is_written_as_markdown_and_for_word() -> None:
    sheet = reporting_sheet(BUNDLE, {})
    text = to_markdown(sheet).decode()
    assert text.startswith("# Reporting sheet of mine 2\n")
    assert "convolutions \\| heads" in text
    document = docx.Document(io.BytesIO(to_docx(sheet)))
    assert [len(table.rows) - 1 for table in document.tables] == [
        len(items) for _, _, items in sheet.parts
    ]


def test_an_evaluation_is_read_from_its_folder(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"neither classification\.json nor grades\.json"):
        read_evaluation(tmp_path)
    (tmp_path / "classification.json").write_text(json.dumps(CLASSIFICATION))
    assert read_evaluation(tmp_path) == {"classification.json": CLASSIFICATION}
    (tmp_path / "grades.json").write_text("{")
    with pytest.raises(DocumentError, match=r"grades\.json: cannot be read"):
        read_evaluation(tmp_path)
