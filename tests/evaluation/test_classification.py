"""From labelled joints and calls to every figure, and to tables of them."""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.metrics import auc, f1_score, precision_recall_curve, recall_score

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.evaluation import files
from sharp_cli.evaluation.cases import AVERAGE, JOINT_SETS, match
from sharp_cli.evaluation.classification import ClassificationEvaluation, evaluate_classification
from sharp_cli.evaluation.classification_plots import Plots
from sharp_cli.evaluation.classification_tables import tables
from sharp_cli.evaluation.metrics.classification import METRICS
from sharp_cli.evaluation.tables import latex, markdown
from tests.evaluation.cases import labelled, place, rater

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.datasets.labels import LabelledJoint
    from sharp_cli.evaluation.cases import Cases, MissingAs
    from sharp_cli.evaluation.classification import Difference, MetricValue
    from sharp_cli.evaluation.raters import Rater

LABELS = Path("labels.csv")


def write(folder: Path, cases: Cases, evaluation: ClassificationEvaluation) -> None:
    plots = Plots(cases, evaluation.figures, resamples=20, seed=1).all()
    files.write(folder, "classification", evaluation, {}, tables=tables(evaluation), plots=plots)


def run(
    joints: Sequence[LabelledJoint],
    *raters: Rater,
    missing: MissingAs = "exclude",
    resamples: int = 50,
) -> ClassificationEvaluation:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return evaluate_classification(
            match(LABELS, joints, raters, missing), resamples=resamples, seed=1
        )


def without(one: Rater, *joints: LabelledJoint) -> Rater:
    lost = {place(joint) for joint in joints}
    return replace(one, calls={at: call for at, call in one.calls.items() if at not in lost})


def figure(
    evaluation: ClassificationEvaluation, name: str, metric: str, joints: str = "all joints"
) -> MetricValue:
    (found,) = (
        one
        for one in evaluation.figures
        if (one.finding, one.joints, one.name, one.metric) == ("erosion", joints, name, metric)
    )
    return found


def difference(
    evaluation: ClassificationEvaluation, first: str, second: str, metric: str
) -> Difference:
    (found,) = (
        one
        for one in evaluation.differences
        if (one.finding, one.joints) == ("erosion", "all joints")
        and (one.first, one.second, one.metric) == (first, second, metric)
    )
    return found


def test_metrics_are_those_of_the_joints_of_a_set() -> None:
    joints = labelled()
    model, reader = rater("siso", joints), rater("Ann", joints, reader=True)
    evaluation = run(joints, model, reader)
    assert len(evaluation.figures) == len(JOINT_SETS) * len(METRICS) * 2
    for name, groups in (
        ("wrist", ("wrist",)),
        ("PIP-IP+MCP+CMC-M", ("PIP-IP", "MCP", "CMC-M")),
    ):
        own = [
            joint for joint in joints if joint.joint_group in [("erosion", one) for one in groups]
        ]
        truth = [joint.damaged for joint in own]
        for one in (model, reader):
            calls = [one.calls[place(joint)] for joint in own]
            called = [call.damaged for call in calls]
            found = figure(evaluation, one.name, "f_measure", name)
            assert found.value == pytest.approx(f1_score(truth, called))
            assert (found.called, found.damaged) == (len(own), sum(truth))
            assert found.low < found.value < found.high
            assert figure(evaluation, one.name, "specificity", name).value == pytest.approx(
                recall_score(truth, called, pos_label=False)
            )
            curve = precision_recall_curve(truth, [call.probability for call in calls])
            area = figure(evaluation, one.name, "pr_auc", name).value
            assert area == pytest.approx(auc(curve[1], curve[0]))


def test_average_is_the_mean_of_the_readers() -> None:
    joints = labelled()
    readers = [rater(name, joints, reader=True) for name in ("Ann", "Bob", "Cleo")]
    evaluation = run(joints, rater("siso", joints), *readers)
    for metric in METRICS:
        values = [figure(evaluation, one.name, metric).value for one in readers]
        assert figure(evaluation, AVERAGE, metric).value == pytest.approx(np.mean(values))
    alone = run(joints, rater("siso", joints), readers[0])
    assert AVERAGE not in {one.name for one in alone.figures}


def test_average_of_readers_of_different_joints_is_of_those_that_all_call() -> None:
    joints = labelled()
    ann, bob = (rater(name, joints, reader=True) for name in ("Ann", "Bob"))
    kept = {place(joint): ann.calls[place(joint)] for joint in joints[::2]}
    some = replace(ann, calls=kept)
    average = figure(run(joints, some, bob), AVERAGE, "sensitivity")
    both = run(joints[::2], some, bob)
    values = [figure(both, name, "sensitivity").value for name in ("Ann", "Bob")]
    assert average.value == pytest.approx(np.mean(values))
    assert average.called == figure(both, "Ann", "sensitivity").called
    assert match(Path("labels.csv"), joints, [some, bob], "exclude").read_by_all() == (
        len(kept), {"Ann": len(kept), "Bob": len(joints)},
    )  # fmt: skip


def test_differences_are_paired() -> None:
    joints = labelled(8)
    model = rater("siso", joints)
    other = rater("mimo-local", joints, skill=0.5)
    evaluation = run(joints, model, replace(model, name="twin"), other, resamples=200)
    twins = difference(evaluation, "siso", "twin", "pr_auc")
    assert (twins.value, twins.low, twins.high) == (0, 0, 0)
    found = difference(evaluation, "siso", "mimo-local", "brier")
    first, second = (figure(evaluation, name, "brier") for name in ("siso", "mimo-local"))
    assert found.value == pytest.approx(first.value - second.value)
    assert found.low < found.value < found.high


def test_missing_calls_are_excluded_from_their_own_column_and_its_differences() -> None:
    joints = labelled()
    whole, part = rater("siso", joints), rater("mimo-local", joints)
    lost = [joint for joint in joints if joint.patient == "P0"]
    evaluation = run(joints, whole, without(part, *lost))
    kept = run([joint for joint in joints if joint.patient != "P0"], whole, part)
    name = "mimo-local"
    assert figure(evaluation, name, "pr_auc").value == figure(kept, name, "pr_auc").value
    assert figure(evaluation, "siso", "pr_auc").called == 4 * 32
    gap = difference(evaluation, "siso", name, "pr_auc")
    assert gap.called == 3 * 32
    assert gap.value == pytest.approx(difference(kept, "siso", name, "pr_auc").value)
    (first, second) = evaluation.partners
    assert (first.called, first.not_called, first.not_labelled) == (4 * 62, 0, 0)
    assert (second.called, second.not_called, second.not_labelled) == (3 * 62, 62, 0)
    assert [one.not_labelled for one in kept.partners] == [62, 62]


@pytest.mark.parametrize(
    ("missing", "sensitivity", "specificity"), [("intact", 0, 1), ("non-intact", 1, 0)]
)
def test_missing_calls_may_count_as_calls(
    missing: MissingAs, sensitivity: float, specificity: float
) -> None:
    joints = labelled()
    model = rater("siso", joints)
    wrist = [joint for joint in joints if joint.joint_group == ("erosion", "wrist")]
    evaluation = run(joints, without(model, *wrist), missing=missing)
    assert figure(evaluation, "siso", "sensitivity", "wrist").value == sensitivity
    assert figure(evaluation, "siso", "specificity", "wrist").value == specificity
    assert figure(evaluation, "siso", "brier", "wrist").called == len(wrist)
    assert evaluation.partners[0].not_called == len(wrist)


def test_agreement_is_among_raters_and_with_the_labels() -> None:
    joints = labelled()
    raters = [rater(name, joints) for name in ("siso", "mimo-local", "mimo-one-hand")]
    readers = [rater(name, joints, reader=True) for name in ("Ann", "Bob")]
    rows = [one for one in run(joints, *raters, *readers).agreement if one.joints == "wrist"]
    between = [one.between for one in rows if one.finding == "jsn"]
    assert len(between) == 15 + 2
    assert between[-2:] == ["all models", "all models and readers"]
    (siso,) = (one for one in rows if (one.finding, one.between) == ("jsn", "siso – labels"))
    own = [joint for joint in joints if joint.joint_group == ("jsn", "wrist")]
    same = [raters[0].calls[place(joint)].damaged == joint.damaged for joint in own]
    assert siso.agreement == pytest.approx(np.mean(same))


def test_grades_and_parts_count_all_joints() -> None:
    joints = labelled()
    model = rater("siso", joints)
    evaluation = run(joints, model)
    grades = [
        one for one in evaluation.grades if (one.finding, one.joints) == ("erosion", "all joints")
    ]
    assert [one.grade for one in grades] == [0, 1, 2, 3]
    assert sum(one.called for one in grades) == 4 * 32
    hits = sum(one.non_intact for one in grades[1:])
    sensitivity = hits / sum(one.called for one in grades[1:])
    assert figure(evaluation, "siso", "sensitivity").value == pytest.approx(sensitivity)
    for parts, count in (
        (evaluation.joints, 31),
        (evaluation.sides, 4),
        (evaluation.hands, 16),
        (evaluation.patients, 8),
    ):
        assert len(parts) == count
        assert sum(one.true_positives for one in parts if one.finding == "erosion") == hits
        cells = [
            (one.true_positives, one.false_negatives, one.false_positives, one.true_negatives)
            for one in parts
        ]
        assert np.sum(cells) == len(joints)
    assert run([replace(joint, grade=None) for joint in joints], model).grades == []


def test_what_cannot_be_computed_is_a_dash(tmp_path: Path) -> None:
    joints = labelled(1, damaged=0)
    model = rater("siso", joints)
    cases = match(LABELS, joints, [model, rater("Ann", joints, reader=True)], "exclude")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluation = evaluate_classification(cases, resamples=20, seed=1)
        write(tmp_path, cases, evaluation)
    found = figure(evaluation, "siso", "sensitivity")
    assert math.isnan(found.value)
    assert math.isnan(figure(evaluation, "siso", "specificity").low)
    (row,) = (row for row in tables(evaluation)[1].rows[:8] if row[1] == "Sensitivity")
    assert row[2:] == ["–", "–"]
    content = json.loads((tmp_path / "classification.json").read_text())
    assert content["figures"][0]["value"] is None
    line = (tmp_path / "figures.csv").read_text().splitlines()[1]
    assert line == "erosion,PIP-IP+MCP+CMC-M,siso,24,0,sensitivity,,,"


def test_table_4_marks_the_best() -> None:
    joints = labelled(6)
    evaluation = run(joints, rater("bad_1", joints, skill=0.1), rater("good", joints, skill=0.9))
    table = tables(evaluation)[1]
    block = [row[1] for row in table.rows[:8]]
    assert block[0] == "Joints (non-intact)"
    assert block[1:5] == ["Sensitivity", "Specificity", "F-measure", "PR-AUC"]
    assert len(table.rows) == 8 * len(JOINT_SETS)
    assert {column for _, column in table.bold} == {3}
    text = markdown(table)
    assert "| PIP-IP+MCP+CMC-M (erosion) | Joints (non-intact) |" in text
    assert f"| Brier score | {table.rows[7][2]} | **{table.rows[7][3]}** |" in text
    assert r" &  & bad\_1 & good \\" in latex(table)
    assert rf"\textbf{{{table.rows[1][3].replace('–', '--')}}} \\" in latex(table)


@pytest.mark.parametrize("name", ["siso", AVERAGE, "labels"])
def test_a_column_has_a_name_of_its_own(name: str) -> None:
    joints = labelled(1)
    raters = [rater("siso", joints), rater(name, joints, reader=True)]
    with pytest.raises(UsageError, match=f"{name}: the name of more than one column"):
        match(LABELS, joints, raters, "exclude")


def test_joints_labelled_twice_are_reported() -> None:
    joints = labelled(1)
    with pytest.raises(
        DocumentError, match=r"line 2: erosion of left IP of films/P0\.png stands twice"
    ):
        match(LABELS, [*joints, joints[0]], [rater("siso", joints)], "exclude")


def test_raters_of_other_pictures_are_reported() -> None:
    joints = labelled(1)
    other = rater("siso", [replace(joint, image="Q.png") for joint in joints])
    with pytest.raises(DocumentError, match="none of the joints of siso is labelled"):
        match(LABELS, joints, [other], "exclude")


def test_what_there_is_nothing_of_has_no_table(tmp_path: Path) -> None:
    joints = [replace(joint, grade=None) for joint in labelled()]
    cases = match(LABELS, joints, [rater("siso", joints)], "exclude")
    evaluation = evaluate_classification(cases, resamples=0, seed=1)
    assert len(tables(evaluation)) == 3
    write(tmp_path, cases, evaluation)
    written = {path.stem for path in tmp_path.glob("*.csv")}
    assert written == {"partners", "figures", "agreement", "joints", "sides", "hands", "patients"}
