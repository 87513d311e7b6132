"""The plan of a cohort: the paper's numbers, damage that goes together and never heals."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.core.joints import GRADES, JOINT_GROUPS, SIDES, TARGETS
from sharp_cli.core.prevalence import NON_INTACT
from sharp_cli.synthetic.phantom.cohort import KEYS, Patient, cohort, patient, study_count
from sharp_cli.synthetic.phantom.severity import (
    DEFAULT,
    GRADE_FRACTIONS,
    Correlations,
    prevalences,
    severities,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY = 400
SEEDS = st.integers(0, 2**40)


@pytest.fixture(scope="module", params=(1, 2, 3))
def many(request: pytest.FixtureRequest) -> list[Patient]:
    return list(cohort(request.param, MANY))


def grades(patients: list[Patient]) -> NDArray[Any]:
    """Shape (studies, 62)."""
    return np.array([[s.grades[key] for key in KEYS] for p in patients for s in p.studies])


@given(SEEDS, st.integers(1, 200))
@settings(max_examples=20)
def test_a_patient_is_the_same_however_many_there_are(seed: int, number: int) -> None:
    *_, last = cohort(seed, number)
    assert last == patient(seed, number)
    assert last != patient(seed + 1, number)


@given(SEEDS)
@settings(max_examples=20)
def test_forty_patients_are_the_papers(seed: int) -> None:
    patients = list(cohort(seed, 80))
    for block in (patients[:40], patients[40:]):
        assert sum(len(one.studies) for one in block) == 113
        assert Counter(one.sex for one in block) == {"F": 36, "M": 4}
        sites = Counter(one.site for one in block)
        assert [sites[n] for n in range(1, 10)] == [3, 1, 2, 14, 2, 2, 1, 1, 14]
    assert study_count(seed, 80) == 226
    assert [len(one.studies) for one in patients[:40]] != [
        len(one.studies) for one in patients[40:]
    ]


def test_no_two_patients_are_alike(many: list[Patient]) -> None:
    assert len({one.id for one in many}) == len({one.seed for one in many}) == MANY
    assert [one.id for one in many[:2]] == ["PHANTOM-0001", "PHANTOM-0002"]


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=100)
def test_time_passes_and_damage_does_not_heal(seed: int, number: int) -> None:
    one = patient(seed, number)
    first = one.studies[0]
    assert first.date.year >= 2008
    assert one.studies[-1].date.year <= 2019
    assert [study.number for study in one.studies] == [*range(1, len(one.studies) + 1)]
    for before, after in pairwise(one.studies):
        years = (after.date - before.date).days / 365.25
        assert 0.79 < years < 2.21
        assert after.age - before.age == pytest.approx(years, abs=0.01)
        assert after.duration - before.duration == pytest.approx(years, abs=0.01)
        assert all(after.grades[key] >= before.grades[key] for key in KEYS)
        for side in SIDES:
            was, now = before.condition[side], after.condition[side]
            assert now.drift >= was.drift
            assert now.subluxation >= was.subluxation
            assert now.density is not None
            assert was.density is not None
            assert now.density <= was.density
    for study in one.studies:
        assert 0 < study.duration < study.age - 15.999
        assert set(study.grades) == set(KEYS)
        for (_, finding, _joint), grade in study.grades.items():
            assert grade in GRADES[finding]
        for condition in study.condition.values():
            assert 0.5 <= (condition.density or 0.0) <= 1.2
            assert 0.0 <= condition.drift <= 30.0
            assert 0.0 <= condition.subluxation <= 1.0


def test_ages_and_durations_are_those_of_table_1(many: list[Patient]) -> None:
    first = [one.studies[0] for one in many]
    # Four standard errors of a mean of 400.
    assert np.mean([study.age for study in first]) == pytest.approx(61.5, abs=2.4)
    assert np.std([study.age for study in first]) == pytest.approx(11.6, abs=1.7)
    assert np.mean([study.duration for study in first]) == pytest.approx(11.4, abs=2.0)


def test_prevalence_is_that_of_table_2(many: list[Patient]) -> None:
    for (finding, group), (damaged, total) in NON_INTACT.items():
        keys = [
            (side, t.finding, t.joint)
            for side in SIDES
            for t in TARGETS
            if (t.finding, t.group) == (finding, group)
        ]
        found = np.array([
            (sum(s.grades[k] > 0 for s in one.studies for k in keys), len(one.studies) * len(keys))
            for one in many
        ])  # fmt: skip
        fraction = found[:, 0].sum() / found[:, 1].sum()
        # The standard error of a ratio of sums over patients: a patient's joints are not apart.
        residuals = found[:, 0] - fraction * found[:, 1]
        error = np.sqrt(MANY) * residuals.std() / found[:, 1].sum()
        assert error < 0.03
        assert abs(fraction - damaged / total) < 3.5 * error, (finding, group)


def test_prevalences_average_to_table_2_and_follow_the_odds() -> None:
    non_intact = prevalences()
    for (finding, group), (damaged, total) in NON_INTACT.items():
        names = [t.joint for t in TARGETS if (t.finding, t.group) == (finding, group)]
        assert np.mean([non_intact[finding, n] for n in names]) == pytest.approx(damaged / total)
    one, other = non_intact["erosion", "MCP2"], non_intact["erosion", "MCP4"]
    assert one / (1 - one) == pytest.approx(1.8 / 0.7 * other / (1 - other))


def test_grades_are_mostly_mild(many: list[Patient]) -> None:
    graded = grades(many)
    for finding, chosen in GRADE_FRACTIONS.items():
        values = graded[:, [key[1] == finding for key in KEYS]]
        counts = np.bincount(values[values > 0], minlength=len(chosen) + 1)[1:]
        assert counts / counts.sum() == pytest.approx(chosen, abs=0.05)


def test_severe_disease_costs_bone_and_deforms(many: list[Patient]) -> None:
    last = [one.studies[-1] for one in many]
    damage = np.array([sum(study.grades.values()) for study in last])
    drift = np.array([max(c.drift for c in study.condition.values()) for study in last])
    density = np.array([study.condition["left"].density or 0.0 for study in last])
    severe = damage > np.quantile(damage, 0.8)
    assert np.mean(drift > 0) < 0.4
    assert drift[severe].mean() > 5 * drift[~severe].mean()
    assert density[severe].mean() < density[~severe].mean() - 0.03
    female = np.array([one.sex == "F" for one in many])
    assert density[female].mean() < density[~female].mean()


def drawn(correlations: Correlations, patients: int = 1500) -> NDArray[Any]:
    """Severities at two visits two years apart, shape (2, patients, 2, 31)."""
    rng = np.random.default_rng(5)
    visits = np.array([0.0, 2.0])
    durations = rng.lognormal(2.161, 0.738, patients)
    shared = rng.standard_normal((patients, 1 + len(JOINT_GROUPS)))
    each = [
        severities(rng, one, visits, duration + visits, correlations)
        for one, duration in zip(shared, durations, strict=True)
    ]
    return np.stack(each, axis=1)


@pytest.mark.parametrize(
    "chosen",
    [DEFAULT, Correlations(patient=0.1, group=0.2, fingers=0.4, wrist=0.5, place=0.4, year=0.8)],
)
def test_severities_correlate_as_chosen(chosen: Correlations) -> None:
    severity = drawn(chosen)
    measured: NDArray[Any] = np.asarray(np.corrcoef(severity[0].reshape(severity.shape[1], -1).T))
    column = {key: n for n, key in enumerate(KEYS)}
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in TARGETS:
        for other in TARGETS:
            for side in SIDES:
                pair = measured[
                    column["left", one.finding, one.joint],
                    column[side, other.finding, other.joint],
                ]
                if one == other:
                    finger = one.group in ("PIP-IP", "PIP", "MCP")
                    found["fingers" if finger else "wrist"] += [pair] * (side == "right")
                elif (one.finding, one.group) == (other.finding, other.group):
                    found["group"].append(pair)
                elif one.joint == other.joint and side == "left":
                    found["place"].append(pair)
    assert {kind: np.mean(pairs) for kind, pairs in found.items()} == pytest.approx(
        {kind: getattr(chosen, kind) for kind in found}, abs=0.06
    )
    assert len(found) == 4
    navicular = column["left", "erosion", "navicular"]
    beside = measured[navicular, column["left", "jsn", "multangular-navicular"]]
    apart = measured[navicular, column["left", "jsn", "radiocarpal"]]
    assert beside == pytest.approx(chosen.place, abs=0.09)
    assert apart == pytest.approx(chosen.patient, abs=0.09)
    later: NDArray[Any] = np.asarray(np.corrcoef(severity[:, :, 0, 0]))
    assert later[0, 1] == pytest.approx(chosen.year**2, abs=0.05)
    assert severity.std(axis=1).mean() == pytest.approx(1.0, abs=0.05)


def test_labels_of_both_hands_go_together_more_than_others(many: list[Patient]) -> None:
    labels = grades(many) > 0
    together: NDArray[Any] = np.asarray(np.corrcoef(labels.T))
    across = together[:31, 31:]
    same, others = np.diag(across), across[~np.eye(31, dtype=bool)]
    assert same.mean() > others.mean() + 0.1
    wrist = np.array([target.group == "wrist" for target in TARGETS])
    assert same[wrist].mean() > same[~wrist].mean()


IMPOSSIBLE = {
    "group below patient": {"group": 0.2},
    "fingers below group": {"fingers": 0.4},
    "wrist below group": {"wrist": 0.4},
    "place below patient": {"place": 0.2},
    "more than all": {"wrist": 0.95},
    "negative": {"patient": -0.1},
    "year above 1": {"year": 1.1},
}


@pytest.mark.parametrize("values", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_impossible_correlations_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="no severities have these"):
        Correlations(**values)


@given(st.lists(st.integers(0, 100), min_size=5, max_size=5), st.booleans())
def test_possible_correlations_are_those_whose_variances_add_up(
    percent: list[int],
    in_order: bool,  # noqa: FBT001
) -> None:
    patient, place, group, fingers, wrist = sorted(percent) if in_order else percent
    possible = (
        patient <= min(group, place)
        and group <= min(fingers, wrist)
        and max(fingers, wrist) + place <= 100 + patient
    )
    correlations = [percent / 100 for percent in (patient, group, fingers, wrist, place)]
    try:
        made = Correlations(*correlations)
    except ValueError:
        assert not possible
    else:
        assert possible
        assert made.variances().sum(axis=0) == pytest.approx(np.ones(31))
