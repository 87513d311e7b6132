"""Thresholds at or above which a joint is called non-intact, chosen on validation patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.training.classifier.results import DECIMALS, Predictions, by_head

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.training.classifier.results import HeadResult
    from sharp_cli.training.classifier.settings import ClassifierSettings, ThresholdRule

DEFAULT_THRESHOLD: Final = 0.5
"""Of a head whose validation joints are all of one class."""


def choose_threshold(rule: ThresholdRule, validation: Predictions) -> float:
    """The threshold of a head.

    Args:
        rule: How it is chosen.
        validation: For joints of the validation patients.

    Returns:
        One of their probabilities, or the fixed one; just above all of them where none has
        the specificity; `DEFAULT_THRESHOLD` where they are all of one class.
    """
    if rule.fixed is not None:
        return rule.fixed
    damaged, intact = (
        np.sort(validation.probabilities[validation.truth == kind]) for kind in (True, False)
    )
    if not len(damaged) or not len(intact):
        return DEFAULT_THRESHOLD
    limits = np.unique(validation.probabilities)
    hits = len(damaged) - np.searchsorted(damaged, limits)
    spared = np.searchsorted(intact, limits)
    if rule.sensitivity is not None:
        return float(limits[hits / len(damaged) >= rule.sensitivity][-1])
    if rule.specificity is not None:
        specific = spared / len(intact) >= rule.specificity
        limits, hits, spared = limits[specific], hits[specific], spared[specific]
        if not len(limits):
            # Rather no finding than false ones: above every validation joint.
            return round(float(validation.probabilities.max()) + 10**-DECIMALS, DECIMALS)
    called = hits + len(intact) - spared
    return float(limits[np.argmax(2 * hits / (called + len(damaged)))])


def pooled_thresholds(
    results: Iterable[HeadResult], settings: ClassifierSettings
) -> dict[ModelName, dict[str, float]]:
    """Of each model and `<finding>/<group>`, on the validation patients of all folds together."""
    chosen: dict[ModelName, dict[str, float]] = {model: {} for model in settings.models}
    for head, folds in by_head(results).items():
        parts = zip(*(result.validation for result in folds), strict=True)
        pooled = Predictions(*(np.concatenate(part) for part in parts))
        value = choose_threshold(settings.threshold, pooled)
        chosen[head.model][f"{head.finding}/{head.group}"] = value
    return {model: heads for model, heads in chosen.items() if heads}
