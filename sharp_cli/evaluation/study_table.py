"""What a table of the user says of patients and studies: dates, and what to break down by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.fileio.tables import Problem, raise_problems, read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.datasets.labels import LabelledJoint

DATE: Final = "date"
"""The column of the studies' dates."""

UNKNOWN: Final = "unknown"
"""The part of the joints of which the table says nothing."""

_KEYS: Final = ("patient", "study")
_MOST_PARTS: Final = 20
_DIGITS: Final = 8
"""Of a date as DICOM writes it, YYYYMMDD."""


@dataclass(frozen=True, slots=True)
class StudyTable:
    """A table with a row for each patient or study.

    Attributes:
        keys: The columns that say whose a row is: `patient`, `study`, or both.
        rows: The cells of each.
    """

    keys: Sequence[str]
    rows: Mapping[tuple[str, ...], Mapping[str, str]]

    def values(self, joints: Sequence[LabelledJoint], column: str) -> NDArray[np.str_]:
        """What a column says of joints, shape (joints,)."""
        found = [self.rows.get(tuple(getattr(one, key) for key in self.keys)) for one in joints]
        return np.array([(row or {}).get(column) or UNKNOWN for row in found])

    def dates(self, joints: Sequence[LabelledJoint]) -> dict[tuple[str, str], date]:
        """The dates of the joints' studies, by patient and study, as far as there are any."""
        found = {}
        for joint, text in zip(joints, self.values(joints, DATE), strict=True):
            when = _date(text)
            if when is not None:
                found[joint.patient, joint.study] = when
        return found


def read_study_table(path: Path, columns: Sequence[str]) -> StudyTable:
    """Read the table of patients or studies.

    Args:
        path: CSV with a column `patient`, `study`, or both. A manifest is one.
        columns: What it has to say of them; `date` may be there.

    Raises:
        DocumentError: It cannot be read, lacks a column, or contradicts itself.
    """
    header = read_header(path)
    keys = [name for name in _KEYS if name in header]
    if not keys:
        message = f"{path}: no column patient or study, which say whose a row is; add one"
        raise DocumentError(message)
    wanted = list(dict.fromkeys([*columns, *([DATE] if DATE in header else [])]))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    problems = []
    for line, row in read_table(path, [*keys, *wanted]):
        said = {name: row[name].strip() for name in wanted}
        known = rows.setdefault(tuple(row[name] for name in keys), said)
        problems += [
            Problem(f"line {line}", f"{name} is {said[name]!r}, and {known[name]!r} above")
            for name in wanted
            if said[name] != known[name]
        ]
        if said.get(DATE) and _date(said[DATE]) is None:
            problems.append(Problem(f"line {line}", f"date {said[DATE]!r} is not YYYY-MM-DD"))
    raise_problems(path, problems)
    return StudyTable(keys, rows)


def parts(
    table: StudyTable, joints: Sequence[LabelledJoint], columns: Sequence[str]
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """The parts of joints by columns of a table: column, value, and which joints, shape (joints,).

    Raises:
        UsageError: A column has too many values for parts.
    """
    for column in columns:
        values = table.values(joints, column)
        names = sorted({*values.tolist()})
        if len(names) > _MOST_PARTS:
            message = (
                f"--by {column}: {len(names)} different values, and {_MOST_PARTS} parts at most; "
                "group them in another column"
            )
            raise UsageError(message)
        for name in names:
            yield column, name, values == name


def _date(text: str) -> date | None:
    """The day that a text names, with or without hyphens."""
    if len(text) == _DIGITS and text.isdigit():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
