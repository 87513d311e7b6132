"""Agreement on grades, scores and change."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import TARGETS
from sharp_cli.evaluation.cases import match
from sharp_cli.evaluation.grades import Graded, grade_agreements, grades_of
from sharp_cli.evaluation.grading import evaluate_grading
from sharp_cli.evaluation.metrics.ordinal import GRADE_METRICS
from sharp_cli.evaluation.raters import Call
from sharp_cli.evaluation.study_table import StudyTable
from sharp_cli.evaluation.totals import by_hand, changes, total_scores
from tests.evaluation.cases import grader, labelled, place, rater

LABELS = Path("labels.csv")
JOINTS = labelled(6)
TABLE = StudyTable(["patient"], {(f"P{n}",): {"sex": "fm"[n % 2]} for n in range(6)})


def visits(patients: int = 5) -> tuple[Graded, dict[tuple[str, str], date]]:
    """Labels and two readers of three visits: one grade more in 10 joints at each."""
    joints = []
    for visit in range(3):
        for number, joint in enumerate(labelled(patients)):
            image = f"{visit}-{joint.image}"
            grade = (joint.grade or 0) + (visit if number % 62 < 10 else 0)
            joints.append(replace(joint, study=str(visit), image=image, grade=min(grade, 4)))
    cases = match(LABELS, joints, [grader("Ann", joints), grader("Bob", joints)], "exclude")
    # The order of the visits is that of their dates, whatever their names.
    days = {"0": date(2020, 1, 1), "1": date(2022, 1, 1), "2": date(2021, 1, 1)}
    dates = {(joint.patient, joint.study): days[joint.study] for joint in joints}
    return grades_of(cases), dates


def test_every_pair_has_every_metric_on_every_joint_group() -> None:
    raters = [grader("net", JOINTS, reader=False), grader("Ann", JOINTS)]
    cases = match(LABELS, JOINTS, raters, "exclude")
    found = list(grade_agreements(grades_of(cases), resamples=20, seed=1))
    assert len(found) == 3 * 10 * len(GRADE_METRICS)
    one = next(
        row
        for row in found
        if (row.joints, row.first, row.second, row.metric)
        == ("MCP", "net", "labels", "quadratic_kappa")
    )
    chosen = [joint for joint in JOINTS if joint.joint_group == ("erosion", "MCP")]
    said = [raters[0].calls[place(joint)].grade for joint in chosen]
    truth = [joint.grade for joint in chosen]
    assert one.graded == len(chosen) == 60
    assert one.value == pytest.approx(cohen_kappa_score(said, truth, weights="quadratic"))
    assert one.low < one.value < one.high


def test_who_gives_no_grades_is_left_out() -> None:
    cases = match(LABELS, JOINTS, [rater("binary", JOINTS), grader("Ann", JOINTS)], "exclude")
    assert grades_of(cases).names == ["Ann", "labels"]
    with pytest.raises(DocumentError, match="only labels of binary, labels give grades"):
        grades_of(match(LABELS, JOINTS, [rater("binary", JOINTS)], "exclude"))


def test_scores_are_sums_of_expected_grades_and_grades() -> None:
    net = grader("net", JOINTS, reader=False)
    graded = grades_of(match(LABELS, JOINTS, [net], "exclude"))
    hands = total_scores(by_hand(graded), [0, 1], "hand", "refuse")
    studies = total_scores(by_hand(graded), [0, 1], "study", "refuse")
    assert hands.values.shape == (2, 12, 3)
    assert studies.values.shape == (2, 6, 3)
    own = [joint for joint in JOINTS if joint.patient == "P0"]
    erosion = sum(net.calls[place(one)].expected or 0 for one in own if one.finding == "erosion")
    assert studies.values[0, 0, 0] == pytest.approx(erosion)
    assert studies.values[1, 0, 2] == sum(one.grade or 0 for one in own)
    assert studies.values[:, 0] == pytest.approx(hands.values[:, :2].sum(axis=1))


def test_a_joint_that_one_does_not_grade_is_missing_for_all() -> None:
    ann = grader("Ann", JOINTS, spread=0)
    erosions = [
        one for one in JOINTS if (one.patient, one.side, one.finding) == ("P0", "left", "erosion")
    ]
    ann.calls.pop(place(erosions[0]))  # type: ignore[attr-defined]
    graded = grades_of(match(LABELS, JOINTS, [ann], "exclude"))
    rest = sum(one.grade or 0 for one in erosions[1:])
    first = {
        rule: total_scores(by_hand(graded), [0, 1], "hand", rule).values[:, 0, 0].tolist()
        for rule in ("scale", "refuse", "zero")
    }
    assert first["zero"] == [rest, rest]
    assert first["scale"] == pytest.approx([rest * 16 / 15] * 2)
    assert np.isnan(first["refuse"]).all()
    assert np.isnan(total_scores(by_hand(graded), [0, 1], "study", "refuse").values[:, 0, 2]).all()
    for one in erosions[1:9]:
        ann.calls.pop(place(one))  # type: ignore[attr-defined]
    graded = grades_of(match(LABELS, JOINTS, [ann], "exclude"))
    assert np.isnan(total_scores(by_hand(graded), [0, 1], "hand", "scale").values[:, 0, 0]).all()


def test_change_is_from_the_first_to_the_last_date() -> None:
    graded, dates = visits()
    last = graded.names.index("labels")
    found = changes(by_hand(graded), [last], "study", "scale", dates)
    totals = total_scores(by_hand(graded), [last], "study", "scale")
    first, middle = totals.values[0, :5], totals.values[0, 5:10]
    assert found.values[0] == pytest.approx(middle - first)  # visit "1" has the last date
    assert found.patients.tolist() == [f"P{number}" for number in range(5)]
    dates = {key: day for key, day in dates.items() if key[0] == "P0"}
    assert changes(by_hand(graded), [last], "hand", "scale", dates).values.shape == (1, 2, 3)
    assert changes(by_hand(graded), [last], "study", "scale", {}).values.shape == (1, 0, 3)


def test_everything_is_measured_of_all_and_of_parts() -> None:
    raters = [grader(name, JOINTS) for name in "ABC"]
    cases = match(LABELS, JOINTS, raters, "exclude")
    found = evaluate_grading(cases, TABLE, ["sex"], resamples=5, seed=1)
    parts = Counter((one.by, one.part) for one in found.scores)
    assert [*parts] == [("", ""), ("sex", "f"), ("sex", "m")]
    assert len({*parts.values()}) == 1
    of = {
        (one.between, one.metric): one
        for one in found.scores
        if (one.part, one.unit, one.score) == ("", "study", "total")
    }
    assert of["A – labels", "icc_2_1"].cases == 6
    assert of["A – labels", "icc_2_1"].low < of["A – labels", "icc_2_1"].value
    assert ("all readers", "icc_3_1") in of
    assert ("all readers", "bias") not in of
    assert not any(one.quantity == "change" for one in found.scores)
    assert {one.graded for one in found.grades if one.part == "f"} < {
        one.graded for one in found.grades
    }


def test_change_has_what_is_detectable() -> None:
    graded, dates = visits(patients=8)
    ann, bob, _ = range(3)
    table = StudyTable(
        ["patient", "study"], {key: {"date": day.isoformat()} for key, day in dates.items()}
    )
    joints = graded.joints
    cases = match(LABELS, joints, [grader("Ann", joints), grader("Bob", joints)], "exclude")
    found = {
        one.metric: one
        for one in evaluate_grading(cases, table, resamples=0, seed=1).scores
        if (one.unit, one.score, one.quantity, one.between)
        == ("study", "total", "change", "Ann – Bob")
    }
    values = changes(by_hand(graded), [ann, bob], "study", "scale", dates).values[:, :, 2]
    spread = float((values[0] - values[1]).std(ddof=1))
    assert found["sem"].value == pytest.approx(spread / math.sqrt(2))
    assert found["sdc_95_one_reader"].value == pytest.approx(1.959964 * spread / math.sqrt(2))
    two = found["sdc_95_two_readers"].value
    assert two == pytest.approx(1.959964 * spread / 2)
    assert found["above_sdc_95"].value == np.mean(values.mean(axis=0) > two)
    assert math.isnan(found["rmse"].low)  # nothing was resampled


def test_calls_without_a_grade_are_no_grade_0() -> None:
    ann = grader("Ann", JOINTS)
    calls = dict(ann.calls)
    calls[place(JOINTS[0])] = Call(0.0, damaged=False)
    cases = match(LABELS, JOINTS, [replace(ann, calls=calls)], "exclude")
    assert grades_of(cases).grades[0, 0] == -1
    assert (grades_of(cases).grades[:, 1:] >= 0).all()
    assert len(TARGETS) * 2 * 6 == len(JOINTS)
