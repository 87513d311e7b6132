"""What bundles say of grades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.inference.grading import (
    LEVEL,
    Correlation,
    GradeCalibration,
    grade,
    read_correlations,
    read_grades,
)

if TYPE_CHECKING:
    from sharp_cli.inference.heads import HeadKey

KNOWN: dict[str, HeadKey] = {"siso/jsn/MCP": ("siso", "jsn", "MCP")}
SHARES = {"patient": 0.3, "finding": 0.1, "hand": 0.0, "joint": 0.2, "visit": 0.1}


def meta(
    cuts: list[float], *, slope: float = 1.0, head: str = "jsn/MCP", shares: Any = SHARES
) -> dict[str, Any]:
    calibration = {"siso": {head: {"slope": slope, "cuts": cuts}}}
    return {"grades": {"calibration": calibration, "correlation": {"siso": shares}}}


def test_they_are_read() -> None:
    held = meta([-1, 0, 0])
    assert read_grades(held, KNOWN) == {KNOWN["siso/jsn/MCP"]: GradeCalibration(1, (-1, 0, 0))}
    assert read_correlations(held) == {"siso": Correlation(0.3, 0.1, 0, 0.2, 0.1)}
    assert read_correlations(held)["siso"].level == LEVEL
    assert read_correlations(held)["siso"].rest == pytest.approx(0.3)
    assert not read_grades({}, KNOWN)
    assert not read_correlations({})


@pytest.mark.parametrize(
    "held",
    [
        meta([0, -1, 1]),
        meta([0, 1]),
        meta([0, 1, float("inf")]),
        meta([0, 1, 2], slope=0),
    ],
)
def test_models_that_cannot_be_are_refused(held: Any) -> None:
    with pytest.raises(ValueError, match="grades of siso/jsn/MCP"):
        read_grades(held, KNOWN)


@pytest.mark.parametrize("share", [{"patient": -0.1}, {"joint": 0.9}, {"level": 1.0}])
def test_correlations_that_cannot_be_are_refused(share: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="correlation of the grades of siso"):
        read_correlations(meta([0, 1, 2], shares=SHARES | share))


def test_a_head_must_be_known() -> None:
    with pytest.raises(KeyError):
        read_grades(meta([0, 1, 2], head="jsn/PIP"), KNOWN)


@pytest.mark.parametrize(
    ("at_least", "median"), [((0.4, 0.1), 1), ((0.9, 0.5), 2), ((0.9, 0.4), 1), ((0.1, 0.1), 1)]
)
def test_the_grade_never_contradicts_the_binary_answer(
    at_least: tuple[float, ...], median: int
) -> None:
    assert grade(at_least, damaged=True) == median
    assert grade(at_least, damaged=False) == 0
