"""An evaluation as files: JSON, CSV, Markdown, LaTeX and plots."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.about import __version__
from sharp_cli.evaluation.tables import latex, markdown
from sharp_cli.fileio import output
from sharp_cli.fileio.tables import to_csv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from sharp_cli.evaluation.tables import Table

FORMATS: Final = ("png", "svg")
"""Of plots."""


def write(
    folder: Path,
    kind: str,
    evaluation: Any,
    made_with: Mapping[str, object],
    *,
    tables: Sequence[Table],
    plots: Mapping[str, Figure],
) -> None:
    """Write an evaluation: all of it as JSON and CSV, what is to be read as Markdown and LaTeX.

    Args:
        folder: Where to; made if it is not there.
        kind: What is evaluated: names the JSON and its schema.
        evaluation: A dataclass whose every field is a sequence of records.
        made_with: For the JSON: files and settings.
        tables: What is to be read.
        plots: By name.

    Raises:
        OutputError: A file cannot be written.
    """
    output.write(folder / f"{kind}.json", _json(kind, evaluation, made_with))
    for field in fields(evaluation):
        if records := getattr(evaluation, field.name):
            output.write(folder / f"{field.name}.csv", _csv(records))
    output.write(folder / "tables.md", "\n".join(map(markdown, tables)).encode())
    output.write(folder / "tables.tex", "\n".join(map(latex, tables)).encode())
    for name, figure in plots.items():
        for form in FORMATS:
            file = io.BytesIO()
            figure.savefig(file, format=form, bbox_inches="tight")
            output.write(folder / f"{name}.{form}", file.getvalue())


def cells(records: Sequence[Any]) -> tuple[list[str], list[list[str]]]:
    """Records of one kind, at least one, as heads and rows; what is not defined is empty."""
    heads = [field.name for field in fields(records[0])]
    return heads, [[_cell(getattr(record, name)) for name in heads] for record in records]


def _csv(records: Sequence[Any]) -> bytes:
    heads, rows = cells(records)
    return to_csv(heads, rows)


def _json(kind: str, evaluation: Any, made_with: Mapping[str, object]) -> bytes:
    """What is not defined is null."""
    records = {
        name: [{key: _defined(value) for key, value in record.items()} for record in part]
        for name, part in asdict(evaluation).items()
    }
    tool = {"name": "sharp", "version": __version__}
    content = {"schema": f"sharp-{kind}/1", "tool": tool, **made_with, **records}
    return (json.dumps(content, indent=1, allow_nan=False) + "\n").encode()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return str(value)


def _defined(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
