"""How sure a detection is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.calibration import (
    CUT_OFF,
    FEATURES,
    UNCLEAR,
    UNLIKE,
    Certainty,
    ViewPredictions,
    measure_evidence,
)

CERTAINTY = Certainty((1.5, -0.7, 0.0, -0.06, 1.0, -1.0), (4.0,) * 22, 0.7, 0.9, 45.0)
SIZE = (2000, 2400)
TO_IMAGE = similarity(scale=1.0, mirror=True, x=1000, y=1200)


def predictions(
    places: Any = TEMPLATE, likelihood: Any = 0.95, spread: Any = 2.0, size: tuple[int, int] = SIZE
) -> ViewPredictions:
    """Of a hand in two views, `spread` to either side."""
    off = np.stack([np.broadcast_to(spread, 22), np.zeros(22)], axis=1)
    likelihoods = np.broadcast_to(likelihood, (22, 1)) if np.ndim(likelihood) == 0 else likelihood
    views = [np.hstack([places + sign * off, likelihoods]) for sign in (-1, 1)]
    return ViewPredictions(TO_IMAGE, np.stack(views), size)


def odds(predicted: ViewPredictions) -> Any:
    """Log odds of the likelihoods."""
    likelihoods = CERTAINTY.likelihoods(measure_evidence(predicted))
    return np.log(likelihoods / (1 - likelihoods))


def test_a_clear_hand_is_sure() -> None:
    evidence = measure_evidence(predictions())
    assert evidence.features.shape == (len(POINTS), len(FEATURES))
    assert CERTAINTY.likelihoods(evidence).min() > 0.95
    assert CERTAINTY.reasons(evidence) == ()


def test_what_the_network_doubts_moves_or_does_not_fit_is_less_likely() -> None:
    usual = odds(predictions())
    doubted = np.full((22, 1), 0.95)
    doubted[3] = 0.2
    moving = np.full(22, 2.0)
    moving[3] = 200.0
    astray = TEMPLATE.copy()
    astray[3] += 300.0
    for predicted in (
        predictions(likelihood=doubted),
        predictions(spread=moving),
        predictions(astray),
    ):
        changed = odds(predicted)
        assert changed[3] < usual[3] - 2
        np.testing.assert_allclose(np.delete(changed, 3), np.delete(usual, 3), atol=0.5)


def test_a_view_that_disagrees_counts_the_less_the_less_likely_it_is() -> None:
    predicted = predictions(spread=0.0)
    predicted.views[0, 3] += (150.0, 150.0, -0.95 + 0.19)
    moved = measure_evidence(predicted).features[:, FEATURES.index("moved")]
    assert moved[3] > 3
    assert np.delete(moved, 3).max() < 0.5
    np.testing.assert_allclose(predicted.mean[3], [*(TEMPLATE[3] + 150 / 6), 0.57])


@pytest.mark.parametrize(
    ("size", "reasons"),
    [
        (SIZE, ()),
        ((2000, 1920), (CUT_OFF,)),  # the radius and the ulna are at y = 1925 and 1921
        ((2000, 1930), ()),
        ((1500, 2400), (CUT_OFF,)),
    ],
)
def test_a_hand_of_which_a_joint_lies_outside_is_cut_off(
    size: tuple[int, int], reasons: tuple[str, ...]
) -> None:
    assert CERTAINTY.reasons(measure_evidence(predictions(size=size))) == reasons


def test_joints_found_inside_do_not_hide_that_the_hand_is_cut() -> None:
    """A network gives every joint some place in its view; where a hand ends, it is a wrong one."""
    tips = [POINTS.index(name) for name in ("PIP2", "PIP3", "PIP4")]
    places = TEMPLATE.copy()
    places[tips, 1] = -300.0
    evidence = measure_evidence(predictions(places)._replace(to_image=similarity(x=1000, y=320)))
    assert evidence.cut_off


def test_a_hand_of_another_shape_or_without_clear_joints_is_uncertain() -> None:
    assert CERTAINTY.reasons(measure_evidence(predictions(TEMPLATE * [0.5, 1.0]))) == (UNLIKE,)
    assert CERTAINTY.reasons(measure_evidence(predictions(likelihood=0.3, spread=40.0))) == (
        UNCLEAR,
    )


@given(known=st.sets(st.integers(0, 21), min_size=1))
def test_points_that_no_network_gives_have_no_likelihood(known: set[int]) -> None:
    absent = sorted(set(range(22)) - known)
    predicted = predictions()
    predicted.views[:, absent] = np.nan
    evidence = measure_evidence(predicted)
    given_ = np.isfinite(CERTAINTY.likelihoods(evidence))
    assert np.flatnonzero(given_).tolist() == sorted(known)
    assert CERTAINTY.reasons(evidence) == ()


def test_a_bundle_holds_it() -> None:
    assert Certainty.from_meta(CERTAINTY.meta()) == CERTAINTY
    with pytest.raises(KeyError):
        Certainty.from_meta({**CERTAINTY.meta(), "weights": {}})


LIMITED = replace(
    CERTAINTY, least_hand=0.6, least_odd_hand=0.8, least_part=0.8, most_part_oddity=1.2
)


def test_a_hand_has_its_joints_where_a_hand_has_them() -> None:
    clear, foot = (
        measure_evidence(predictions()),
        measure_evidence(predictions(TEMPLATE * [0.3, 0.6], likelihood=0.3, spread=90.0)),
    )
    assert LIMITED.is_hand(clear)
    assert LIMITED.is_part(clear)
    assert not LIMITED.is_hand(foot)
    assert not LIMITED.is_part(foot)
    # A bundle from before knows no limits: it refuses nothing, and takes nothing for a part.
    assert CERTAINTY.is_hand(foot)
    assert not CERTAINTY.is_part(clear)


def test_what_is_odd_must_be_clearer() -> None:
    squeezed = TEMPLATE * [0.5, 1.0]
    clear = measure_evidence(predictions(squeezed))
    assert clear.clear_oddity > CERTAINTY.most_oddity
    assert LIMITED.is_hand(clear)
    assert not replace(LIMITED, least_odd_hand=1.0).is_hand(clear)
    assert replace(LIMITED, least_odd_hand=1.0, most_oddity=1e4).is_hand(clear)


def test_joints_at_the_picture_s_edge_do_not_count() -> None:
    whole = measure_evidence(predictions())
    assert whole.clear.all()
    assert whole.clear_oddity == pytest.approx(whole.oddity)
    lowest = TEMPLATE[:, 1].max()
    size = (SIZE[0], round(TO_IMAGE(np.array([[0.0, lowest + 30.0]]))[0, 1]))
    cut = measure_evidence(predictions(size=size))
    assert not cut.clear.all()
    assert not cut.cut_off
    few = predictions()
    few.views[:, 7:] = np.nan
    assert not LIMITED.is_hand(measure_evidence(few))
