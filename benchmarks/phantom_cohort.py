"""Measure a synthetic cohort from its labels: prevalence and correlations beside what was chosen.

    python benchmarks/phantom_cohort.py [LABELS.csv]

Without a `labels.csv` of `sharp phantom`, cohorts of 400 patients are planned at three seeds. The
intervals hold 95 % of bootstrap samples of patients. Correlations are tetrachoric: of the
bivariate normal distribution, cut in four, under which the labels of many pairs of joints are most
likely together. Damage does not heal, so labels do not tell how severities correlate over time;
that is measured on severities, and for plans only.
"""

from __future__ import annotations

import csv
import sys
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import ndtr, ndtri

from sharp_cli.core.joints import JOINT_GROUPS, SIDES, TARGETS
from sharp_cli.core.prevalence import NON_INTACT
from sharp_cli.synthetic.phantom.cohort import KEYS, cohort
from sharp_cli.synthetic.phantom.severity import DEFAULT, SAME_PLACE, severities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Numbers = NDArray[np.int64]

SEEDS: Final = (1, 2, 3)
PATIENTS: Final = 400
SAMPLES: Final = 200
_INTERVAL: Final = (2.5, 97.5)
_NODES: Final = np.polynomial.legendre.leggauss(16)


def from_plan(seed: int) -> tuple[Numbers, Array]:
    """Number of its patient and labels (1 is non-intact) of each study, shapes (N,) and (N, 62)."""
    rows = [
        (number, [study.grades[key] > 0 for key in KEYS])
        for number, patient in enumerate(cohort(seed, PATIENTS))
        for study in patient.studies
    ]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float)


def from_file(path: Path) -> tuple[Numbers, Array]:
    """The same from a `labels.csv`."""
    studies: dict[tuple[str, str], Array] = {}
    column = {key: number for number, key in enumerate(KEYS)}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            labels = studies.setdefault((row["patient"], row["study"]), np.full(len(KEYS), np.nan))
            key = next(k for k in KEYS if k == (row["hand"], row["finding"], row["joint"]))
            labels[column[key]] = int(row["grade"]) > 0
    patients = [patient for patient, _ in studies]
    return np.unique(patients, return_inverse=True)[1], np.array(list(studies.values()))


def pairs() -> Mapping[str, Numbers]:
    """Columns of the pairs of labels that each correlation is of, shape (N, 2)."""
    targets = [(side, target) for side in SIDES for target in TARGETS]
    found: dict[str, list[tuple[int, int]]] = {}
    for (a, (side, one)), (b, (other, two)) in combinations(enumerate(targets), 2):
        places = {SAME_PLACE.get(target.joint, target.joint) for target in (one, two)}
        if one == two:
            kind = "fingers" if one.group in ("PIP-IP", "PIP", "MCP") else "wrist"
        elif (one.finding, one.group) == (two.finding, two.group):
            kind = "group"
        elif side == other and len(places) == 1:
            kind = "place"
        else:
            kind = "patient"
        found.setdefault(kind, []).append((a, b))
    return {kind: np.array(members) for kind, members in found.items()}


def tetrachoric(labels: Array, weights: Array, columns: Numbers) -> float:
    """The correlation common to pairs of columns.

    Args:
        labels: Shape (N, 62).
        weights: Shape (N,), how often each study counts.
        columns: Shape (M, 2).
    """
    a, b = columns.T
    both = ((labels * weights[:, None]).T @ labels)[a, b]
    total = weights.sum()
    found = weights @ labels
    one, two = found[a], found[b]
    counts = np.stack([both, one - both, two - both, total - one - two + both])
    # Among few patients a joint may be intact, or damaged, in all.
    h, k = ndtri(np.clip(np.stack([one, two]), 0.5, total - 0.5) / total)

    def unlikely(correlation: float) -> float:
        joint = _both_below(h, k, correlation)
        cells = np.stack([joint, ndtr(h) - joint, ndtr(k) - joint, 1 - ndtr(h) - ndtr(k) + joint])
        return -float((counts * np.log(np.maximum(cells, 1e-12))).sum())

    return float(minimize_scalar(unlikely, bounds=(-0.5, 0.99), method="bounded").x)


def _both_below(h: Array, k: Array, correlation: float) -> Array:
    """The standard bivariate normal distribution function (Plackett 1954, integrated over asin)."""
    top = np.arcsin(correlation)
    angle = top * (_NODES[0] + 1) / 2
    squares = (h**2 + k**2)[:, None] - 2 * (h * k)[:, None] * np.sin(angle)
    density = np.exp(-squares / (2 * np.cos(angle) ** 2)) / (2 * np.pi)
    return np.asarray(ndtr(h) * ndtr(k) + density @ _NODES[1] * top / 2, dtype=np.float64)


def measure(patients: Numbers, labels: Array) -> None:
    """Print prevalence and correlations with intervals."""
    rng = np.random.default_rng(0)
    count = int(patients.max()) + 1
    weights = [np.ones(len(labels))]
    for _ in range(SAMPLES):
        drawn = np.bincount(rng.integers(count, size=count), minlength=count)
        weights.append(drawn[patients].astype(float))
    print(f"{count} patients, {len(labels)} studies\n\nnon-intact, %      Table 2  measured")
    for (finding, group), (damaged, total) in NON_INTACT.items():
        inside = [(t.finding, t.group) == (finding, group) for t in TARGETS] * len(SIDES)
        fraction = labels[:, inside].mean(axis=1)
        name = f"{finding} {group}"
        _tell(
            name, 100 * damaged / total, [100 * np.average(fraction, weights=w) for w in weights], 1
        )
    print("\ncorrelation         chosen   measured")
    for kind, columns in pairs().items():
        values = [tetrachoric(labels, w, columns) for w in weights]
        _tell(kind, getattr(DEFAULT, kind), values, 2)


def _tell(name: str, chosen: float, values: list[float], digits: int) -> None:
    low, high = np.percentile(values[1:], _INTERVAL)
    cells = [f"{value:.{digits}f}" for value in (chosen, values[0], low, high)]
    print(f"{name:18}  {cells[0]:>6}  {cells[1]:>6}  ({cells[2]} to {cells[3]})")


def over_a_year() -> float:
    """Correlation of severities a year apart, duration aside."""
    rng = np.random.default_rng(0)
    years, duration = np.array([0.0, 1.0]), np.full(2, 10.0)
    drawn = [
        severities(
            rng, rng.standard_normal(1 + len(JOINT_GROUPS)), years, duration, DEFAULT
        ).reshape(2, -1)
        for _ in range(PATIENTS)
    ]
    before, after = np.concatenate(drawn, axis=1)
    return float(np.corrcoef(before, after)[0, 1])


def main() -> None:
    """Measure a file, or plans."""
    if len(sys.argv) > 1:
        measure(*from_file(Path(sys.argv[1])))
        return
    for seed in SEEDS:
        print(f"\nseed {seed}: ", end="")
        measure(*from_plan(seed))
    print(f"\nyear                {DEFAULT.year:6.2f}  {over_a_year():6.3f}")


if __name__ == "__main__":
    main()
