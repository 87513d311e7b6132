"""How far raters agree on scores of hands and studies, and on their change.

A score is the sum of the grades of joints, or of the expected grades where a model gives them: of
erosion (0 to 80 a hand), of joint space narrowing (0 to 60 a hand), and of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

import numpy as np

from sharp_cli.core.joints import FINDINGS, SIDES, TARGETS
from sharp_cli.evaluation.agreement import compared
from sharp_cli.evaluation.metrics.bootstrap import Estimate, interval, resample_patients
from sharp_cli.evaluation.metrics.reliability import (
    correlation,
    detectable_change,
    intraclass,
    limits_of_agreement,
    measurement_error,
    proportion,
)
from sharp_cli.results.totals import LEAST_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import MissingRule
    from sharp_cli.evaluation.grades import Graded

Unit = Literal["hand", "study"]
Quantity = Literal["score", "change"]

UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
SCORES: Final = (*FINDINGS, "total")
PERCENTS: Final = (95, 80)
"""Of the smallest detectable change."""

_COLUMNS: Final = tuple(
    np.array([target.finding == finding for target in TARGETS]) for finding in FINDINGS
)


@dataclass(frozen=True, slots=True)
class ScoreAgreement:
    """How far raters agree on a score or its change, with a 95 % interval.

    Attributes:
        by: The column that a part of the patients is of; empty where it is all.
        part: What the column says of them.
        unit: Whose score it is: a `hand`, or a `study` of both.
        score: One of `SCORES`.
        quantity: The `score`, or its `change` from the first to the last visit.
        between: The raters.
        cases: How many hands or studies have it from all of them.
        left_out: How many have too few grades in common.
        metric: Its name; of pairs, differences are the first rater's minus the second's.
        value: NaN where it is not defined.
        low: End of the interval; NaN where there is none.
        high: Likewise.
    """

    by: str
    part: str
    unit: Unit
    score: str
    quantity: Quantity
    between: str
    cases: int
    left_out: int
    metric: str
    value: float
    low: float
    high: float


class Scores(NamedTuple):
    """Scores of hands or studies by raters.

    Attributes:
        patients: Whose each is, shape (cases,).
        values: Shape (raters, cases, `SCORES`); NaN where there is none.
    """

    patients: NDArray[np.str_]
    values: NDArray[np.float64]


class Hand(NamedTuple):
    """A hand of a study."""

    patient: str
    study: str
    side: Side


@dataclass(frozen=True, slots=True)
class HandGrades:
    """What raters give the joints of hands.

    Attributes:
        hands: The hands.
        grades: Shape (raters, hands, targets); NaN where there is none.
    """

    hands: Sequence[Hand]
    grades: NDArray[np.float64]

    def common(self, members: Sequence[int]) -> NDArray[np.float64]:
        """The grades of some raters; those of joints that one of them does not grade are NaN."""
        own = self.grades[list(members)]
        return np.where(np.isnan(own).any(axis=0), np.nan, own)


def by_hand(graded: Graded) -> HandGrades:
    """Put the joints of each hand together."""
    owners = [Hand(joint.patient, joint.study, joint.side) for joint in graded.joints]
    hands = list(dict.fromkeys(owners))
    rows = {hand: number for number, hand in enumerate(hands)}
    columns = {(one.finding, one.joint): number for number, one in enumerate(TARGETS)}
    grades = np.full((len(graded.names), len(hands), len(TARGETS)), np.nan)
    row = [rows[owner] for owner in owners]
    column = [columns[joint.finding, joint.joint] for joint in graded.joints]
    grades[:, row, column] = graded.scores
    return HandGrades(hands, grades)


def score_agreements(
    graded: Graded,
    dates: Mapping[tuple[str, str], date],
    missing: MissingRule,
    *,
    resamples: int,
    seed: int,
    by: str = "",
    part: str = "",
) -> Iterator[ScoreAgreement]:
    """How far raters agree, two by two and all together.

    Args:
        graded: The grades.
        dates: Of studies, by patient and study; without them there is no change.
        missing: See `total_scores`.
        resamples: Of the patients, for the interval of the RMSE; 0 for none.
        seed: Random seed of the resamples.
        by: See `ScoreAgreement`, like `part`.
        part: See there.
    """
    hands = by_hand(graded)
    for between, members in compared(graded.names, graded.readers).items():
        for unit in UNITS:
            quantities: dict[Quantity, Scores] = {
                "score": total_scores(hands, members, unit, missing)
            }
            if dates:
                quantities["change"] = changes(hands, members, unit, missing, dates)
            for quantity, found in quantities.items():
                for at, score in enumerate(SCORES):
                    values = found.values[:, :, at].T
                    known = ~np.isnan(values).any(axis=1)
                    metrics = _metrics(values[known], changed=quantity == "change")
                    if len(members) == 2:  # noqa: PLR2004 - a pair
                        gaps = values[known, 0] - values[known, 1]
                        metrics["rmse"] = _rmse(gaps, found.patients[known], resamples, seed)
                    for metric, estimate in metrics.items():
                        yield ScoreAgreement(
                            *(by, part, unit, score, quantity, between),
                            int(known.sum()),
                            int((~known).sum()),
                            metric,
                            *estimate,
                        )


def total_scores(
    given: HandGrades, members: Sequence[int], unit: Unit, missing: MissingRule
) -> Scores:
    """The scores of hands or studies by some raters, of the joints that all of them grade.

    Args:
        given: The grades.
        members: Which raters.
        unit: Whose score; a study has one where both its hands have.
        missing: What stands for a joint that one of them does not grade. `scale`: the mean of the
            finding's other joints of the hand, if they are half of them or more. `refuse`: such a
            hand has no score. `zero`: nothing is added, for any of the raters.
    """
    return _of_units(given.hands, _sums(given.common(members), missing), unit)


def changes(
    given: HandGrades,
    members: Sequence[int],
    unit: Unit,
    missing: MissingRule,
    dates: Mapping[tuple[str, str], date],
) -> Scores:
    """The changes of scores from each patient's first to their last visit; see `total_scores`.

    They are of the joints that all of the raters grade at both visits.
    """
    grades = given.common(members)
    at = {hand: number for number, hand in enumerate(given.hands)}
    ends = _first_and_last(given.hands, dates)
    pairs = [
        (hand, at[later])
        for hand in given.hands
        if hand[:2] in ends
        for later in [Hand(*ends[hand[:2]], hand.side)]
        if later in at
    ]
    first, last = grades[:, [at[hand] for hand, _ in pairs]], grades[:, [end for _, end in pairs]]
    unknown = np.isnan(first + last)
    before, after = (_sums(np.where(unknown, np.nan, one), missing) for one in (first, last))
    return _of_units([hand for hand, _ in pairs], after - before, unit)


def _sums(grades: NDArray[np.float64], missing: MissingRule) -> NDArray[np.float64]:
    """`SCORES` of hands from the grades of their joints, shape (raters, hands, targets)."""
    parts = []
    for columns in _COLUMNS:
        own = grades[:, :, columns]
        fraction = 1 - np.isnan(own).mean(axis=2)
        least = {"scale": LEAST_SHARE, "refuse": 1, "zero": 1e-9}[missing]
        share = fraction if missing == "scale" else 1.0
        with np.errstate(invalid="ignore"):
            parts.append(np.where(fraction >= least, np.nansum(own, axis=2) / share, np.nan))
    return np.stack([*parts, parts[0] + parts[1]], axis=2)


def _of_units(hands: Sequence[Hand], values: NDArray[np.float64], unit: Unit) -> Scores:
    """What hands have, or the sum of both hands of each study."""
    if unit == "hand":
        return Scores(np.array([hand.patient for hand in hands], str), values)
    studies = list(dict.fromkeys(hand[:2] for hand in hands))
    at = {hand: number for number, hand in enumerate(hands)}
    found = np.full((len(values), len(studies), len(SCORES)), np.nan)
    for number, study in enumerate(studies):
        both = [at[hand] for side in SIDES if (hand := Hand(*study, side)) in at]
        if len(both) == len(SIDES):
            found[:, number] = values[:, both].sum(axis=1)
    return Scores(np.array([patient for patient, _ in studies], str), found)


def _first_and_last(
    hands: Sequence[Hand], dates: Mapping[tuple[str, str], date]
) -> dict[tuple[str, str], tuple[str, str]]:
    """The last study of each patient with two dates or more, by the first one."""
    studies: dict[str, list[tuple[date, str]]] = {}
    for patient, study in dict.fromkeys(hand[:2] for hand in hands):
        if (patient, study) in dates:
            studies.setdefault(patient, []).append((dates[patient, study], study))
    return {
        (patient, min(found)[1]): (patient, max(found)[1])
        for patient, found in studies.items()
        if min(found)[0] < max(found)[0]
    }


def _metrics(values: NDArray[np.float64], *, changed: bool) -> dict[str, Estimate]:
    """The metrics of scores, or of their changes, shape (cases, raters)."""
    agreement, consistency = intraclass(values)
    error = measurement_error(values)
    found = {"icc_2_1": agreement, "icc_3_1": consistency, "sem": error}
    pair = values.shape[1] == 2  # noqa: PLR2004
    if pair:
        found |= {"correlation": correlation(*values.T)}
        found |= limits_of_agreement(values[:, 0] - values[:, 1])
    for percent in PERCENTS if changed else ():
        single, mean = (detectable_change(error, readers, percent) for readers in (1, 2))
        found |= {f"sdc_{percent}_one_reader": single, f"sdc_{percent}_two_readers": mean}
        if pair:
            above = values.mean(axis=1) > mean.value
            found[f"above_sdc_{percent}"] = proportion(above[:0] if np.isnan(mean.value) else above)
    return found


def _rmse(
    gaps: NDArray[np.float64], patients: NDArray[np.str_], resamples: int, seed: int
) -> Estimate:
    """The root of the mean squared difference, with an interval by a bootstrap of patients."""
    names, owners = np.unique(patients, return_inverse=True)
    drawn = resample_patients(len(names), resamples, seed)
    squares = np.bincount(owners, np.square(gaps), len(names))
    with np.errstate(invalid="ignore"):
        own, *others = np.sqrt(drawn @ squares / (drawn @ np.bincount(owners, None, len(names))))
    return Estimate(float(own), *interval(np.array(others), len(names)))
