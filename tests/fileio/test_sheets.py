"""Tables as XLSX and Parquet."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd

from sharp_cli.fileio.sheets import kind_of, to_parquet, to_xlsx

COLUMNS = ("name", "x", "count", "nothing")
ROWS = [("Müller", 0.5, 1, None), ("=1+1", None, None, None), ("\x1b\udcfc", -2.0, 3, None)]


def test_excel_shows_names_and_numbers_and_runs_nothing() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(to_xlsx(COLUMNS, ROWS))).active
    assert list(sheet.values) == [
        COLUMNS,
        ("Müller", 0.5, 1, None),
        ("'=1+1", None, None, None),
        ("\\x1b\\udcfc", -2, 3, None),
    ]


def test_parquet_has_types() -> None:
    frame = pd.read_parquet(io.BytesIO(to_parquet(COLUMNS, ROWS)))
    assert frame["name"].tolist()[:2] == ["Müller", "=1+1"]
    assert frame["count"].dtype == "Int64"
    assert frame["x"].dtype == "Float64"
    assert frame["x"].isna().tolist() == [False, True, False]


def test_the_ending_says_the_kind() -> None:
    assert [kind_of(name) for name in ("a.csv", "a.XLSX", "b/a.parquet", "-", "xlsx")] == [
        "", ".xlsx", ".parquet", "", "",
    ]  # fmt: skip
