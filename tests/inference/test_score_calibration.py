from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.inference.score_calibration import (
    Calibration,
    Limits,
    read_calibration,
    read_limits,
    shown_probability,
    shown_thresholds,
)

if TYPE_CHECKING:
    from sharp_cli.core.records import Label

SCORES = st.floats(0, 1)
PREVALENCES = st.floats(1e-4, 1 - 1e-4)
CALIBRATIONS = st.builds(Calibration, st.floats(0.01, 20), st.floats(-10, 10))


@given(CALIBRATIONS, SCORES, SCORES, PREVALENCES)
def test_a_higher_score_is_no_lower_probability(
    calibration: Calibration, one: float, other: float, prevalence: float
) -> None:
    low, high = (calibration.probability(score, prevalence) for score in sorted((one, other)))
    assert 0 <= low <= high <= 1


@given(CALIBRATIONS, SCORES, PREVALENCES, PREVALENCES)
def test_prevalence_multiplies_the_odds(
    calibration: Calibration, score: float, one: float, other: float
) -> None:
    first, second = (calibration.probability(score, each) for each in (one, other))
    assume(1e-6 < first < 1 - 1e-6 and 1e-6 < second < 1 - 1e-6)
    ratio = (second / (1 - second)) / (first / (1 - first))
    assert ratio == pytest.approx((other / (1 - other)) / (one / (1 - one)), rel=1e-6)


def test_at_one_half_scores_of_an_identity_are_probabilities() -> None:
    for score in (0.0, 0.2, 0.5, 0.99, 1.0):
        assert Calibration(1, 0).probability(score, 0.5) == pytest.approx(score)


@example(Calibration(1.0, 0.0), 0.5, 0.5, 0.2)
@given(CALIBRATIONS, SCORES, SCORES, PREVALENCES)
def test_rounded_probabilities_stay_on_their_side_of_the_shown_threshold(
    calibration: Calibration, score: float, threshold: float, prevalence: float
) -> None:
    head = {"erosion/MCP": {"slope": calibration.slope, "intercept": calibration.intercept}}
    meta = {"thresholds": {"siso": {"erosion/MCP": threshold}}, "calibration": {"siso": head}}
    shown = shown_thresholds(meta, "siso", {"erosion/MCP": prevalence})["erosion/MCP"]
    assert 0 <= shown <= 1
    probability = calibration.probability(score, prevalence)
    if probability >= calibration.probability(threshold, prevalence):
        assert shown_probability(probability, "non-intact") >= shown
    else:
        assert shown_probability(probability, "intact") < shown


@pytest.mark.parametrize(
    ("limits", "score", "label", "certain"),
    [
        (Limits(0.6, 0.4), 0.3, "intact", True),
        (Limits(0.6, 0.4), 0.5, "intact", False),  # both
        (Limits(0.6, 0.4), 0.7, "non-intact", True),
        (Limits(0.6, 0.4), 0.7, "intact", False),  # the other alone
        (Limits(0.4, 0.6), 0.5, "non-intact", False),  # neither
    ],
)
def test_a_label_is_certain_where_it_is_alone_in_its_set(
    limits: Limits, score: float, label: Label, *, certain: bool
) -> None:
    assert limits.certainty(score, label) == ("certain" if certain else "uncertain")


def test_what_a_bundle_holds() -> None:
    keys = [("siso", *head) for head in JOINT_GROUPS]
    assert read_calibration({}, keys) == read_limits({}, keys) == {}  # type: ignore[arg-type]
    heads = ["/".join(head) for head in JOINT_GROUPS]
    meta: dict[str, Any] = {
        "calibration": {"siso": {head: {"slope": 2, "intercept": -1} for head in heads}},
        "conformal": {
            "error_rate": 0.1,
            "limits": {"siso": {head: {"intact": 0.7, "non_intact": 0.2} for head in heads}},
        },
    }
    assert read_calibration(meta, keys) == dict.fromkeys(keys, Calibration(2, -1))  # type: ignore[arg-type]
    assert read_limits(meta, keys) == dict.fromkeys(keys, Limits(0.7, 0.2))  # type: ignore[arg-type]
    for wrong in (0, -1, math.inf):
        meta["calibration"]["siso"][heads[0]]["slope"] = wrong
        with pytest.raises(ValueError, match=f"calibration of siso/{heads[0]}"):
            read_calibration(meta, keys)  # type: ignore[arg-type]
    del meta["calibration"]["siso"][heads[0]]
    with pytest.raises(KeyError):
        read_calibration(meta, keys)  # type: ignore[arg-type]
