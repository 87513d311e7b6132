"""Totals of grades, their intervals, and what is done about missing joints."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.inference.grading import Correlation
from sharp_cli.results.console import summary
from sharp_cli.results.formats import from_csv, from_json, to_csv, to_json, to_summary
from sharp_cli.results.grade_simulation import draw_grades, interval
from sharp_cli.results.sens import sens
from sharp_cli.results.totals import Total, totals
from tests.results.graded import CORRELATION, graded, ungraded
from tests.results.test_sens import lost

if TYPE_CHECKING:
    from sharp_cli.core.joints import StudyJoint
    from sharp_cli.core.records import MissingRule
    from sharp_cli.results.document import Document

# Added by hand. Left: erosion 3 + 2 + 5 + 1 = 11, JSN 2 + 4 + 1 = 7, together 18; right: erosion
# 1 + 2 = 3, JSN 3, together 6; both hands: erosion 14, JSN 10, total 24. SENS: erosion 4 + 2 = 6
# joints, JSN 3 + 1 = 4, together 10.
EXAMPLE: dict[StudyJoint, int] = {
    ("left", "erosion", "MCP2"): 3,
    ("left", "erosion", "MCP3"): 2,
    ("left", "erosion", "ulna"): 5,
    ("left", "erosion", "IP"): 1,
    ("left", "jsn", "PIP3"): 2,
    ("left", "jsn", "radiocarpal"): 4,
    ("left", "jsn", "CMC3"): 1,
    ("right", "erosion", "PIP2"): 1,
    ("right", "erosion", "navicular"): 2,
    ("right", "jsn", "MCP1"): 3,
}


def cells(total: Total) -> tuple[float | None, ...]:
    return total.erosion, total.jsn, total.total


def without(document: Document, *lacking: StudyJoint) -> Document:
    return replace(
        document,
        joints=tuple(
            lost(row) if (row.hand, row.finding, row.joint) in lacking else row
            for row in document.joints
        ),
    )


def test_a_worked_example_adds_up_as_by_hand() -> None:
    document = graded(EXAMPLE)
    left, right, both = totals(document)
    assert (left.hand, right.hand, both.hand) == ("left", "right", None)
    assert [cells(total) for total in (left, right, both)] == [(11, 7, 18), (3, 3, 6), (14, 10, 24)]
    # What is certain has no width.
    assert (both.total_low, both.total_high, both.missing) == (24, 24, 0)
    hands = sens(document)
    assert [(row.erosion, row.jsn, row.sens) for row in hands] == [(4, 3, 7), (2, 1, 3), (6, 4, 10)]


def test_the_totals_of_the_hands_go_from_0_to_280() -> None:
    worst: dict[StudyJoint, int] = {
        (side, target.finding, target.joint): 5 if target.finding == "erosion" else 4
        for side in SIDES
        for target in TARGETS
    }
    *_, both = totals(graded(worst))
    assert cells(both) == (160, 120, 280)
    *_, none = totals(graded({}))
    assert cells(none) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rule", "left", "both"),
    [
        # 15 of 16 erosion joints have 11: 11 x 16 / 15.
        ("scale", (11.73, 7, 18.73), (14.73, 10, 24.73)),
        ("refuse", (None, 7, None), (None, 10, None)),
        ("zero", (11, 7, 18), (14, 10, 24)),
    ],
)
def test_missing_joints(
    rule: MissingRule, left: tuple[float | None, ...], both: tuple[float | None, ...]
) -> None:
    document = without(graded(EXAMPLE), ("left", "erosion", "lunate"))
    one, _, study = totals(replace(document, missing=rule))
    assert (cells(one), cells(study)) == (left, both)
    assert (one.missing, study.missing, study.missing_rule) == (1, 1, rule)


def test_nothing_is_made_of_too_few_joints_or_of_no_hand() -> None:
    lacking = [("left", "erosion", target.joint) for target in TARGETS[:9]]
    document = without(graded(EXAMPLE), *lacking)  # type: ignore[arg-type]
    left, _, both = totals(document)
    assert (left.erosion, left.jsn, left.total, both.total) == (None, 7, None, None)
    one, both = totals(graded(EXAMPLE, "left"))
    assert (cells(one), cells(both)) == ((11, 7, 18), (None, None, None))
    assert both.missing == 31
    zero = totals(replace(graded(EXAMPLE, "left"), missing="zero"))
    assert cells(zero[1]) == (11, 7, 18)


def test_no_totals_of_models_that_do_not_grade() -> None:
    document = graded(EXAMPLE)
    bare = replace(document, joints=tuple(map(ungraded, document.joints)))
    assert totals(bare) == ()
    assert json.loads(to_json(bare))["totals"] == []
    assert not any("SHS" in line for line in summary(bare))


def test_errors_that_go_together_make_for_wider_intervals() -> None:
    doubtful = {
        (side, target.finding, target.joint): (0.5, 0.2, 0.2, 0.1, *(0.0,) * (len(grades) - 4))
        for side in SIDES
        for target in TARGETS
        for grades in [range(6 if target.finding == "erosion" else 5)]
    }
    alone = Correlation(0, 0, 0, 0, 0)
    (*_, narrow), (*_, wide) = (
        totals(graded(doubtful, correlation=one)) for one in (alone, CORRELATION)
    )
    assert narrow.total == wide.total == pytest.approx(0.9 * 62)
    deviation = np.sqrt(62 * (0.2 + 0.8 + 0.9 - 0.81))
    assert narrow.total_high is not None
    assert narrow.total_low is not None
    assert narrow.total_high - narrow.total_low == pytest.approx(2 * 1.96 * deviation, abs=2)
    assert wide.total_high is not None
    assert wide.total_low is not None
    assert wide.total_high - wide.total_low > 2 * (narrow.total_high - narrow.total_low)
    *_, unknown = totals(graded(doubtful, correlation=None))
    assert (unknown.total, unknown.total_low) == (wide.total, None)


def test_draws_have_the_probabilities_that_were_given_and_visits_share_errors() -> None:
    at_least: dict[StudyJoint, tuple[float, ...]] = {
        ("left", "erosion", "MCP2"): (0.6, 0.3, 0.1, 0.1, 0.0)
    }
    first, second = (
        next(iter(draw_grades(at_least, CORRELATION, visit=visit).values())) for visit in (0, 1)
    )
    shares = np.bincount(first, minlength=6) / len(first)
    np.testing.assert_allclose(shares, [0.4, 0.3, 0.2, 0, 0.1, 0], atol=0.015)
    assert interval(first, 0.95) == (0, 4)
    assert interval(first, 0.5) == (0, 2)
    assert 0.3 < np.corrcoef(first, second)[0, 1] < 0.5


def test_grades_and_totals_are_written_and_read() -> None:
    shares = (0.25, 0.5, 0.25, 0.0, 0.0, 0.0)
    document = graded({**EXAMPLE, ("left", "erosion", "MCP4"): shares})
    assert from_json(to_json(document), "x") == document
    assert from_csv(to_csv(document), "x") == document.joints
    lines = to_summary(document).decode("utf-8-sig").splitlines()
    assert lines[3].startswith("s,,7,4,11,62,0,0,0,15.0,14,16,10.0,10,10,25.0,24,26,0,scale")
    assert "SHS, 95 % interval: left 19.0 (18–20); right 6.0 (6–6); both hands 25.0 (24–26)," in (
        "\n".join(summary(document))
    )
