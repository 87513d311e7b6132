"""Tables of which radiographs are one study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import SIDES
from sharp_cli.fileio.tables import Problem, open_table, raise_problems
from sharp_cli.results.naming import folder_name
from sharp_cli.scoring.groups import Group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sharp_cli.core.joints import Side
    from sharp_cli.fileio.tables import Table

COLUMNS: Final = ("study", "patient", "hand", "path")
"""The columns that must be there; there may be others."""

_DATE: Final = "date"
"""A column that may be there."""


def read_manifest(path: Path, table: Table | None = None) -> list[Group]:
    """Read the studies of a manifest, a row a radiograph (`study,patient,hand,path`).

    `path` is relative to the manifest's folder. `hand` is left, right, or empty for a radiograph
    of both hands; this may have a row for each hand instead. There may be a column `date`.

    Args:
        path: The manifest.
        table: What it holds, if it is read already.

    Returns:
        A group a study, in the order of the rows.

    Raises:
        DocumentError: It cannot be read, or listing every bad row.
    """
    studies: dict[str, dict[str, set[Side]]] = {}
    patients: dict[str, str] = {}
    dates: dict[str, str] = {}
    owners: dict[str, str] = {}
    problems: list[Problem] = []
    table = table or open_table(path, COLUMNS)
    dated = _DATE in table.header
    for line, row in table.rows((*COLUMNS, _DATE) if dated else COLUMNS):
        study, patient, date = row["study"], row["patient"], row.get(_DATE, "")
        file = str(path.parent / row["path"])
        problems += [
            Problem(f"line {line}", what)
            for what in (
                *_mistakes(row),
                *_clashes(study, patients.setdefault(study, patient) != patient, "patients"),
                *_clashes(study, dates.setdefault(study, date) != date, "dates"),
                *_clashes(row["path"], owners.setdefault(file, study) != study, "studies"),
            )
        ]
        sides = studies.setdefault(study, {}).setdefault(file, set())
        sides.update(side for side in SIDES if side == row["hand"])
    raise_problems(Path(table.name), problems)
    return [_group(study, files, patients[study], dates[study]) for study, files in studies.items()]


def _mistakes(row: Mapping[str, str]) -> Iterator[str]:
    study = row["study"]
    if not study:
        yield "no study"
    if not row["path"]:
        yield "no path"
    if row["hand"] not in ("", *SIDES):
        yield f"hand {row['hand']!r} is not left, right or empty"


def _clashes(what: str, clashes: bool, owners: str) -> Iterator[str]:  # noqa: FBT001
    if clashes:
        yield f"{what} is of two {owners}"


def _group(study: str, files: Mapping[str, set[Side]], patient: str, date: str) -> Group:
    sides = {file: next(iter(listed)) for file, listed in files.items() if len(listed) == 1}
    return Group(
        tuple(files),
        folder_name(study),
        sides=sides,
        listed=True,
        manifest_study=study,
        patient=patient or None,
        date=date or None,
    )
