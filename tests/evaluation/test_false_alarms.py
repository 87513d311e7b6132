"""False alarms on intact hands: what counts, by which joints, and by whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGETS
from sharp_cli.evaluation.false_alarms import (
    Exclusion,
    classified_joints,
    evaluate_false_alarms,
    read_exclusions,
)
from sharp_cli.results.document import JointRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.core.records import Label
    from sharp_cli.evaluation.false_alarms import FalseAlarms

RESULTS = Path("results.csv")


def hand(file: str, called: Iterable[str] = (), unknown: Iterable[str] = ()) -> list[JointRow]:
    """A hand whose joints of some names are called non-intact, or not classified."""
    rows = []
    for target in TARGETS:
        label: Label = "non-intact" if target.joint in called else "intact"
        known = target.joint not in unknown
        rows.append(
            JointRow(
                study="s",
                file=file,
                hand="left",
                finding=target.finding,
                group=target.group,
                joint=target.joint,
                x=1.0,
                y=1.0,
                box=((0.0, 0.0),) * 4,
                likelihood=0.9,
                probability=0.5 if known else None,
                label=label if known else None,
                certainty=None,
                model="siso" if known else None,
                status="ok",
            )
        )
    return rows


def measured(
    rows: Iterable[JointRow], exclusions: dict[str, Exclusion] | None = None
) -> dict[tuple[str, str], FalseAlarms]:
    found = evaluate_false_alarms(RESULTS, [*classified_joints(rows, exclusions or {})])
    return {(one.finding, one.joints): one for one in found.false_alarms}


def test_joints_are_counted_by_group_by_finding_and_in_all() -> None:
    found = measured([*hand("a.png", ["PIP2"]), *hand("b.png", unknown=["PIP3", "ulna"])])
    assert len(found) == 8 + 2 + 1
    assert (found["jsn", "PIP"].non_intact, found["jsn", "PIP"].of) == (1, 7)
    assert (found["erosion", "all joints"].non_intact, found["erosion", "all joints"].of) == (1, 30)
    whole = found["all", "all joints"]
    assert (whole.non_intact, whole.of) == (2, 59)
    assert whole.percent == pytest.approx(200 / 59)


def test_excluded_joints_count_nowhere() -> None:
    exclusions = {"x/a.png": Exclusion("P", frozenset({"PIP2", "MCP1"}))}
    found = measured([*hand("/films/x/a.png", ["PIP2"]), *hand("y/a.png", ["MCP1"])], exclusions)
    assert (found["jsn", "PIP"].non_intact, found["jsn", "PIP"].of) == (0, 7)
    assert (found["jsn", "MCP"].non_intact, found["jsn", "MCP"].of) == (1, 9)


def test_intervals_are_by_patient() -> None:
    rows = [*hand("a.png", ["PIP2"]), *hand("b.png", ["PIP3"])]
    one = measured(rows, {f"{name}.png": Exclusion("P", frozenset()) for name in "ab"})
    assert one["jsn", "PIP"].percent == 25
    assert str(one["jsn", "PIP"].low) == "nan"
    more = measured([*rows, *hand("c.png")])["jsn", "PIP"]
    assert more.low < more.percent < more.high


def test_there_must_be_something_to_count() -> None:
    with pytest.raises(DocumentError, match=r"results\.csv: no joint"):
        evaluate_false_alarms(RESULTS, [])


def test_exclusions_are_read_with_or_without_patients(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,leave_out\na.png,CMC4 CMC5\nb.png,\n")
    assert read_exclusions(path) == {
        "a.png": Exclusion("a.png", frozenset({"CMC4", "CMC5"})),
        "b.png": Exclusion("b.png", frozenset()),
    }
    path.write_text("patient,image,leave_out\nP,a.png,\n,b.png,\n")
    assert [one.patient for one in read_exclusions(path).values()] == ["P", "b.png"]


def test_bad_exclusions_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("image,leave_out\na.png,DIP2\na.png,\n,ulna\n")
    with pytest.raises(DocumentError, match="3 mistakes") as caught:
        read_exclusions(path)
    for what in ("line 2: unknown joint 'DIP2'", "line 3: a.png stands twice", "line 4: no image"):
        assert what in str(caught.value)
