"""Writing a result document as JSON or CSV, and reading it back with every value checked.

JSON holds the whole document, CSV its joints, or the scores of its hands and studies. A document
that was written and read is the document it was.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, astuple, fields, is_dataclass, replace
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from sharp_cli.core.about import NOTICE, __version__
from sharp_cli.core.errors import DocumentError
from sharp_cli.fileio.sheets import XLSX, kind_of, to_parquet, to_xlsx
from sharp_cli.fileio.tables import Table, encoded, guarded, parse_table
from sharp_cli.results.changes import CHANGE_COLUMNS, changes
from sharp_cli.results.document import (
    COLUMNS,
    CSV_COLUMNS,
    GRADE_COLUMNS,
    MANIFEST_COLUMNS,
    Document,
    JointRow,
    counts,
)
from sharp_cli.results.document_check import check, check_joint, require
from sharp_cli.results.sens import SENS_COLUMNS, sens
from sharp_cli.results.totals import TOTAL_COLUMNS, total_cells, totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SCHEMA: Final = "sharp-score/1"

_LATER: Final = (
    "thresholds", "prevalence", "certainty", "spacing_source", "spacing_plane", "pixel_aspect",
    *GRADE_COLUMNS, "grade_correlation", "missing", "day", "manifest_study",
    "earlier_study", "mask_annotations", "both_level", "both_change_level", "both_study_level",
    "both_study_change_level",
)  # fmt: skip
"""What older versions did not write."""

SUMMARY_COLUMNS: Final = (*SENS_COLUMNS, *TOTAL_COLUMNS)
"""The columns of the table of scores."""

_HUGE: Final = 1e300
_NAMES: Final = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def to_json(document: Document) -> bytes:
    """The document as JSON (ASCII), a record a line."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"name": "sharp", "version": __version__},
        "models": {kind: asdict(row) for kind, row in document.models.items()},
        "model": document.model,
        "threshold": document.threshold,
        "thresholds": document.thresholds,
        "prevalence": document.prevalence,
        "grade_correlation": {
            model: asdict(one) for model, one in document.grade_correlation.items()
        },
        "missing": document.missing,
        "precision": document.precision,
        "validated_on_patients": document.validated_on_patients,
        "mask_annotations": document.mask_annotations,
    }
    if not document.validated_on_patients:
        content["notice"] = NOTICE
    lists = {
        field.name: getattr(document, field.name)
        for field in fields(Document)
        if field.name not in content
    }
    if not document.patches:
        del lists["patches"]
    lists |= {
        "counts": counts(document),
        "sens": sens(document),
        "totals": totals(document),
        "changes": changes([document]),
    }
    head = [f"  {json.dumps(key)}: {_dump(value)}" for key, value in content.items()]
    tail = [f"  {json.dumps(key)}: {_dump_rows(rows)}" for key, rows in lists.items()]
    return ("{\n" + ",\n".join(head + tail) + "\n}\n").encode("ascii")


def to_csv(document: Document) -> bytes:
    """The joints as CSV (UTF-8), a row a joint; what does not apply is empty."""
    return to_table(document, "")


def to_table(document: Document, path: str) -> bytes:
    """The joints as `to_csv` has them, in the kind of file that the ending of a path says."""
    inputs = {(row.study, row.file): row for row in document.inputs}
    return encode_table(
        path,
        CSV_COLUMNS,
        (
            [
                getattr(inputs[row.study, row.file] if name in MANIFEST_COLUMNS else row, name)
                for name in CSV_COLUMNS
            ]
            for row in document.joints
        ),
    )


def to_summary(document: Document) -> bytes:
    """The scores as CSV (UTF-8), see `sens.Sens` and `totals.Total`; what is not known is empty."""
    return encode_table("", SUMMARY_COLUMNS, summary_rows(document))


def summary_rows(document: Document) -> Iterator[list[object]]:
    """The cells of `SUMMARY_COLUMNS` of each hand and study."""
    graded = {(row.study, row.hand): row for row in totals(document)}
    for row in sens(document):
        yield [*astuple(row), *total_cells(graded.get((row.study, row.hand)))]


def to_changes(documents: Iterable[Document]) -> bytes:
    """The changes between visits as CSV (UTF-8), see `changes.Change`."""
    return encode_table("", CHANGE_COLUMNS, map(astuple, changes(documents)))


def from_json(content: bytes, name: str) -> Document:
    """Read what `to_json` wrote.

    Args:
        content: The JSON text.
        name: The file's name, for messages.

    Raises:
        DocumentError: It is not a result document, or not a consistent one.
    """
    try:
        data = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        message = f"{name}: not JSON ({error}); give a document that sharp wrote with --json"
        raise DocumentError(message) from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        message = f"{name}: not a {SCHEMA} document; give one that sharp wrote with --json"
        raise DocumentError(message)
    try:
        document = cast("Document", _decode(data, Document, ""))
        check(document)
    except ValueError as error:
        message = f"{name}: {error}; write it again with sharp"
        raise DocumentError(message) from error
    return document


def read_json(path: Path) -> Document:
    """Read a JSON file that `to_json` wrote.

    Raises:
        DocumentError: It cannot be read, or as `from_json`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); give a document that sharp wrote"
        raise DocumentError(message) from error
    return from_json(content, str(path))


def from_csv(content: bytes, name: str) -> tuple[JointRow, ...]:
    """Read what `to_csv` wrote, or a spreadsheet saved of it; further columns are ignored.

    Args:
        content: The CSV.
        name: The file's name, for messages.

    Raises:
        DocumentError: A column is missing, or a value is not what its column holds.
    """
    try:
        table = _table(content, name)
        given = [one for one in COLUMNS if one in table.header]
        missing = [one for one in COLUMNS if one not in (*given, *_LATER)]
        if missing:
            message = f"{name}: no column {', '.join(missing)}; give a CSV that sharp wrote"
            raise DocumentError(message)
        rows = tuple(
            _decode({one: _parse(row[one], one) for one in given}, JointRow, f"line {line}")
            for line, row in table.rows(given)
        )
        for number, row in enumerate(rows):
            check_joint(row, f"joint {number + 1}")
    except ValueError as error:
        message = f"{name}: {error}; write it again with sharp"
        raise DocumentError(message) from error
    return rows


def _table(content: bytes, name: str) -> Table:
    """The table in a CSV; what is no text in one that Sharp wrote is file names as their bytes."""
    table = parse_table(name, content)
    if table.encoding != "cp1252" or content.partition(b"\n")[0].endswith(b"\r"):
        return table
    return replace(table, text=content.decode("utf-8", errors="surrogateescape"))


def _dump(value: object) -> str:
    return json.dumps(value, allow_nan=False)


def _dump_rows(rows: tuple[Any, ...]) -> str:
    if not rows:
        return "[]"
    return "[\n    " + ",\n    ".join(_dump(asdict(row)) for row in rows) + "\n  ]"


def encode_table(path: str, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A table in the kind of file that the ending of a path says: see `sheets`; or else CSV."""
    kind = kind_of(path)
    if kind:
        plain = [[_cell(one) if isinstance(one, tuple) else one for one in row] for row in rows]
        return (to_xlsx if kind == XLSX else to_parquet)(columns, plain)
    return encoded("".join(map(_line, [columns, *(map(_cell, row) for row in rows)])))


def _line(cells: Iterable[str]) -> str:
    """A line of CSV, ended by a line feed; a carriage return in a file name is quoted too."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(_cell, value))
    return guarded(str(value)) if isinstance(value, str) else str(value)


def _parse(text: str, column: str) -> object:
    """A cell of the CSV as the value that JSON would hold."""
    if not text:
        return None
    if column == "box":
        numbers = [float(number) for number in text.split()]
        return [numbers[at : at + 2] for at in range(0, len(numbers), 2)]
    if column == "grade_probabilities":
        return [float(number) for number in text.split()]
    if column in ("x", "y", "likelihood", "probability", "expected_grade"):
        return float(text)
    if column == "grade":
        return int(text)
    return text


def _no_constant(name: str) -> float:
    message = f"{name} is not a JSON number"
    raise ValueError(message)


def _decode(value: Any, kind: Any, where: str) -> Any:
    """Turn JSON values into what an annotation asks for, or raise ValueError where they differ."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        other = next(part for part in arguments if part is not NoneType)
        return None if value is None else _decode(value, other, where)
    if origin is Literal:
        require(value in arguments, where, " or ".join(map(repr, arguments)))
        return value
    if origin is dict:
        require(isinstance(value, dict), where, "a record")
        return {key: _decode(item, arguments[1], f"{where}.{key}") for key, item in value.items()}
    if origin is tuple:
        require(isinstance(value, list), where, "a list")
        parts = (arguments[0],) * len(value) if arguments[1:] == (...,) else arguments
        require(len(parts) == len(value), where, f"{len(parts)} values")
        numbered = enumerate(zip(value, parts, strict=True))
        return tuple(_decode(item, part, f"{where}[{at}]") for at, (item, part) in numbered)
    if is_dataclass(kind):
        return _decode_record(value, cast("type", kind), where)
    if kind is float and type(value) is int and abs(value) < _HUGE:
        value = float(value)
    fits = type(value) is kind and (kind is not float or math.isfinite(value))
    require(fits, where, _NAMES[kind])
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode_record(value: Any, kind: type, where: str) -> Any:
    require(isinstance(value, dict), where, "a record")
    hints = _hints(kind)
    for field in fields(kind):
        # One command alone writes the patches.
        needed = field.name in value or field.name in ("patches", *_LATER)
        require(needed, f"{where}.{field.name}", "a value")
    if kind is JointRow:
        value = {"certainty": None, **value}
    return kind(
        **{
            name: _decode(value[name], hint, f"{where}.{name}")
            for name, hint in hints.items()
            if name in value
        }
    )
