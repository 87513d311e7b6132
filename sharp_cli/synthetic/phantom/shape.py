"""Shapes of hands: 37 landmarks drawn from a principal component model, and what moves with them.

Everything here is in the frame of the mean hand: left, upright, thumb to the right (PA view), x to
the right, y down, one unit the median length of the proximal phalanges.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.core.geometry import fit_similarity, similarity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

SHAPES_FILE: Final = Path(__file__).parent / "shapes.json"

LANDMARK_OF_POINT: Final[Mapping[str, int]] = {
    "IP": 19,
    "PIP2": 22,
    "PIP3": 26,
    "PIP4": 30,
    "PIP5": 34,
    "MCP1": 18,
    "MCP2": 21,
    "MCP3": 25,
    "MCP4": 29,
    "MCP5": 33,
    "CMC1": 17,
}
"""Points of `sharp_cli.core.joints.POINTS` that are landmarks, with the landmark's number."""

PHALANX_LANDMARKS: Final = ((22, 21), (26, 25), (30, 29), (34, 33))
"""Both ends of the four proximal phalanges whose median length is the unit."""

_DRIFTING: Final = {21: (22, 25), 25: (26, 29), 29: (30, 33), 33: (34, 37)}
"""Landmarks of the MCP joints, and from which to which the landmarks distal of them run."""

_WRIST: Final = (*range(9), *range(13, 17))
# The warp is known to here; farther up the forearm all is carried on straight.
_FOREARM_START: Final = 2.05

# Past this many standard deviations the linear model bends fingers in ways hands do not.
_MOST_SDS: Final = 2.2
# Degrees by which the little finger is spread more than in the model; measured by eye.
_FAN: Final = (4.0, 4.0)
_ALIKE: Final = 0.85  # correlation of the shapes of a person's two hands; a choice


class Warp:
    """A thin plate spline from one set of points to another (Bookstein 1989), exact at both.

    Args:
        source: Points of shape (N, 2), N at least 3.
        target: Where they go, shape (N, 2).
    """

    def __init__(self, source: Array, target: Array) -> None:
        count = len(source)
        affine = np.column_stack([np.ones(count), source])
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(source, source)
        system[:count, count:] = affine
        system[count:, :count] = affine.T
        self._source = source
        self._weights = np.linalg.solve(system, np.vstack([target, np.zeros((3, 2))]))

    def __call__(self, points: ArrayLike) -> Array:
        """Map points of shape (M, 2)."""
        moved = np.asarray(points, dtype=np.float64)
        terms = [_kernel(moved, self._source), np.ones((len(moved), 1)), moved]
        return np.asarray(np.column_stack(terms) @ self._weights, dtype=np.float64)


def _kernel(a: Array, b: Array) -> Array:
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return np.asarray(squared * np.log(squared + 1e-12) / 2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Shape:
    """One hand's landmarks, the 22 points, and the warp that brings the mean hand to it.

    Attributes:
        landmarks: Shape (37, 2), numbered as Payer et al. number them.
        points: (x, y) of each of `sharp_cli.core.joints.POINTS`.
        warp: Maps places in the mean hand to this hand.
    """

    landmarks: Array
    points: Mapping[str, Array]
    warp: Warp


def carry(shape: Shape, places: ArrayLike) -> Array:
    """Carry places (N, 2) in the mean hand to this hand, the forearm straight."""
    given = np.asarray(places, dtype=np.float64)
    beyond = np.maximum(given[:, 1:] - _FOREARM_START, 0.0)
    known = given - beyond * np.array([0.0, 1.0])
    fit = fit_similarity(
        _model()["mean"][list(_WRIST)], shape.landmarks[list(_WRIST)], mirror=False
    )
    along = fit.matrix[:, 1] / fit.scale
    return np.asarray(shape.warp(known) + beyond * along, dtype=np.float64)


@lru_cache(maxsize=1)
def _model() -> Mapping[str, Any]:
    content = json.loads(SHAPES_FILE.read_text(encoding="utf-8"))
    arrays = {key: np.array(content[key]) for key in ("mean", "components", "sds")}
    return {**arrays, "points": {name: np.array(xy) for name, xy in content["points"].items()}}


def mean_landmarks() -> Array:
    """The mean hand's landmarks, shape (37, 2)."""
    return np.array(_model()["mean"])


def mean_points() -> Mapping[str, Array]:
    """The mean hand's 22 points."""
    return dict(_model()["points"])


def draw_shape(
    patient: np.random.Generator, side: np.random.Generator, *, drift: float = 0.0
) -> Shape:
    """A random hand, scaled so that the unit is its own median proximal phalanx.

    Args:
        patient: Source of what the two hands of a person share.
        side: Source of what is the hand's own.
        drift: Ulnar drift: degrees by which the fingers are turned about their MCP joints towards
            the ulna.
    """
    model = _model()
    count = len(model["sds"])
    common, own = patient.standard_normal(count), side.standard_normal(count)
    mixed = math.sqrt(_ALIKE) * common + math.sqrt(1.0 - _ALIKE) * own
    scores = np.clip(mixed, -_MOST_SDS, _MOST_SDS) * model["sds"]
    landmarks = model["mean"] + (scores @ model["components"]).reshape(-1, 2)
    landmarks = landmarks / np.median(
        [np.hypot(*(landmarks[a] - landmarks[b])) for a, b in PHALANX_LANDMARKS]
    )
    fan = float(side.normal(*_FAN))
    for first, (middle, last) in _DRIFTING.items():
        turn = similarity(degrees=drift + (fan if first == max(_DRIFTING) else 0.0))
        knuckle = landmarks[first]
        landmarks[middle:last] = knuckle + turn(landmarks[middle:last] - knuckle)
    warp = Warp(model["mean"], landmarks)
    names = list(model["points"])
    points = dict(
        zip(names, warp(np.stack([model["points"][name] for name in names])), strict=True)
    )
    return Shape(landmarks, points, warp)
