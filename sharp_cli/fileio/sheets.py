"""Tables as files of the kind that the ending of their name says: CSV, Excel's XLSX or Parquet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from sharp_cli.core.printable import printable
from sharp_cli.fileio.tables import guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

XLSX: Final = ".xlsx"
PARQUET: Final = ".parquet"


def to_xlsx(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A table as the only sheet of an Excel file; numbers stay numbers, and None is an empty cell.

    What Excel would run as a formula is guarded as in CSV.
    """
    safe = ([guarded(one) if isinstance(one, str) else one for one in row] for row in rows)
    file = io.BytesIO()
    _frame(columns, safe).to_excel(file, index=False, engine="openpyxl", freeze_panes=(1, 0))
    return file.getvalue()


def to_parquet(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """A table as a Parquet file; None is null."""
    file = io.BytesIO()
    _frame(columns, rows).to_parquet(file, index=False, engine="pyarrow")
    return file.getvalue()


def kind_of(path: str | Path) -> str:
    """The ending that says what kind of file a table is; empty for CSV."""
    ending = str(path).lower()
    return next((kind for kind in (XLSX, PARQUET) if ending.endswith(kind)), "")


def _frame(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> pd.DataFrame:
    """The table with a type for each column; what no text file could hold is shown in its texts."""
    import pandas as pd  # noqa: PLC0415

    cells = [[printable(one) if isinstance(one, str) else one for one in row] for row in rows]
    return pd.DataFrame(cells, columns=list(columns)).convert_dtypes()
