"""Changes between the visits of patients."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.inference.grading import Correlation
from sharp_cli.results.assemble import with_studies
from sharp_cli.results.changes import CHANGE_COLUMNS, Change, changes
from sharp_cli.results.console import visits
from sharp_cli.results.formats import from_json, to_changes, to_json
from tests.results.graded import graded
from tests.results.test_totals import EXAMPLE, without

if TYPE_CHECKING:
    from sharp_cli.core.joints import StudyJoint
    from sharp_cli.results.document import Document

WORSE: dict[StudyJoint, int] = {
    **EXAMPLE,
    ("left", "erosion", "MCP2"): 5,
    ("left", "jsn", "PIP3"): 3,
    ("right", "erosion", "lunate"): 1,
}
DOUBTFUL = {
    (side, target.finding, target.joint): (0.4, 0.3, 0.2, 0.1, *(0.0,) * extra)
    for side in SIDES
    for target in TARGETS
    for extra in [2 if target.finding == "erosion" else 1]
}


def visit(document: Document, day: int | None, patient: str | None = "p") -> Document:
    inputs = tuple(replace(row, patient=patient, day=day) for row in document.inputs)
    return replace(document, inputs=inputs)


def total(found: tuple[Change, ...]) -> Change:
    (one,) = (row for row in found if (row.hand, row.finding, row.joint) == (None, None, None))
    return one


def test_visits_are_compared_in_the_order_of_their_days() -> None:
    documents = [
        visit(graded(WORSE, name="b"), 400),
        visit(graded(EXAMPLE, name="a"), 0),
        visit(graded(EXAMPLE, name="c"), 500),
        visit(graded(EXAMPLE, name="alone"), 0, "q"),
        visit(graded(EXAMPLE, name="undated"), None),
        visit(graded(EXAMPLE, name="unlisted"), 3, None),
    ]
    found = changes(documents)
    assert dict.fromkeys((row.earlier, row.study, row.days) for row in found) == {
        ("a", "b", 400): None,
        ("b", "c", 100): None,
    }
    first = [row for row in found if row.study == "b"]
    moved = {(row.hand, row.finding, row.joint): row.change for row in first if row.change}
    assert moved == {
        ("left", "erosion", "MCP2"): 2,
        ("left", "jsn", "PIP3"): 1,
        ("right", "erosion", "lunate"): 1,
        ("left", "erosion", None): 2,
        ("left", "jsn", None): 1,
        ("left", None, None): 3,
        ("right", "erosion", None): 1,
        ("right", None, None): 1,
        (None, "erosion", None): 3,
        (None, "jsn", None): 1,
        (None, None, None): 4,
    }
    assert len(first) == 62 + 9
    assert (total(tuple(first)).change_low, total(tuple(first)).change_high) == (4, 4)


def test_what_visits_share_of_their_errors_cancels() -> None:
    widths = []
    for share in (0.0, 0.9):
        correlation = Correlation(share, 0, 0, 0, 0)
        both = [visit(graded(DOUBTFUL, name=str(n), correlation=correlation), n) for n in (0, 9)]
        one = total(changes(both))
        assert one.change == 0
        assert one.change_low is not None
        assert one.change_high is not None
        widths.append(one.change_high - one.change_low)
    # Each grade has a variance of 1; alone, the 124 of both visits add up.
    assert widths[0] == pytest.approx(2 * 1.96 * 124**0.5, abs=2)
    assert widths[1] < widths[0] / 2
    unknown = [visit(graded(DOUBTFUL, name=str(n), correlation=None), n) for n in (0, 9)]
    assert total(changes(unknown)).change_low is None


def test_a_joint_that_is_missing_at_one_visit_is_missing_in_the_change() -> None:
    lacking = without(graded(WORSE, name="b"), ("left", "erosion", "MCP2"))
    pair = [visit(graded(EXAMPLE, name="a"), 0), visit(lacking, 1)]
    found = changes(pair)
    assert not any(row.joint == "MCP2" and row.finding == "erosion" for row in found[:30])
    one = total(found)
    assert (one.change, one.missing, one.missing_rule) == (2, 1, "scale")
    refused = changes([replace(document, missing="refuse") for document in pair])
    assert not any((row.hand, row.finding, row.joint) == (None, None, None) for row in refused)


def test_they_are_written() -> None:
    pair = [visit(graded(EXAMPLE, name="a"), 0), visit(graded(WORSE, name="b"), 365)]
    rows = list(csv.DictReader(to_changes(pair).decode("utf-8-sig").splitlines()))
    assert tuple(rows[0]) == CHANGE_COLUMNS
    assert rows[-1]["patient"] == "p"
    assert (rows[-1]["change"], rows[-1]["change_low"], rows[-1]["joint"]) == ("4.0", "4", "")
    document = with_studies(pair[0], pair[1:])
    assert from_json(to_json(document), "x") == document
    assert visits(document) == [
        (
            "SHS of b, change since a (365 days), 95 % interval: erosion +3.0 (+3 to +3), "
            "JSN +1.0 (+1 to +1), total +4.0 (+4 to +4)"
        )
    ]
