"""Grades: heads that give severities, what these mean, and how errors go together."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.joints import SIDES, TARGETS
from sharp_cli.inference.classifier import Classifier
from sharp_cli.inference.grading import GradeCalibration
from sharp_cli.training.classifier import settings as classifier_settings
from sharp_cli.training.classifier.fit import HeadData, fit
from sharp_cli.training.classifier.grade_calibration import (
    GradedCases,
    cross_fitted,
    fit_grade_calibration,
)
from sharp_cli.training.classifier.grade_correlation import GradedJoint, fit_correlation
from sharp_cli.training.classifier.graded import damage_grades, graded_data
from sharp_cli.training.classifier.input_sets import HeadName, gather_input_sets
from sharp_cli.training.classifier.results import Predictions
from tests.labels import labelled_joint
from tests.tiny_findings import hand
from tests.training import cohort
from tests.training.classifier.test_fit import HEAD, job, separable
from tests.training.classifier.test_training import train

if TYPE_CHECKING:
    from pathlib import Path


MODEL = GradeCalibration(0.5, (-1.0, 0.0, 1.5, 1.5))


def graded_cases(rng: np.random.Generator, count: int) -> GradedCases:
    """Eroded and intact joints, alternately, whose severities `MODEL` explains."""
    severities = rng.normal(0, 3, count)
    reached = MODEL.at_least(np.ones(count), severities) > rng.random((count, 1))
    truth = np.arange(count) % 2 == 0
    scores = np.where(truth, 0.8, 0.2)
    grades = np.where(truth, reached.sum(axis=1), 0).astype(float)
    damage = Predictions(np.arange(count), scores, truth)
    return GradedCases(damage, severities, grades, np.arange(count) % 3)


def test_the_first_cut_is_the_binary_answer_and_the_others_are_below_it() -> None:
    found = MODEL.at_least(np.array([0.2, 0.9]), np.array([-3.0, 4.0]))
    np.testing.assert_array_equal(found[:, 0], [0.2, 0.9])
    np.testing.assert_allclose(found[1, 1:], 0.9 / (1 + np.exp(np.array(MODEL.cuts) - 2)))
    assert (np.diff(found, axis=1) <= 0).all()


def test_severities_become_the_probabilities_of_grades() -> None:
    found = fit_grade_calibration(graded_cases(np.random.default_rng(0), 8000), "erosion")
    assert found.slope == pytest.approx(MODEL.slope, abs=0.04)
    assert found.cuts == pytest.approx(MODEL.cuts, abs=0.15)


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 5)), max_size=20))
def test_cut_points_are_in_order_whatever_is_learned(joints: list[tuple[float, int]]) -> None:
    grades = np.array([grade for _, grade in joints], float)
    damage = Predictions(np.arange(len(joints)), np.full(len(joints), 0.5), grades > 0)
    severities = np.array([severity for severity, _ in joints], float)
    cases = GradedCases(damage, severities, grades, np.zeros(len(joints), int))
    found = fit_grade_calibration(cases, "erosion")
    assert found.slope > 0
    assert list(found.cuts) == sorted(found.cuts)
    assert np.isfinite(found.cuts).all()


def test_joints_are_graded_by_what_the_other_folds_teach() -> None:
    cases = graded_cases(np.random.default_rng(1), 3000)
    mine = cases.folds == 0
    other = cross_fitted(cases, "erosion")[mine]
    # What is known of its own grades changes nothing.
    grades = np.where(mine, np.minimum(cases.grades, 1), cases.grades)
    changed = GradedCases(cases.damage, cases.severities, grades, cases.folds)
    np.testing.assert_array_equal(cross_fitted(changed, "erosion")[mine], other)
    assert other.sum(axis=1).mean() == pytest.approx(cases.grades[mine].mean(), abs=0.1)


def test_only_non_intact_joints_of_known_grade_teach_grades() -> None:
    joints = [
        labelled_joint(patient=f"p{number}", side=side, joint="CMC1", grade=grade)
        for number, pair in enumerate([(0, 3), (2, None), (0, 0), (1, 5)])
        for side, grade in zip(SIDES, pair, strict=True)
    ]
    head = HeadName("mimo-local", "erosion", "CMC-M")
    inputs = gather_input_sets(head, joints, cohort.store(joints), {})
    grades = damage_grades(joints)
    ((known, _),) = graded_data({head: HeadData(inputs, inputs)}, grades).values()
    assert known.patients.tolist() == ["p0", "p1", "p3"]
    np.testing.assert_array_equal(known.labels, [[np.nan, 3], [2, np.nan], [1, 5]])
    alike = inputs.of_patients(["p0"])
    assert graded_data({head: HeadData(alike, inputs)}, grades) == {}


def test_severity_grows_with_the_grade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_settings, "FROZEN_RATE", 0.03)
    inputs, features = separable()
    grades = np.random.default_rng(3).integers(1, 6, inputs.labels.shape)
    features[..., 0] = 0
    features[..., 2] = 2.0 * torch.from_numpy(grades.ravel() - 3)
    inputs.labels[:] = grades
    asked = cohort.settings(frozen=True, samples=200, epochs=6)
    network = fit(job(tmp_path, inputs, features, graded=True), asked, asked.hyper, device="cpu")
    found = network.severities(HEAD, inputs)
    assert np.corrcoef(found.ravel(), grades.ravel())[0, 1] > 0.9
    cuts = network.network.cuts[str(HEAD)]
    assert (cuts.diff() > 0).all()


def test_the_command_trains_grades_and_the_binary_answer_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohort.tiny(monkeypatch)
    rng = np.random.default_rng(0)
    binary = cohort.cohort(6)
    graded = [
        labelled_joint(**{**_as_arguments(one), "grade": int(rng.integers(1, 4)) * one.damaged})
        for one in binary
    ]
    found = {}
    for name, joints in (("binary", binary), ("graded", graded)):
        cohort.write(tmp_path / name, joints)
        train(tmp_path / name, tmp_path / f"{name}-run", models=("siso",), frozen=True, epochs=2)
        with (tmp_path / f"{name}-run" / "predictions.csv").open(encoding="utf-8") as file:
            found[name] = list(csv.DictReader(file))
    for one, other in zip(found["binary"], found["graded"], strict=True):
        assert (one["probability"], one["label"]) == (other["probability"], other["label"])
        assert (one["predicted_grade"], one["expected_grade"]) == ("", "")
        shares = [float(cell) for cell in other["grade_probabilities"].split()]
        assert sum(shares) == pytest.approx(1, abs=1e-5)
        expected = sum(grade * share for grade, share in enumerate(shares))
        assert float(other["expected_grade"]) == pytest.approx(expected, abs=1e-4)
        assert (other["predicted_grade"] == "0") == (other["label"] == "intact")
    bundle = open_bundle("findings", tmp_path / "graded-run" / "bundle")
    assert "## Grades" in (bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "grades" not in json.loads((tmp_path / "binary-run/bundle/bundle.json").read_bytes())
    classifier = Classifier(bundle, device="cpu", threads=1)
    (classified,) = classifier.classify([{"left": hand(1), "right": hand(2)}], "siso")
    for each in classified:
        assert len(each.at_least) == 5
        assert each.at_least[0] == each.probability
        assert list(each.at_least) == sorted(each.at_least, reverse=True)


def _as_arguments(one: Any) -> dict[str, Any]:
    names = ("patient", "study", "side", "finding", "joint", "patch", "line")
    return {name: getattr(one, name) for name in names}


def test_how_errors_go_together_is_found_again() -> None:
    """Joints of 40 patients, each at two visits, from latent variables of known variances."""
    rng = np.random.default_rng(5)
    shares = {"patient": 0.1, "finding": 0.1, "hand": 0.1, "joint": 0.3, "visit": 0.1}
    latent: dict[tuple[object, ...], float] = {}

    def drawn(*key: object) -> float:
        return latent.setdefault(key, rng.standard_normal())

    graded = []
    for person in range(40):
        for visit in range(2):
            for side in SIDES:
                for target in TARGETS:
                    where = (person, target.finding, side)
                    parts = [
                        ("patient", drawn(person)),
                        ("finding", drawn(person, target.finding)),
                        ("hand", drawn(*where)),
                        ("joint", drawn(*where, target.joint)),
                        ("visit", drawn(*where, "visit", visit)),
                    ]
                    z = sum(np.sqrt(shares[name]) * value for name, value in parts)
                    z += np.sqrt(1 - sum(shares.values())) * rng.standard_normal()
                    at_least = np.sort(rng.uniform(0.02, 0.9, 4))[::-1]
                    joint = labelled_joint(
                        patient=f"p{person}", study=f"s{visit}", side=side,
                        finding=target.finding, joint=target.joint,
                        grade=int((z > ndtri(1 - at_least)).sum()),
                    )  # fmt: skip
                    graded.append(GradedJoint(joint, at_least))
    found = fit_correlation(graded)
    for name, share in shares.items():
        assert getattr(found, name) == pytest.approx(share, abs=0.07), name
    once = fit_correlation([one for one in graded if one.joint.study == "s0"])
    assert (once.joint, once.visit) == (0, 0)
    assert once.hand == pytest.approx(shares["hand"] + shares["visit"], abs=0.08)
