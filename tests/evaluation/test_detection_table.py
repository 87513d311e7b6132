"""Rates and distances of joint groups, and their tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from sharp_cli.core.joints import COMMON_PHALANX, FINDINGS, JOINT_GROUPS, POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.datasets.annotations.hands import AnnotatedHand
from sharp_cli.evaluation.detection_match import Comparison, FoundJoint, Unmatched
from sharp_cli.evaluation.detection_plots import distance_errors
from sharp_cli.evaluation.detection_table import (
    Distance,
    distances,
    evaluate_detection,
    rates,
    tables,
)
from sharp_cli.evaluation.metrics.detection import joint_errors
from sharp_cli.evaluation.tables import latex, markdown
from tests.evaluation.paper import DETECTED, PERCENT

PLACES = {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, TEMPLATE, strict=True)}
MISPRINT = ("erosion", "wrist")  # 393 and 415 of 393 and 431 are 808, not 806, of 824


def paper() -> list[FoundJoint]:
    """The joints of Table 3, a record each."""
    joints = []
    for finding, group in JOINT_GROUPS:
        for damaged, (found, of) in zip((False, True), DETECTED[finding][group][:2], strict=True):
            joints += [FoundJoint(finding, group, number < found, damaged) for number in range(of)]
    return joints


def shifted(
    dx: float, dy: float, *, scale: float = 1.0, spacing: tuple[float, float] | None = None
) -> list[Distance]:
    """Distances of a hand whose joints are all so far off, in a picture that was scaled then."""
    hand = AnnotatedHand("a", "left", {k: (x * scale, y * scale) for k, (x, y) in PLACES.items()})
    detected = {
        ("a", hand.side, name): ((x + dx) * scale, (y + dy) * scale)
        for name, (x, y) in PLACES.items()
    }
    known = None if spacing is None else {"a": spacing}
    return distances(joint_errors(detected, [hand], spacing=known))


def means(measured: list[Distance], unit: str) -> list[float]:
    return [one.mean for one in measured if one.unit == unit]


def test_table_3_follows_from_its_counts() -> None:
    """All cells do but one total, whose rate is that of the right one."""
    found = rates(paper())
    assert len(found) == 3 * sum(map(len, DETECTED.values()))
    for rate in found:
        column = ("intact", "non-intact", "total").index(rate.state)
        printed, of = DETECTED[rate.finding][rate.joints][column]
        if (rate.finding, rate.joints, rate.state) == (*MISPRINT, "total"):
            assert (printed, rate.found) == (806, 808)
            printed = 808
        percent = PERCENT[rate.finding][rate.joints][column]
        assert str(rate) == f"{printed}/{of} ({percent}%)"


def test_table_3_is_laid_out_as_in_the_paper() -> None:
    evaluation = evaluate_detection(
        Comparison("as a reader adjudicated", (), paper(), (), uncertain=False)
    )
    (table,) = tables(evaluation, "as a reader adjudicated")
    assert table.columns == ("", "Intact", "Non-intact", "Total")
    assert [row[0] for row in table.rows] == [
        "Erosion", "PIP-IP", "MCP", "CMC-M", "Wrist", "All joints",
        "JSN", "PIP", "MCP", "CMC", "Wrist", "All joints",
    ]  # fmt: skip
    assert table.bold == {(0, 0), (6, 0)}
    row = "| PIP-IP | 916/921 (99.5%) | 99/109 (90.8%) | 1015/1030 (98.5%) |\n"
    assert row in markdown(table)
    assert r"All joints & 1791/1811 (98.9\%) & 1217/1279 (95.2\%) & 3008/3090" in latex(table)
    assert "found as a reader adjudicated" in table.caption


def test_a_joint_without_a_label_is_in_the_total_only() -> None:
    joints = [
        FoundJoint("jsn", "CMC", found, damaged)
        for found, damaged in ((True, None), (False, None), (True, True))
    ]
    found = {rate.state: rate for rate in rates(joints) if rate.joints == "CMC"}
    assert {state: str(rate) for state, rate in found.items()} == {
        "intact": "–",
        "non-intact": "1/1 (100.0%)",
        "total": "2/3 (66.7%)",
    }
    assert math.isnan(found["intact"].percent)


def test_distances_are_known_in_every_unit() -> None:
    measured = shifted(3, 4, spacing=(0.1, 0.1))
    assert len(measured) == 10 * 3
    length = AnnotatedHand("a", "left", PLACES).phalanx
    assert means(measured, "px") == pytest.approx([5 * COMMON_PHALANX / length] * 10)
    assert means(measured, "mm") == pytest.approx([0.5] * 10)
    assert means(measured, "percent") == pytest.approx([500 / length] * 10)
    assert all(one.sd == pytest.approx(0, abs=1e-9) for one in measured)
    assert all(one.median == pytest.approx(one.p95) for one in measured)
    counts = {(one.finding, one.joints): one.measured for one in measured}
    assert counts["erosion", "PIP-IP"] == 5
    assert (counts["erosion", "all joints"], counts["jsn", "all joints"]) == (16, 15)


offsets = st.floats(-50, 50).filter(lambda value: abs(value) > 0.01)
factors = st.floats(0.05, 20)


@given(offsets, offsets, factors)
def test_the_size_of_the_picture_is_nothing_to_pixels_and_percent(
    dx: float, dy: float, scale: float
) -> None:
    once, again = shifted(dx, dy), shifted(dx, dy, scale=scale)
    for unit in ("px", "percent"):
        assert means(again, unit) == pytest.approx(means(once, unit), rel=1e-6)


@given(offsets, offsets, factors, st.floats(0.01, 1), st.floats(0.01, 1))
def test_mm_follow_the_spacing(
    dx: float, dy: float, scale: float, high: float, wide: float
) -> None:
    expected = [math.hypot(dx * wide, dy * high)] * 10
    # A picture of more pixels, each as much smaller, shows the same hand.
    same = shifted(dx, dy, scale=scale, spacing=(high / scale, wide / scale))
    assert means(same, "mm") == pytest.approx(expected, rel=1e-6)
    larger = shifted(dx, dy, spacing=(scale * high, scale * wide))
    assert means(larger, "mm") == pytest.approx([scale * one for one in expected], rel=1e-6)
    assert means(larger, "percent") == means(shifted(dx, dy), "percent")


def test_distances_in_tables() -> None:
    x, y = PLACES["CMC1"]
    hand = AnnotatedHand("a", "left", PLACES)
    side, unit = hand.side, hand.phalanx / 100
    detected = {
        ("a", side, "CMC1"): (x + unit, y),
        ("a", side, "multangular"): (PLACES["multangular"][0], PLACES["multangular"][1] + 4 * unit),
        ("a", side, "lunate"): PLACES["lunate"],
    }
    partners = [Unmatched("annotated, not predicted", 28, "count as not found")]
    errors = joint_errors(detected, [hand])
    evaluation = evaluate_detection(Comparison("near", partners, (), errors, uncertain=False))
    _, px, mm, percent, told = tables(evaluation, "near")
    assert list(px.rows[3]) == ["CMC-M", "2", "10.0 ± 8.5", "10.0", "15.4"]
    assert list(percent.rows[3]) == ["CMC-M", "2", "2.50 ± 2.12", "2.50", "3.85"]
    assert list(percent.rows[4]) == ["Wrist", "1", "0.00 ± –", "0.00", "0.00"]
    assert list(percent.rows[1]) == ["PIP-IP", "0", "–", "–", "–"]
    assert {tuple(row[1:]) for row in mm.rows if row[1]} == {("0", "–", "–", "–")}
    assert told.rows == [("annotated, not predicted", "28", "count as not found")]


def test_figure_4_has_the_means_and_their_sd() -> None:
    measured = [Distance(*head, "px", 9, 3.4, 3.5, 1.0, 1.0) for head in JOINT_GROUPS]
    measured += [Distance(*head, "mm", 9, 0.3, 0.4, 1.0, 1.0) for head in JOINT_GROUPS]
    axes = distance_errors(measured).axes
    assert [ax.get_title() for ax in axes] == ["Erosion", "JSN"]
    for ax, finding in zip(axes, FINDINGS, strict=True):
        names = [group for of, group in JOINT_GROUPS if of == finding]
        assert [label.get_text() for label in ax.get_xticklabels()] == names
        assert [bar.get_height() for bar in ax.patches if isinstance(bar, Rectangle)] == [
            3.4
        ] * len(names)
        (bars,) = ax.collections
        assert isinstance(bars, LineCollection)
        ends = [y for segment in bars.get_segments() for _, y in segment]
        assert ends == pytest.approx([3.4 - 3.5, 3.4 + 3.5] * len(names))
        assert ax.get_ylim()[0] == 0
