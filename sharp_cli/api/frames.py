"""Rows of a document as tables of pandas."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_NUMBERS: Final = ("x", "y", "likelihood", "probability", "score", "expected_grade")
_NESTED: Final = ("box", "to_image", "reasons", "grade_probabilities")
_WHOLE: Final = ("grade",)
# Not pyarrow's, where it is installed: a file name may hold bytes that are no text.
_TEXT: Final = "string[python]"


def to_frame(kind: type, rows: Iterable[Any]) -> pd.DataFrame:
    """A table with a row for each record, and a column for each of its attributes.

    The columns have the same types in every table, also in an empty one: numbers are `float64`
    with NaN where there is none, grades are `Int64` with `pandas.NA`, corners, matrices, the
    probabilities of grades and lists of reasons are tuples (`object`) or None, everything else is
    text (`string`) with `pandas.NA` where there is none.

    Args:
        kind: The class of the records, a dataclass of `sharp_cli.results.document`.
        rows: The records.
    """
    import pandas as pd  # noqa: PLC0415 - takes half a second, and only tables need it

    rows = list(rows)
    return pd.DataFrame(
        {
            field.name: pd.Series(
                [getattr(row, field.name) for row in rows], dtype=_type(field.name)
            )
            for field in fields(kind)
        }
    )


def _type(column: str) -> str:
    if column in _NUMBERS:
        return "float64"
    if column in _WHOLE:
        return "Int64"
    return "object" if column in _NESTED else _TEXT
