"""How well a calibration does on hands that it was not fitted to, as metrics and as tables."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.inference.calibration import CUT_OFF, UNCLEAR, UNLIKE
from sharp_cli.synthetic.perturbations import PERTURBATIONS, UNPERTURBED
from sharp_cli.training.detector.hard_pictures import HARD, STRANGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sharp_cli.training.detector.certainty import CalibratedHand

_BINS: Final = 10
_REASONS: Final = (CUT_OFF, UNLIKE, UNCLEAR)
_CAPTIONS: Final = {
    "joints": (
        "Joints in radiographs as they are, degraded in the ways of `sharp evaluate robustness`, "
        "and degraded so much that many are missed: how many are off by more than 15 % of the "
        "proximal phalanx length, the percent of these and of the others that are called "
        "uncertain, and how well the confidence is calibrated (Brier score, expected calibration "
        "error)."
    ),
    "reliability": "All of these joints by their confidence, and the percent that are well placed.",
    "hands": (
        "Hands called uncertain, in percent, and why. The squeezed hands, and the rows below "
        "them, are no hands in PA view; they are given to the detector at the position of the hand."
    ),
}


@dataclass(frozen=True, slots=True)
class JointMetrics:
    """How well misplaced joints are distinguished from others.

    Attributes:
        pictures: Which pictures.
        joints: With a known place.
        off: Those off by more than 15 % of the proximal phalanx.
        off_flagged: Percent of these that are called uncertain.
        good_flagged: Percent of the others that are.
        brier: Mean squared difference of likelihood and truth.
        calibration_error: Mean difference of likelihood and fraction in ten bins (ECE).
    """

    pictures: str
    joints: int
    off: int
    off_flagged: float
    good_flagged: float
    brier: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Joints of about one likelihood.

    Attributes:
        likelihood: From, to.
        joints: How many.
        said: Their mean likelihood.
        true: Percent of them that are well placed.
    """

    likelihood: str
    joints: int
    said: float
    true: float


@dataclass(frozen=True, slots=True)
class HandMetrics:
    """Which hands are called uncertain, in percent, and why.

    Attributes:
        pictures: Which pictures.
        hands: How many were examined.
        uncertain: For any reason.
        cut_off: See `sharp_cli.inference.calibration.CUT_OFF`, and so on.
        unlike: Likewise.
        unclear: Likewise.
    """

    pictures: str
    hands: int
    uncertain: float
    cut_off: float
    unlike: float
    unclear: float


def calibration_metrics(judged: Sequence[CalibratedHand]) -> dict[str, list[dict[str, Any]]]:
    """All metrics, as a bundle holds them."""
    usual = [one for one in judged if one.observed.perturbation not in STRANGE]
    plain = [one for one in usual if one.observed.perturbation is UNPERTURBED]
    perturbed = [one for one in usual if one.observed.perturbation in PERTURBATIONS]
    hard = [one for one in usual if one.observed.perturbation in HARD]
    parts = {
        "as they are": plain,
        "changed": perturbed,
        "as they are and changed": [*plain, *perturbed],
        "made hard": hard,
    }
    of: dict[str, list[CalibratedHand]] = {}
    for one in judged:
        perturbation = one.observed.perturbation
        # Usual perturbations by their kind alone, of all degrees: else there were too many rows.
        kind, severity = perturbation.kind, perturbation.severity
        name = kind if perturbation in PERTURBATIONS else f"{kind} {severity}".strip()
        of.setdefault(name, []).append(one)
    tables: dict[str, Iterable[Any]] = {
        "joints": [joint_metrics(name, part) for name, part in parts.items() if part],
        "reliability": reliability(usual),
        "hands": [hand_metrics(name, part) for name, part in of.items()],
    }
    return {name: [asdict(row) for row in rows] for name, rows in tables.items()}


def joint_metrics(name: str, judged: Sequence[CalibratedHand]) -> JointMetrics:
    """Metrics of the joints of some hands."""
    known, good, likelihoods = _joints(judged)
    flagged = np.concatenate([one.flagged for one in judged])[known]
    bins = _bins(likelihoods)
    gaps = [
        abs(float(likelihoods[bins == number].sum() - good[bins == number].sum()))
        for number in range(_BINS)
    ]
    return JointMetrics(
        pictures=name,
        joints=len(good),
        off=int((~good).sum()),
        off_flagged=_percent(flagged[~good]),
        good_flagged=_percent(flagged[good]),
        brier=float(np.mean((likelihoods - good) ** 2)),
        calibration_error=sum(gaps) / len(good),
    )


def reliability(judged: Sequence[CalibratedHand]) -> list[Bin]:
    """What likelihoods say and what is true, in ten bins; without those that are empty."""
    _, good, likelihoods = _joints(judged)
    bins = _bins(likelihoods)
    return [
        Bin(
            likelihood=f"{number / _BINS:.1f} to {(number + 1) / _BINS:.1f}",
            joints=int((bins == number).sum()),
            said=float(likelihoods[bins == number].mean()),
            true=_percent(good[bins == number]),
        )
        for number in sorted(set(bins.tolist()))
    ]


def hand_metrics(name: str, judged: Sequence[CalibratedHand]) -> HandMetrics:
    """Metrics of whole hands."""
    why = [np.array([reason in one.reasons for one in judged]) for reason in _REASONS]
    return HandMetrics(name, len(judged), *map(_percent, (np.any(why, axis=0), *why)))


def markdown(tables: dict[str, list[dict[str, Any]]]) -> str:
    """What `calibration_metrics` gives, as tables for a model card."""
    parts = []
    for name, rows in tables.items():
        columns = [column.replace("_", " ") for column in rows[0]]
        cells = [[_cell(value) for value in row.values()] for row in rows]
        lines = [columns, ["---"] * len(columns), *cells]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        parts.append(f"{_CAPTIONS[name]}\n\n{table}")
    return "\n\n".join(parts)


def _joints(
    judged: Sequence[CalibratedHand],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Which joints have a known place; of these, which are well placed, and their likelihoods."""
    known = np.concatenate([np.isfinite(one.observed.errors) for one in judged])
    good = np.concatenate([one.observed.good for one in judged])[known]
    return known, good, np.concatenate([one.likelihoods for one in judged])[known]


def _bins(likelihoods: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((likelihoods * _BINS).astype(np.int64), _BINS - 1)


def _percent(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()) * 100, 2) if flags.size else math.nan


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
