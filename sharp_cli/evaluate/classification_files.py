"""An evaluation as files: JSON, CSV, Markdown, LaTeX and plots."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from sharp_cli import output
from sharp_cli.evaluate.classification_plots import FORMATS, calibration, precision_recall, render
from sharp_cli.evaluate.classification_tables import latex, markdown, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sharp_cli.evaluate.cases import Cases
    from sharp_cli.evaluate.classification import Evaluation

SCHEMA: Final = "sharp-classification/1"


def write(
    folder: Path, cases: Cases, evaluation: Evaluation, made_with: Mapping[str, object]
) -> None:
    """Write an evaluation: all of it as JSON and CSV, what is to be read as Markdown and LaTeX.

    Args:
        folder: Where to; made if it is not there.
        cases: What was measured.
        evaluation: What was found.
        made_with: For the JSON: files and settings.

    Raises:
        OutputError: A file cannot be written.
    """
    output.write(folder / "classification.json", _json(evaluation, made_with))
    for field in fields(evaluation):
        output.write(folder / f"{field.name}.csv", _csv(getattr(evaluation, field.name)))
    read = tables(evaluation)
    output.write(folder / "tables.md", "\n".join(map(markdown, read)).encode())
    output.write(folder / "tables.tex", "\n".join(map(latex, read)).encode())
    plots = {"precision-recall": precision_recall(cases), "calibration": calibration(cases)}
    for name, figure in plots.items():
        for form in FORMATS:
            output.write(folder / f"{name}.{form}", render(figure, form))


def cells(records: Sequence[Any]) -> tuple[list[str], list[list[str]]]:
    """Records of one kind as heads and rows; what is not defined is empty."""
    heads = [field.name for field in fields(records[0])] if records else []
    return heads, [[_cell(getattr(record, name)) for name in heads] for record in records]


def _csv(records: Sequence[Any]) -> bytes:
    heads, rows = cells(records)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue().encode()


def _json(evaluation: Evaluation, made_with: Mapping[str, object]) -> bytes:
    """What is not defined is null."""
    records = {
        name: [{key: _defined(value) for key, value in record.items()} for record in part]
        for name, part in asdict(evaluation).items()
    }
    content = {"schema": SCHEMA, **made_with, **records}
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _defined(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
