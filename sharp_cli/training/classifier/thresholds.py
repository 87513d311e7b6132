"""Thresholds at or above which a joint is called non-intact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.training.classifier.results import DECIMALS

if TYPE_CHECKING:
    from sharp_cli.training.classifier.input_sets import HeadName
    from sharp_cli.training.classifier.results import Predictions
    from sharp_cli.training.classifier.settings import ThresholdRule

DEFAULT_THRESHOLD: Final = 0.5
"""Of a head whose joints are all of one class."""


def choose_threshold(rule: ThresholdRule, head: HeadName, unseen: Predictions) -> float:
    """The threshold of a head, 1 at most.

    Args:
        rule: How it is chosen.
        head: The head.
        unseen: For joints of patients that the head was not trained on.

    Returns:
        One of their probabilities, or the fixed one; just above all of them where none has
        the specificity; `DEFAULT_THRESHOLD` where they are all of one class.
    """
    if rule.fixed is not None:
        return rule.fixed
    damaged, intact = (
        np.sort(unseen.probabilities[unseen.truth == kind]) for kind in (True, False)
    )
    if not len(damaged) or not len(intact):
        return DEFAULT_THRESHOLD
    limits = np.unique(unseen.probabilities)
    hits = len(damaged) - np.searchsorted(damaged, limits)
    spared = np.searchsorted(intact, limits)
    if rule.sensitivity is not None:
        return float(limits[hits / len(damaged) >= rule.sensitivity][-1])
    asked = (rule.specificity or {}).get((head.finding, head.group))
    if asked is not None:
        specific = spared / len(intact) >= asked
        limits, hits, spared = limits[specific], hits[specific], spared[specific]
        if not len(limits):
            # Rather no finding than false ones: above every joint.
            return min(round(float(unseen.probabilities.max()) + 10**-DECIMALS, DECIMALS), 1.0)
    called = hits + len(intact) - spared
    return float(limits[np.argmax(2 * hits / (called + len(damaged)))])
