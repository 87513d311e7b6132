"""Measure totals of grades and their change, and how often 95 % intervals hold what is true.

    python benchmarks/grade_intervals.py [PREDICTIONS.csv MANIFEST.csv]

With the out-of-fold predictions of `sharp train classifier` and the manifest of `sharp phantom`,
each fold's patients are measured with the correlation that the other folds teach. Without them, a
model is made up that sees each grade through errors which a patient's joints and visits share: it
is calibrated on 40 or 160 synthetic patients, as a bundle is, and measured on 500 others. That
measures the intervals alone: no picture is involved.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS, SIDES, TARGET_OF
from sharp_cli.datasets.labels import LabelledJoint
from sharp_cli.evaluation.metrics.reliability import correlation as pearson
from sharp_cli.evaluation.metrics.reliability import intraclass
from sharp_cli.results.totals import GradedStudy, Part, joints_of, level_of, part_of
from sharp_cli.synthetic.phantom.cohort import patient
from sharp_cli.training.classifier.calibration import fit_calibration
from sharp_cli.training.classifier.grade_calibration import (
    GradedCases,
    cross_fitted,
    fit_grade_calibration,
)
from sharp_cli.training.classifier.grade_correlation import GradedJoint, fit_correlation
from sharp_cli.training.classifier.grade_levels import with_levels
from sharp_cli.training.classifier.results import Predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding, StudyJoint
    from sharp_cli.inference.grading import Correlation

LEARNED: Final = (40, 160)
MEASURED: Final = 500
SEED: Final = 7
FOLDS: Final = 8

ERRORS: Final = {"patient": 0.35, "finding": 0.2, "hand": 0.15, "joint": 0.6, "visit": 0.4}
"""Standard deviations of what the model that is made up adds to a grade; choices. The last one is
of each joint and visit."""


class Visit(NamedTuple):
    """A study whose grades are known, and what a model says of them."""

    patient: str
    day: int
    truth: Mapping[StudyJoint, int]
    graded: GradedStudy


class Row(NamedTuple):
    """A total: the true one, the expected one, and whether the interval holds the true one."""

    truth: int
    expected: float
    held: bool


def main() -> None:
    """Measure, and print a table."""
    if len(sys.argv) > 1:
        models = read_visits(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        models = {f"made up, {count} patients": made_up(count) for count in LEARNED}
    print("model | total | number | ICC(2,1) | correlation | RMSE | bias | held by the interval")
    for model, visits in models.items():
        for name, rows in measured(visits).items():
            print(" | ".join([model, name, *summary(rows)]))


def measured(visits: Sequence[Visit]) -> dict[str, list[Row]]:
    """The totals of hands and studies, and how they change from visit to visit."""
    found: dict[str, list[Row]] = defaultdict(list)
    by_patient: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        by_patient[visit.patient].append(visit)
        draws = visit.graded.draws()
        for hand in (*SIDES, None):
            for finding in (*FINDINGS, None):
                place = "study" if hand is None else "hand"
                joints = joints_of(hand, finding)
                part = part_of(visit.graded, draws, joints, "refuse")
                assert part is not None  # noqa: S101 - all joints are there
                truth = sum(visit.truth[joint] for joint in joints)
                low, high = part.interval
                row = Row(truth, part.expected, low <= truth <= high)  # type: ignore[operator]
                found[f"{place}, {finding or 'total'}"].append(row)
    for own in by_patient.values():
        for earlier, later in pairwise(sorted(own, key=lambda one: one.day)):
            first, second = earlier.graded.draws(visit=0), later.graded.draws(visit=1)
            for finding in (*FINDINGS, None):
                joints = joints_of(None, finding)
                before = part_of(earlier.graded, first, joints, "refuse")
                after = part_of(later.graded, second, joints, "refuse")
                assert before is not None  # noqa: S101 - all joints are there
                assert after is not None  # noqa: S101 - all joints are there
                truth = sum(later.truth[joint] - earlier.truth[joint] for joint in joints)
                change = Part(
                    after.expected - before.expected,
                    after.draws - before.draws,  # type: ignore[operator]
                    level_of(later.graded.correlation, joints, change=True),
                )
                low, high = change.interval
                row = Row(truth, change.expected, low <= truth <= high)  # type: ignore[operator]
                found[f"change, {finding or 'total'}"].append(row)
    return found


def summary(rows: Sequence[Row]) -> list[str]:
    """The cells of a row of the table."""
    truth, expected = (np.array([row[at] for row in rows], float) for at in (0, 1))
    errors = expected - truth
    return [
        str(len(rows)),
        f"{intraclass(np.stack([truth, expected], axis=1))[0].value:.3f}",
        f"{pearson(truth, expected).value:.3f}",
        f"{np.sqrt(np.square(errors).mean()):.2f}",
        f"{errors.mean():+.2f}",
        f"{np.mean([row.held for row in rows]):.3f}",
    ]


def read_visits(predictions: Path, manifest: Path) -> dict[str, list[Visit]]:
    """The visits of a manifest by model, as a training predicted them."""
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        days = {row["study"]: date.fromisoformat(row["date"]) for row in csv.DictReader(file)}
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with predictions.open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            if row["study"] in days and row["grade_probabilities"]:
                rows[row["model"]].append(row)
    return {model: _visits(own, days) for model, own in rows.items()}


def _visits(rows: Sequence[Mapping[str, str]], days: Mapping[str, date]) -> list[Visit]:
    joints = [_graded_joint(row) for row in rows]
    folds = np.array([row["fold"] for row in rows])
    correlations = {
        fold: with_levels(fit_correlation(others), others)
        for fold in np.unique(folds).tolist()
        for others in [[joints[at] for at in np.flatnonzero(folds != fold)]]
    }
    studies: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        studies[row["study"]].append(at)
    return [
        visit(
            [joints[at] for at in places], days[study].toordinal(),
            correlations[rows[places[0]]["fold"]],
        )
        for study, places in studies.items()
    ]  # fmt: skip


def _graded_joint(row: Mapping[str, str]) -> GradedJoint:
    shares = np.array([float(share) for share in row["grade_probabilities"].split()])
    target = TARGET_OF[row["finding"], row["joint"]]
    side = next(side for side in SIDES if side == row["hand"])
    joint = labelled(
        row["patient"], row["study"], (side, target.finding, target.joint), int(row["grade"])
    )
    return GradedJoint(joint, shares[::-1].cumsum()[-2::-1])


def labelled(person: str, study: str, key: StudyJoint, grade: int) -> LabelledJoint:
    """A joint of known grade."""
    side, finding, joint = key
    return LabelledJoint(
        line=0, patient=person, study=study, image="", side=side, finding=finding, joint=joint,
        place=None, patch=None, grade=grade, damaged=grade > 0,
    )  # fmt: skip


def visit(joints: Iterable[GradedJoint], day: int, correlation: Correlation) -> Visit:
    """The study of some joints."""
    found = {(one.joint.side, one.joint.finding, one.joint.joint): one for one in joints}
    person = next(iter(found.values())).joint.patient
    truth = {key: one.joint.grade or 0 for key, one in found.items()}
    at_least = {key: tuple(np.minimum(one.at_least, 1).tolist()) for key, one in found.items()}
    return Visit(person, day, truth, GradedStudy(at_least, correlation))


class Seen(NamedTuple):
    """A joint as the model that is made up sees it: its grade, with an error."""

    joint: LabelledJoint
    day: int
    value: float


def made_up(count: int) -> list[Visit]:
    """What the model says of patients that it was not calibrated on, but on `count` others."""
    learned = [*_seen(range(MEASURED + 1, MEASURED + count + 1))]
    measured_ = [*_seen(range(1, MEASURED + 1))]
    known: list[GradedJoint] = []
    told: list[tuple[Seen, NDArray[np.float64]]] = []
    for head in JOINT_GROUPS:
        mine, others = _of(learned, head), _of(measured_, head)
        cases, new = _cases(mine), _cases(others)
        known += map(GradedJoint, (one.joint for one in mine), cross_fitted(cases, head[0]))
        calibration = fit_calibration(cases.damage)
        prevalence = float(cases.damage.truth.mean())
        damage = [calibration.probability(one, prevalence) for one in new.damage.probabilities]
        model = fit_grade_calibration(cases, head[0])
        told += zip(others, model.at_least(np.array(damage), new.severities), strict=True)
    correlation = with_levels(fit_correlation(known), known)
    print(correlation)
    studies: dict[tuple[str, int], list[GradedJoint]] = defaultdict(list)
    for one, at_least in told:
        studies[one.joint.patient, one.day].append(GradedJoint(one.joint, at_least))
    return [visit(joints, day, correlation) for (_, day), joints in studies.items()]


def _seen(numbers: Iterable[int]) -> Iterator[Seen]:
    for number in numbers:
        person, error = patient(SEED, number), _errors(np.random.default_rng([SEED, number, 1]))
        for study in person.studies:
            for key, grade in study.grades.items():
                joint = labelled(person.id, str(study.number), key, grade)
                yield Seen(joint, study.date.toordinal(), grade + error(key, study.number))


def _errors(rng: np.random.Generator) -> Callable[[StudyJoint, int], float]:
    """The errors for a patient, by joint and study."""
    drawn: dict[tuple[object, ...], float] = {}

    def error(key: StudyJoint, study: int) -> float:
        side, finding, joint = key
        own = (finding, side, joint)
        places: list[tuple[object, ...]] = [(), own[:1], own[:2], own, (*own, study)]
        return sum(
            scale * drawn.setdefault(place, rng.standard_normal())
            for scale, place in zip(ERRORS.values(), places, strict=True)
        )

    return error


def _of(seen: Iterable[Seen], head: tuple[Finding, str]) -> list[Seen]:
    return [one for one in seen if one.joint.joint_group == head]


def _cases(seen: Sequence[Seen]) -> GradedCases:
    values = np.array([one.value for one in seen])
    grades = np.array([one.joint.grade for one in seen], float)
    scores = 1 / (1 + np.exp(-2 * (values - 0.5)))
    numbers = {name: at for at, name in enumerate(dict.fromkeys(one.joint.patient for one in seen))}
    folds = np.array([numbers[one.joint.patient] % FOLDS + 1 for one in seen])
    return GradedCases(Predictions(np.arange(len(seen)), scores, grades > 0), values, grades, folds)


if __name__ == "__main__":
    main()
