"""The labelled frames of a DeepLabCut project: body parts are points, individuals hands.

Positions are read from `labeled-data/<set>/CollectedData_<scorer>.csv`, which DeepLabCut writes
beside a file of the same name in HDF5. That one is not read: PyTables, below pandas, unpickles
whatever attribute or object of such a file looks pickled (`AttributeSet.__getattr__` and
`ObjectAtom.fromarray` in tables 3.11), and unpickling runs what a file says.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.annotations.hands import RawHand, RawPoint
from sharp_cli.datasets.annotations.names import side_at_end, side_in
from sharp_cli.fileio.tables import Problem, parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CONFIG_FILE: Final = "config.yaml"

_HEADER: Final = ("scorer", "individuals", "bodyparts", "coords")


def read_entries(path: Path) -> tuple[list[RawHand], list[Problem]]:
    """What a project says, single-animal or multi-animal, and what of it cannot be understood.

    Pictures are named as the project names them, `labeled-data/<set>/<file>`. The side of a hand is
    what the individual's name says, else the end of the picture's name. Frames and individuals
    without a point are excluded.

    Args:
        path: The project's folder, or the `config.yaml` in it.

    Raises:
        DocumentError: It is no such project.
    """
    config = path / CONFIG_FILE if path.is_dir() else path
    labels = config.parent / "labeled-data"
    name = f"CollectedData_{_scorer(config)}"
    kinds = (f"{name}.csv", f"{name}.h5")
    found = [file for file in labels.glob("*/CollectedData_*") if file.name in kinds]
    files = sorted({file.with_suffix(".csv") for file in found})
    if not files:
        message = f"{labels}: no folder with a {name}.csv; label pictures, or check the scorer"
        raise DocumentError(message)
    entries: list[RawHand] = []
    problems: list[Problem] = []
    for file in files:
        place = file.relative_to(config.parent).as_posix()
        if file.is_file():
            more, wrong = _read_file(file, place)
            entries += more
            problems += wrong
        else:
            what = (
                "only the .h5 is there, which is not read, for to open such a file may run code in "
                "it; if you trust it, make the .csv with: python -c 'import pandas; "
                f'pandas.read_hdf("{name}.h5").to_csv("{name}.csv")\''
            )
            problems.append(Problem(place, what))
    return entries, problems


def _scorer(config: Path) -> str:
    import yaml  # noqa: PLC0415 - comes with the extra that training needs

    try:
        scorer = yaml.safe_load(config.read_bytes())["scorer"]
    except Exception:  # noqa: BLE001 - YAML's constructors raise just anything at damaged values
        scorer = None
    if isinstance(scorer, str | int):
        return str(scorer)
    message = (
        f"{config}: not the configuration of a DeepLabCut project, for it names no scorer; "
        "give the project's folder"
    )
    raise DocumentError(message)


def _read_file(file: Path, place: str) -> tuple[list[RawHand], list[Problem]]:
    """The entries of one file.

    Its first rows say, column by column, whose point it is and whether x or y; the columns before
    these hold the picture's path, whole or in parts.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, row) for row in reader if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        return [], [Problem(place, f"it cannot be read ({error})")]
    header = {row[0]: row for _, row in rows[: len(_HEADER)] if row[0] in _HEADER}
    if not {"bodyparts", "coords"} <= set(header):
        return [], [Problem(place, "its first rows are not scorer, bodyparts and coords")]
    columns, twice = _columns(header)
    if twice:
        return [], [Problem(place, f"{name} has two columns {axis}") for _, name, axis in twice]
    first = min((column for axes in columns.values() for column in axes.values()), default=1)
    individuals = list(dict.fromkeys(who for who, _ in columns))
    entries = []
    for line, row in rows[len(header) :]:
        where = f"{place} line {line}"
        image = "/".join(cell for cell in row[:first] if cell).replace("\\", "/")
        for individual in individuals:
            points = [
                RawPoint(where, name, *(parse_number(text) for text in texts))
                for (who, name), axes in columns.items()
                if who == individual
                for texts in [[_cell(row, axes.get(axis)) for axis in "xy"]]
                if set(texts) != {""}
            ]
            if points:
                hand = side_in(individual) or side_at_end(image)
                entries.append(RawHand(image, hand, points))
    return entries, []


def _columns(
    header: dict[str, list[str]],
) -> tuple[dict[tuple[str, str], dict[str, int]], list[tuple[str, str, str]]]:
    """Columns of x and y by individual and body part, and what has two."""
    columns: dict[tuple[str, str], dict[str, int]] = {}
    twice = []
    for column, axis in enumerate(header["coords"]):
        if column == 0 or axis not in ("x", "y"):
            continue
        individual = _cell(header.get("individuals", []), column)
        name = _cell(header["bodyparts"], column)
        axes = columns.setdefault((individual, name), {})
        if axis in axes:
            twice.append((individual, name, axis))
        axes[axis] = column
    return columns, twice


def _cell(row: Sequence[str], column: int | None) -> str:
    """A cell without spaces around it; empty where there is none or it is not a number."""
    text = row[column].strip() if column is not None and column < len(row) else ""
    return "" if text.casefold() == "nan" else text
