"""Compute `sharp_cli/shape_prior.json`: how places of joints vary together among hands.

Run as `python -m sharp_cli.training.shape_prior`. The hands are drawn from the shapes of phantoms,
whose statistics come from radiographs of 901 real hands of young people (see
`sharp_cli.synthetic.phantom.fit_shapes`). What those did not have and patients may is added here:
other postures, fingers that drift to the ulna, subluxed knuckles, a collapsed wrist. How much of it
is a choice, and rather too much than too little: a deformed hand must not seem impossible.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sharp_cli.core.geometry import fit_similarity, similarity
from sharp_cli.core.joints import COMMON_PHALANX, PHALANGES, POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference.shape_prior import PRIOR_FILE
from sharp_cli.synthetic.phantom.shape import draw_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

DRAWS: Final = 2000

FACTORS: Final = 14
"""They hold 99 % of the variance; the rest is small beside `_OWN`."""

_DEFORMED: Final = 0.5  # fraction of hands with some of what follows
_DRIFT: Final = (0.0, 35.0)  # degrees
_SLIP: Final = (-64.0, 80.0)  # px: where a fully subluxed phalanx lies; to the ulna and proximal
_COLLAPSE: Final = 80.0  # px by which the forearm comes nearer to the hand in a collapsed wrist
_SPREAD: Final = 5.0  # degrees, standard deviation of the direction of a finger
_THUMB: Final = 8.0  # likewise of the thumb, at each of its joints
_BENT: Final = 0.25  # fraction of its length that a bent finger is seen shorter by, at most

_OWN: Final = (14.0, 24.0)
"""Standard deviation in px of a point by itself, of fingers and of the wrist.

The wrist's is larger: bones overlap there, readers differ, and the shapes of phantoms have no
landmarks of its bones.
"""

_WRIST_FROM: Final = POINTS.index("CMC1")
_FOREARM: Final = {"radius": 1.0, "ulna": 1.0, "radiocarpal": 0.5}


def compute(draws: int = DRAWS, seed: int = 0) -> dict[str, Any]:
    """The statistics, from random hands.

    Returns:
        `factors`: shape (FACTORS, 44), deviations x, y of each point, one standard deviation of
        each principal component, in px at the common scale; `own`: standard deviation of each
        point by itself, shape (22,).
    """
    rng = np.random.default_rng(seed)
    hands = np.stack([_draw(rng, deformed=bool(rng.random() < _DEFORMED)) for _ in range(draws)])
    intact = np.mean([_draw(rng, deformed=False) for _ in range(draws)], axis=0)
    aligned = np.stack([fit_similarity(hand, TEMPLATE, mirror=False)(hand) for hand in hands])
    usual = fit_similarity(intact, TEMPLATE, mirror=False)(intact)
    # About the usual hand, not about the mean: a deformed hand deviates to one side, and the mean
    # hand, about which this is laid, is an intact one.
    deviations = (aligned - usual).reshape(draws, -1)
    values, vectors = np.linalg.eigh(deviations.T @ deviations / draws)
    factors = (vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0.0))).T[:FACTORS]
    # A factor and its opposite are the same: make the largest entry positive.
    largest = np.take_along_axis(factors, np.abs(factors).argmax(axis=1)[:, None], axis=1)
    own = [_OWN[index >= _WRIST_FROM] for index in range(len(POINTS))]
    return {"factors": (factors * np.sign(largest)).round(1).tolist(), "own": own}


def _draw(rng: np.random.Generator, *, deformed: bool) -> Array:
    """The points of a random hand, shape (22, 2), in px at the common scale."""
    drift = float(rng.uniform(*_DRIFT)) if deformed else 0.0
    shape = draw_shape(rng, rng, drift=drift)
    at = {name: place * COMMON_PHALANX for name, place in shape.points.items()}
    slipped = float(rng.uniform(0.0, 1.0)) * deformed
    for tip, base in PHALANGES:
        slip = slipped * float(rng.uniform(0.5, 1.0)) * np.array(_SLIP)
        shorter = 1.0 - _BENT * float(rng.uniform(0.0, 1.0)) ** 2
        turn = similarity(degrees=float(rng.normal(0.0, _SPREAD)), scale=shorter)
        at[tip] = at[base] + turn(at[tip] - at[base]) + slip
        at[base] = at[base] + slip / 2  # the joint is between its two bones
    for first, others in (("CMC1", ("MCP1", "IP")), ("MCP1", ("IP",))):
        turn = similarity(degrees=float(rng.normal(0.0, _THUMB)))
        for name in others:
            at[name] = at[first] + turn(at[name] - at[first])
    collapse = _COLLAPSE * float(rng.uniform(0.0, 1.0)) * deformed
    for name, fraction in _FOREARM.items():
        at[name] = at[name] - np.array([0.0, fraction * collapse])
    return np.stack([at[name] for name in POINTS])


def main() -> None:
    """Write the file."""
    PRIOR_FILE.write_text(json.dumps(compute()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
