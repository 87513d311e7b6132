"""What the scores of a findings bundle mean: a probability at some prevalence, and how certain.

A score is the mean of the ensemble members' outputs for a joint, on patients in whose training
intact and non-intact joints were balanced. `bundle.json` may hold under `calibration`, by model
and `<finding>/<group>`, the `slope` and `intercept` of the log-odds of damage where half of the
joints are damaged (Platt, Advances in Large Margin Classifiers, 1999); for another prevalence its
own log-odds are added. Under `conformal` it may hold the `error_rate` and, likewise by model and
head, the `limits` of scores between which a label is not certain: label-conditional conformal
prediction (Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005, section 4.5;
Angelopoulos & Bates, Foundations and Trends in Machine Learning 16:494, 2023, section 4.2).
Whatever the label, its prediction set lacks it for at most that fraction of new patients' joints.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding
    from sharp_cli.core.records import Certainty, Label

    Key: TypeAlias = tuple[ModelName, Finding, str]
    """Model, finding and joint group."""


_PROBABILITY_DIGITS: Final = 4
_THRESHOLD_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the scores of a head become log-odds at a prevalence of one half.

    Attributes:
        slope: Of the log-odds; positive, so that the order of scores is kept.
        intercept: Log-odds at a score of 0.5.
    """

    slope: float
    intercept: float

    def probability(self, score: float, prevalence: float) -> float:
        """The probability of damage, 0…1, of a score, 0…1, at a prevalence between 0 and 1."""
        odds = self.slope * _log_odds(score) + self.intercept + _log_odds(prevalence)
        tail = math.exp(-abs(odds))
        return (1 if odds > 0 else tail) / (1 + tail)


@dataclass(frozen=True, slots=True)
class Limits:
    """Which labels are in the prediction set of a score.

    Attributes:
        intact: The highest score with `intact` in its set.
        non_intact: The lowest score with `non-intact` in its set.
    """

    intact: float
    non_intact: float

    def certainty(self, score: float, label: Label) -> Certainty:
        """`certain` where the set holds this label alone."""
        intact, non_intact = score <= self.intact, score >= self.non_intact
        alone = intact and not non_intact if label == "intact" else non_intact and not intact
        return "certain" if alone else "uncertain"


def read_calibration(meta: Mapping[str, Any], keys: Iterable[Key]) -> dict[Key, Calibration]:
    """The calibrations of a bundle's heads; none if its `bundle.json` holds none.

    Raises:
        KeyError: That of a head is missing; likewise TypeError or ValueError for what is no such
            number.
    """
    held = meta.get("calibration")
    if held is None:
        return {}
    found = {key: Calibration(**_numbers(held, key)) for key in keys}
    for key, one in found.items():
        if not (math.isfinite(one.intercept) and 0 < one.slope < math.inf):
            message = f"calibration of {'/'.join(key)}"
            raise ValueError(message)
    return found


def read_limits(meta: Mapping[str, Any], keys: Iterable[Key]) -> dict[Key, Limits]:
    """The limits of a bundle's heads, likewise."""
    held = meta.get("conformal")
    return {} if held is None else {key: Limits(**_numbers(held["limits"], key)) for key in keys}


def shown_thresholds(
    meta: Mapping[str, Any], model: ModelName, prevalence: Mapping[str, float]
) -> dict[str, float]:
    """The thresholds of a model in a calibrated bundle as probabilities at a prevalence.

    Args:
        meta: The content of `bundle.json`.
        model: The model.
        prevalence: To which probabilities are calibrated, by `<finding>/<group>`.

    Returns:
        By `<finding>/<group>`, with more digits than `shown_probability` gives, and rounded up: so
        probabilities stay on the side of it that their labels say.
    """
    found = {}
    for head, threshold in meta["thresholds"][model].items():
        calibration = Calibration(**meta["calibration"][model][head])
        probability = calibration.probability(threshold, prevalence[head])
        found[head] = _rounded(probability, _THRESHOLD_DIGITS, ROUND_CEILING)
    return found


def shown_probability(probability: float, label: Label) -> float:
    """A calibrated probability, rounded towards the side of the threshold that its label says."""
    towards = ROUND_CEILING if label == "non-intact" else ROUND_FLOOR
    return _rounded(probability, _PROBABILITY_DIGITS, towards)


def _rounded(value: float, digits: int, towards: str) -> float:
    # Exactly: products of floats may land on the other side.
    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), towards))


def _numbers(held: Mapping[str, Any], key: Key) -> dict[str, float]:
    model, finding, group = key
    return {name: float(value) for name, value in held[model][f"{finding}/{group}"].items()}


def _log_odds(probability: float) -> float:
    if probability in (0, 1):
        return -math.inf if probability == 0 else math.inf
    return math.log(probability / (1 - probability))
