"""Joining tables of labels: of several studies, and of readers, who may contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.datasets.labels import NOT_ASSESSABLE, REQUIRED, read_labels
from sharp_cli.fileio.tables import Problem, parse_number, raise_problems, read_header, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

COLUMNS: Final = (
    "patient", "study", "image", "hand", "finding", "joint", "grade", "label", "x", "y", "date",
    "reader", "sha256",
)  # fmt: skip
"""The columns of joined labels: those that a page of `sharp report` saves, but for its reading."""

_PLACE: Final = ("study", "image", "hand", "finding", "joint")
"""The columns that say which joint a contradiction is about; those of the readers follow."""


class Said(NamedTuple):
    """What a reader says of a joint: a grade, `NOT_ASSESSABLE` or empty; a label or empty."""

    grade: str
    label: str

    @property
    def short(self) -> str:
        """The grade, or the label of a joint without one."""
        return self.grade or self.label


@dataclass(frozen=True, slots=True)
class Joined:
    """The labels of one reader or several.

    Attributes:
        readers: Their names, in the order in which they come.
        rows: `COLUMNS` of each joint that was scored; grade and label are empty where readers
            contradict each other, and the grade alone where only their grades do.
        contradictions: `contradiction_columns` of each joint on which they do.
    """

    readers: Sequence[str]
    rows: Sequence[Sequence[str]]
    contradictions: Sequence[Sequence[str]]

    @property
    def nameless(self) -> int:
        """How many rows have no patient."""
        return sum(not row[COLUMNS.index("patient")] for row in self.rows)

    @property
    def contradiction_columns(self) -> tuple[str, ...]:
        """Which joint it is, and what each reader says."""
        return (*_PLACE, *self.readers)


def merge(paths: Sequence[Path]) -> Joined:
    """Join tables of labels, see `labels.read_labels`, by radiograph, finding and joint.

    Of one reader, these may be tables of several studies; no row needs a patient. A radiograph is
    recognised by `sha256`, or else by `image`; a reader by `reader`, or else by the file's name.

    Raises:
        DocumentError: A file is no table of labels, or a reader contradicts themself.
    """
    found: dict[tuple[str, ...], tuple[dict[str, str], dict[str, Said]]] = {}
    readers: dict[str, None] = {}
    tables = [(path, list(_rows(path))) for path in paths]
    hashes = {row["image"]: row["sha256"] for _, rows in tables for _, row in rows if row["sha256"]}
    for path, rows in tables:
        problems = []
        for line, row in rows:
            reader = row["reader"] or path.stem
            film = row["sha256"] or hashes.get(row["image"], row["image"])
            key = (film, row["hand"], row["finding"], row["joint"])
            said = _said(row)
            if not said.short:
                continue
            readers[reader] = None
            _, all_said = found.setdefault(key, (row, {}))
            if all_said.setdefault(reader, said) != said:
                what = f"{reader} says {all_said[reader].short} of this joint elsewhere"
                problems.append(Problem(f"line {line}", what))
        raise_problems(path, problems)
    merged, contradictions = [], []
    for row, all_said in found.values():
        agreed = _agreed(all_said.values())
        cells = {**row, **agreed._asdict(), "reader": "; ".join(all_said)}
        merged.append([cells[name] for name in COLUMNS])
        if len({said.grade for said in all_said.values() if said.grade}) > 1 or not agreed.short:
            place = [row[name] for name in _PLACE]
            contradictions.append(
                [*place, *(all_said[one].short if one in all_said else "" for one in readers)]
            )
    return Joined(list(readers), merged, contradictions)


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    """The rows of a table without mistakes; all `COLUMNS` are there, what is not given is empty."""
    read_labels(path, patients=False)
    header = read_header(path)
    given = [name for name in COLUMNS if name in header]
    for line, row in read_table(path, list(dict.fromkeys((*REQUIRED, *given)))):
        yield line, dict.fromkeys(COLUMNS, "") | {name: cell.strip() for name, cell in row.items()}


def _said(row: Mapping[str, str]) -> Said:
    if row["grade"].casefold() == NOT_ASSESSABLE:
        return Said(NOT_ASSESSABLE, "")
    grade = parse_number(row["grade"])
    if grade >= 0:
        return Said(f"{grade:.0f}", "non-intact" if grade else "intact")
    return Said("", row["label"] if row["label"] in ("intact", "non-intact") else "")


def _agreed(said: Iterable[Said]) -> Said:
    """What all say; empty in what they contradict each other."""
    said = list(said)
    labels = {one.label for one in said}
    grades = {one.grade for one in said if one.grade}
    if len(labels) > 1:
        return Said("", "")
    return Said(grades.pop() if len(grades) == 1 else "", labels.pop())
