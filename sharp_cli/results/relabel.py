"""New labels from stored probabilities, by other thresholds: nothing is computed again."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import FINDINGS, JOINT_GROUPS
from sharp_cli.inference.grading import grade
from sharp_cli.results.assemble import PROBABILITY_DECIMALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sized

    from sharp_cli.core.joints import Finding
    from sharp_cli.core.records import Label
    from sharp_cli.results.document import Document, JointRow
    from sharp_cli.results.html.truth import Truth

Thresholds: TypeAlias = "Mapping[tuple[Finding, str], float]"
"""By finding and joint group, the probability from which a joint is non-intact."""

_DIGITS: Final = 6


class ChosenThreshold(NamedTuple):
    """A threshold that has a sensitivity or a specificity on labelled joints.

    Attributes:
        threshold: The highest that has the sensitivity, or the lowest that has the specificity.
        non_intact: How many labelled joints are non-intact.
        sensitivity: The fraction of these that it calls; NaN without any.
        intact: How many are intact.
        specificity: The fraction of these that it does not call; NaN without any.
    """

    threshold: float
    non_intact: int
    sensitivity: float
    intact: int
    specificity: float


def thresholds_of(asked: str) -> Thresholds:
    """The thresholds that are asked for.

    Args:
        asked: A number for all joints, or numbers for findings and joint groups, as in
            `erosion=0.3,jsn/PIP=0.6`; what stands later prevails.

    Raises:
        UsageError: It is none of these, or a number is not from 0 to 1.
    """
    found: dict[tuple[Finding, str], float] = {}
    for part in asked.split(","):
        name, equals, number = part.rpartition("=")
        heads = [
            (finding, group)
            for finding, group in JOINT_GROUPS
            if not equals or name.strip() in (finding, f"{finding}/{group}")
        ]
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not heads or not 0 <= value <= 1:
            groups = ", ".join(f"{finding}/{group}" for finding, group in JOINT_GROUPS)
            message = (
                f"--threshold {asked}: {part.strip()!r} is no number from 0 to 1, nor one for "
                f"{', '.join(FINDINGS)}, {groups}, as in erosion=0.3,jsn/PIP=0.6"
            )
            raise UsageError(message)
        found |= dict.fromkeys(heads, value)
    return found


def choose_thresholds(
    studies: Iterable[Document],
    truth: Truth,
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
) -> dict[tuple[Finding, str], ChosenThreshold]:
    """The threshold of each finding and joint group with a rate on labelled joints.

    Args:
        studies: Whose probabilities.
        truth: The labels.
        sensitivity: Above 0, at most 1; None where the specificity is given.
        specificity: The same; the threshold is 1 at most, and may fall short of it there.

    Returns:
        None for a head without the labelled joints that the rate is of.
    """
    found: dict[tuple[Finding, str], tuple[list[float], list[float]]] = {}
    for study in studies:
        for row in study.joints:
            said = truth.of(row)
            if said is not None and row.probability is not None:
                part = found.setdefault((row.finding, row.group), ([], []))
                part[not said.damaged].append(row.probability)
    chosen = {}
    for head, (damaged, intact) in found.items():
        if sensitivity is not None and damaged:
            chosen[head] = _rated(_highest(damaged, sensitivity), damaged, intact)
        elif specificity is not None and intact:
            chosen[head] = _rated(_lowest(damaged, intact, specificity), damaged, intact)
    return chosen


def relabel(study: Document, thresholds: Thresholds) -> Document:
    """A study with new labels.

    Args:
        study: It is classified.
        thresholds: For the heads that are to have others.

    Returns:
        Joints of heads without a new threshold, or without a probability, are as they were. A label
        that changes is `uncertain`, unless its joint is unlike what the models know: the models
        were certain of the other one, or of none. The grade follows the label.
    """
    held = {model: dict(heads) for model, heads in study.thresholds.items()}
    for row in study.joints:
        limit = thresholds.get((row.finding, row.group), study.threshold_of(row))
        if row.model is not None and limit is not None:
            held.setdefault(row.model, {})[f"{row.finding}/{row.group}"] = limit
    joints = (_relabelled(row, thresholds.get((row.finding, row.group))) for row in study.joints)
    return replace(study, threshold=None, thresholds=held, joints=tuple(joints))


def _highest(damaged: list[float], sensitivity: float) -> float:
    """The highest threshold that calls a fraction of the non-intact joints."""
    return sorted(damaged, reverse=True)[_needed(damaged, sensitivity) - 1]


def _lowest(damaged: list[float], intact: list[float], specificity: float) -> float:
    """The lowest probability of a joint, or one just above all, that spares enough intact joints.

    Joints as probable as a threshold are called.
    """
    last = sorted(intact)[_needed(intact, specificity) - 1]
    above = [one for one in (*damaged, *intact) if one > last]
    return min(above, default=min(round(last + 10**-PROBABILITY_DECIMALS, PROBABILITY_DECIMALS), 1))


def _needed(joints: Sized, fraction: float) -> int:
    """How many joints are a fraction of them, at least."""
    # Rounded first: 0.7 of 10 joints are 7, and not the 8 of 7.000000000000001.
    return math.ceil(round(fraction * len(joints), _DIGITS))


def _rated(threshold: float, damaged: list[float], intact: list[float]) -> ChosenThreshold:
    """A threshold with its rates."""
    called = sum(one >= threshold for one in damaged)
    spared = sum(one < threshold for one in intact)
    return ChosenThreshold(
        threshold,
        len(damaged),
        called / len(damaged) if damaged else math.nan,
        len(intact),
        spared / len(intact) if intact else math.nan,
    )


def _relabelled(row: JointRow, threshold: float | None) -> JointRow:
    if threshold is None or row.probability is None:
        return row
    label: Label = "non-intact" if row.probability >= threshold else "intact"
    if label == row.label:
        return row
    certainty = "uncertain" if row.certainty == "certain" else row.certainty
    grade_now = row.grade
    if row.grade_probabilities is not None:
        at_least = [*accumulate(reversed(row.grade_probabilities[1:]))][::-1]
        grade_now = grade(at_least, damaged=label == "non-intact")
    return replace(row, label=label, certainty=certainty, grade=grade_now)
