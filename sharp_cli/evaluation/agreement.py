"""How far raters agree: percent agreement, Cohen's and Fleiss' kappa."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import cohen_kappa_score

from sharp_cli.evaluation.cases import JOINT_SETS, TRUTH

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Finding
    from sharp_cli.evaluation.cases import Cases


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree on the joints that all of them call.

    Attributes:
        finding: `erosion` or `jsn`.
        joints: The joint set.
        between: The raters.
        called: How many joints.
        agreement: The fraction of pairs of calls that agree, 0…1.
        kappa: Cohen's of two, Fleiss' of more.
    """

    finding: Finding
    joints: str
    between: str
    called: int
    agreement: float
    kappa: float


def agreement(calls: NDArray[np.bool_]) -> tuple[float, float]:
    """The fraction of pairs of calls that agree, and kappa.

    Args:
        calls: Of two raters or more, shape (raters, joints).

    Returns:
        The fraction, 0…1, and Cohen's kappa of two raters or Fleiss' of more; NaN without joints,
        and a kappa of NaN where all calls are the same: chance alone would agree.
    """
    raters, joints = calls.shape
    if not joints:
        return math.nan, math.nan
    yes = calls.sum(axis=0)
    disagreeing = 2 * yes * (raters - yes) / (raters * (raters - 1))
    agreeing = 1 - float(disagreeing.mean())
    if calls.all() or not calls.any():
        return agreeing, math.nan
    if raters == 2:  # noqa: PLR2004 - Cohen's is of two
        return agreeing, float(cohen_kappa_score(*calls))
    # Fleiss, Psychol Bull 76:378 (1971), of two categories.
    by_chance = float(calls.mean()) ** 2 + float((~calls).mean()) ** 2
    return agreeing, (agreeing - by_chance) / (1 - by_chance)


def compared(names: Sequence[str], readers: Container[str]) -> dict[str, list[int]]:
    """Whom to compare: every two raters, and all models and all readers where they are more.

    Args:
        names: Of the raters; the labels, `cases.TRUTH`, are of no group.
        readers: Which of them are readers.

    Returns:
        By a name for the comparison, the places of its raters in `names`.
    """
    between = {
        f"{names[one]} – {names[other]}": [one, other]
        for one, other in combinations(range(len(names)), 2)
    }
    models, human = (
        [at for at, name in enumerate(names) if name != TRUTH and (name in readers) == reader]
        for reader in (False, True)
    )
    groups = {
        "all models": models,
        "all readers": human,
        "all models and readers": models + human if models and human else [],
    }
    # Two are among the pairs.
    return between | {name: members for name, members in groups.items() if len(members) > 2}  # noqa: PLR2004


def agreements(cases: Cases) -> Iterator[Agreement]:
    """How far every two raters agree, the labels among them, and all models and all readers."""
    called = np.vstack([cases.called, cases.damaged])
    known = np.vstack([cases.known, np.ones_like(cases.damaged)])
    names = [*(rater.name for rater in cases.raters), TRUTH]
    between = compared(names, {rater.name for rater in cases.raters if rater.reader})
    for finding, joints in JOINT_SETS:
        inside = cases.inside(finding, joints)
        for name, members in between.items():
            on = inside & known[members].all(axis=0)
            agreeing, kappa = agreement(called[members][:, on])
            yield Agreement(finding, joints, name, int(on.sum()), agreeing, kappa)
