"""How places of joints vary together among hands, and where each should be by the others.

The places of a hand's points are taken as normally distributed about the mean hand: along the
factors of `shape_prior.json` (see `sharp_cli.training.shape_prior`), each by itself, and freely
along the turn, the size and the place of the whole hand, of which nothing is known.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from sharp_cli.core.template import TEMPLATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

PRIOR_FILE: Final = Path(__file__).parent / "shape_prior.json"

_FREE: Final = 1e3  # px, standard deviation of turn, size and place: so large that it is no limit
_ROUNDS: Final = 5  # after three, hardly anything changes


class Fit(NamedTuple):
    """How the points of a hand fit together.

    Attributes:
        misfit: Mahalanobis distance of each point from where the others say that it is, shape
            (22,); NaN for a point without a place.
        places: Where the points are by all of them together, shape (22, 2): where each was seen if
            it fits, else the nearer to where the others say that it is, the less it fits.
        oddity: How much less likely the whole is than the mean hand: minus twice the logarithm of
            the ratio of their densities. About 20 for a hand; a few more for each point astray.
    """

    misfit: Array
    places: Array
    oddity: float


def fit(points: Array) -> Fit:
    """Compare the points of a hand with each other.

    A point that does not fit must not mislead about the others. So each is taken to have been seen
    with the error that makes its place most likely; that is none, where it fits.

    Args:
        points: Places of `joints.POINTS` in a canonical frame, shape (22, 2); NaN where there is
            none.
    """
    known = np.isfinite(points).all(axis=1)
    count = int(known.sum())
    both = np.repeat(known, 2)
    spread = _covariance()
    own = spread[np.ix_(both, both)]
    deviation = (points - TEMPLATE)[known].ravel()
    # Error variance of each point in px²; those of the last round are used to the end.
    found = np.zeros(count)
    for _ in range(_ROUNDS):
        error = found
        total = own + np.diag(np.repeat(error, 2))
        precision = np.linalg.inv(total)
        pull = precision @ deviation
        # A point given all others has the covariance that inverts its block of the precision.
        each = np.arange(count)
        given = np.linalg.inv(precision.reshape(count, 2, count, 2)[each, :, each])
        residual = np.einsum("pij,pj->pi", given, pull.reshape(count, 2))
        given -= error[:, None, None] * np.eye(2)
        variance = np.trace(given, axis1=1, axis2=2)
        found = np.maximum(0.0, (np.square(residual).sum(axis=1) - variance) / 2)
    misfit = np.full(len(points), np.nan)
    square = np.einsum("pi,pij,pj->p", residual, np.linalg.inv(given), residual)
    misfit[known] = np.sqrt(square)
    places = TEMPLATE + (spread[:, both] @ pull).reshape(-1, 2)
    volume = np.linalg.slogdet(total)[1] - np.linalg.slogdet(own)[1]
    return Fit(misfit, places, float(deviation @ pull + volume))


@lru_cache(maxsize=1)
def _covariance() -> Array:
    """The covariance of the points' x, y, shape (44, 44), in px at the common scale."""
    content = json.loads(PRIOR_FILE.read_text(encoding="utf-8"))
    centred = TEMPLATE - TEMPLATE.mean(axis=0)
    size = centred / np.sqrt(np.square(centred).mean())
    turn = size @ np.array([[0.0, 1.0], [-1.0, 0.0]])
    along_x, along_y = (np.tile(axis, len(TEMPLATE)) for axis in np.eye(2))
    free = _FREE * np.stack([size.ravel(), turn.ravel(), along_x, along_y])
    factors = np.vstack([content["factors"], free])
    own = np.repeat(content["own"], 2)
    return np.asarray(factors.T @ factors + np.diag(np.square(own)))
