"""CSV tables: rows by line, what is wrong with them in one message, and writing."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.errors import DocumentError
from sharp_cli.fileio.tables import (
    Problem,
    encoded,
    guarded,
    list_places,
    parse_number,
    parse_table,
    raise_problems,
    read_header,
    read_table,
    to_csv,
    unguarded,
    write_table,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_come_back_as_written_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a" / "table.csv"
    write_table(path, ("name", "x"), [("b, c", 1.5), ("d", 2)])
    assert path.read_bytes() == b'name,x\n"b, c",1.5\nd,2\n'
    assert read_header(path) == ["name", "x"]
    assert list(read_table(path, ("x", "name"))) == [
        (2, {"x": "1.5", "name": "b, c"}),
        (3, {"x": "2", "name": "d"}),
    ]


def test_a_row_that_is_too_short_has_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\ufeffa,b\n1\n", encoding="utf-8")
    assert list(read_table(path, ("a", "b"))) == [(2, {"a": "1", "b": ""})]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("näme,x\nMüller,1.5\n".encode(), ""),
        ("\ufeffnäme,x\nMüller,1.5\n".encode(), ""),
        ("näme;x\r\nMüller;1,5\r\n".encode("latin-1"), "Windows-1252, semicolons, decimal commas"),
        ("näme\tx\nMüller\t1.5\n".encode("utf-16"), "UTF-16, tabs"),
        ('"näme";x\n"Müller";1,5\n'.encode(), "semicolons, decimal commas"),
    ],
)
def test_a_table_is_read_as_spreadsheets_save_it(content: bytes, form: str) -> None:
    table = parse_table("a.csv", content)
    assert table.header == ["näme", "x"]
    assert list(table.rows(("näme", "x"))) == [(2, {"näme": "Müller", "x": "1.5"})]
    assert table.form == form


@given(
    st.lists(st.tuples(*[st.text("aäß€ü;,\t'\" 1.\n", max_size=6)] * 3), max_size=4),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(",;\t"),
)
def test_every_form_gives_the_same_cells(
    rows: list[tuple[str, ...]], encoding: str, delimiter: str
) -> None:
    text = io.StringIO(newline="")
    names = ("ä", "b", "c")
    csv.writer(text, delimiter=delimiter).writerows([names, *(map(guarded, row) for row in rows)])
    table = parse_table("a.csv", text.getvalue().encode(encoding))
    found = [tuple(row.values()) for _, row in table.rows(names)]
    pointed = [
        tuple(re.sub(r"^(\s*\d+),(\d+\s*)$", r"\1.\2", cell) for cell in row) for row in rows
    ]
    assert found == (rows if delimiter == "," else pointed)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"a,c\n1,2\n"])
def test_what_is_no_such_table_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "table.csv"
    if content is not None:
        path.write_bytes(content)
    what = r"table\.csv: (cannot be read as .*; give a CSV file|no column b; .* a,b)"
    with pytest.raises(DocumentError, match=what):
        list(read_table(path, ("a", "b")))


def test_a_header_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        read_header(tmp_path / "none.csv")
    (tmp_path / "empty.csv").touch()
    assert read_header(tmp_path / "empty.csv") == []


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1e999", None, [1]])
def test_what_is_no_finite_number_is_nan(value: object) -> None:
    assert math.isnan(parse_number(value))


def test_numbers_and_their_texts_are_parsed() -> None:
    assert [parse_number(value) for value in ("1.5", " 2 ", 3)] == [1.5, 2.0, 3.0]


def test_problems_are_raised_together_each_once_with_its_places(tmp_path: Path) -> None:
    raise_problems(tmp_path, [])
    problems = [Problem("line 2", "no x"), Problem("line 3", "no y"), Problem("line 4", "no x")]
    with pytest.raises(DocumentError) as caught:
        raise_problems(tmp_path, problems)
    assert str(caught.value).splitlines()[1:] == ["  line 2, line 4: no x", "  line 3: no y"]
    assert "3 mistakes" in str(caught.value)


def test_tables_of_more_than_ascii_begin_with_a_mark() -> None:
    assert to_csv(["a"], [["b"]]) == b"a\nb\n"
    assert to_csv(["a"], [["Müller"]]) == "\ufeffa\nMüller\n".encode()
    assert encoded("\udcfc.png") == b"\xfc.png"  # a file name that is no text


def test_of_many_places_the_first_are_named() -> None:
    assert list_places(["a", "b"]) == "a, b"
    assert list_places([str(number) for number in range(23)]).endswith("18, 19 and 3 more")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1.png", "'=1+1.png"),
        ("+x", "'+x"),
        ("-x.png", "'-x.png"),
        ("@sum(a)", "'@sum(a)"),
        ("\tx", "'\tx"),
        ("＝1", "'＝1"),
        ("'=x", "''=x"),
        ("''-x", "'''-x"),
        ("-1.5", "-1.5"),
        ("a=b.png", "a=b.png"),
        ("'a", "'a"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_guarded_and_comes_back(
    tmp_path: Path, text: str, cell: str
) -> None:
    assert guarded(text) == cell
    assert unguarded(cell) == text
    write_table(tmp_path / "a.csv", ("name", "x"), [(text, -1.5)])
    ((_, row),) = read_table(tmp_path / "a.csv", ("name", "x"))
    assert row == {"name": text, "x": "-1.5"}
