"""A row for each study."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

from sharp_cli.results.selection import ALL, Selection
from sharp_cli.results.wide import to_wide, wide_columns, wide_rows
from tests.results.test_sens import lost, scored

SAFE = re.compile("[a-z][a-z0-9_]{0,25}")


def test_every_program_takes_the_names() -> None:
    columns = wide_columns()
    assert len({*columns}) == len(columns)
    assert [name for name in columns if not SAFE.fullmatch(name)] == []


def test_a_row_holds_the_joints_and_scores_of_a_study() -> None:
    document = scored("left", "right")
    ((*cells,),) = wide_rows(document)
    row = dict(zip(wide_columns(), cells, strict=True))
    assert (row["record_id"], row["study"], row["visit_date"]) == ("s", "s", None)
    assert (row["l_ero_mcp2"], row["l_ero_mcp2_p"], row["l_ero_mcp2_status"]) == (1, 0.5, "ok")
    assert (row["r_ero_mcp2"], row["r_jsn_mult_nav"], row["l_jsn_cap_nav_lun"]) == (0, 1, 0)
    assert (row["l_sens"], row["r_sens"], row["sens"]) == (5, 5, 10)


def test_a_hand_that_is_missing_is_empty_and_a_joint_that_is_lost_says_so() -> None:
    document = scored("left")
    document = replace(document, joints=(lost(document.joints[0]), *document.joints[1:]))
    row = dict(zip(wide_columns(), next(wide_rows(document)), strict=True))
    assert (row["l_ero_ip"], row["l_ero_ip_p"], row["l_ero_ip_status"]) == (
        None, None, "not-detected",
    )  # fmt: skip
    assert {row[name] for name in row if name.startswith("r_")} == {None}


def test_it_is_written_as_csv_with_the_chosen_joints() -> None:
    own = scored("left", "right")
    named = (replace(own.inputs[0], patient="P-1", date="2024-05-31"),)
    content = to_wide(replace(own, inputs=named), ALL, "a.csv").decode()
    (row,) = csv.DictReader(content.splitlines())
    assert (row["record_id"], row["visit_date"], row["l_ero_mcp2"]) == ("P-1", "2024-05-31", "1")
    few = wide_columns(Selection(frozenset({"jsn"}), frozenset({"MCP2"})))
    assert [name for name in few if "_p" in name] == ["l_jsn_mcp2_p", "r_jsn_mcp2_p"]
