"""Compute `shapes.json`, the statistics of hand shapes that phantoms are drawn from.

Run as `python -m sharp_cli.synthetic.phantom.fit_shapes LANDMARKS.csv JOINTS.csv`. LANDMARKS.csv
holds 37 landmarks of many left hands (those of Payer et al., MICCAI 2016, on the Digital Hand
Atlas), JOINTS.csv joint positions as `sharp evaluate` reads them; held-out pictures are
not used. Only means, principal components and standard deviations are kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.geometry import fit_similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.datasets.splits import select_hands
from sharp_cli.synthetic.phantom.shape import (
    LANDMARK_OF_POINT,
    PHALANX_LANDMARKS,
    SHAPES_FILE,
    Warp,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_COMPONENTS: Final = 12
_ROUNDS: Final = 5  # of generalised Procrustes alignment; the mean moves by < 1e-4 after three


def align(hands: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Align hands of shape (N, 37, 2) to their mean by similarities (generalised Procrustes).

    Returns:
        The mean, shape (37, 2), and the aligned hands; the unit is the mean hand's median
        proximal phalanx, the origin its centre.
    """
    mean = hands[0]
    aligned = hands
    for _ in range(_ROUNDS):
        aligned = np.stack([fit_similarity(hand, mean, mirror=False)(hand) for hand in hands])
        mean = aligned.mean(axis=0)
        centre = mean.mean(axis=0)
        unit = float(np.median([np.hypot(*(mean[a] - mean[b])) for a, b in PHALANX_LANDMARKS]))
        mean, aligned = (mean - centre) / unit, (aligned - centre) / unit
    return mean, aligned


def place_points(
    mean: NDArray[np.float64], hands: Sequence[Mapping[str, tuple[float, float]]]
) -> dict[str, NDArray[np.float64]]:
    """Mean place of each of the 22 points in the frame of the mean landmarks.

    The points that are landmarks too tie each hand to the frame (similarity, then thin plate
    spline); the others go along.
    """
    ties = [name for name in POINTS if name in LANDMARK_OF_POINT]
    target = np.stack([mean[LANDMARK_OF_POINT[name]] for name in ties])
    placed: list[NDArray[np.float64]] = []
    for hand in hands:
        source = np.array([hand[name] for name in ties])
        fits = [fit_similarity(source, target, mirror=mirror) for mirror in (False, True)]
        fit = min(fits, key=lambda map_: float(((map_(source) - target) ** 2).sum()))
        warp = Warp(fit(source), target)
        placed.append(warp(fit(np.array([hand[name] for name in POINTS]))))
    return dict(zip(POINTS, np.mean(placed, axis=0), strict=True))


def _read_landmarks(path: Path) -> NDArray[np.float64]:
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    return np.asarray(rows[:, 1:].reshape(len(rows), -1, 2), dtype=np.float64)


def main(landmarks: Path, joints: Path) -> None:
    """Write `shapes.json` beside this module."""
    mean, aligned = align(_read_landmarks(landmarks))
    deviations = (aligned - mean).reshape(len(aligned), -1)
    _, singular, components = np.linalg.svd(deviations, full_matrices=False)
    sds = singular[:_COMPONENTS] / np.sqrt(len(aligned) - 1)
    annotated = read_annotations(joints)
    known = [hand.points for hand in select_hands(annotated, held_out=False)]
    points = place_points(mean, known)
    shapes = {
        "mean": mean.round(4).tolist(),
        "components": components[:_COMPONENTS].round(4).tolist(),
        "sds": sds.round(4).tolist(),
        "points": {name: xy.round(4).tolist() for name, xy in points.items()},
    }
    SHAPES_FILE.write_text(json.dumps(shapes) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
