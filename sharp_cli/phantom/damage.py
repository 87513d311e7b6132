"""Lesions and harmless look-alikes in a phantom's bones, each joint by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.geometry import sample, similarity
from sharp_cli.joints import COMMON_PHALANX, FINDINGS, POINTS, TARGETS, Finding
from sharp_cli.lesions import decoy, implant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Picture = NDArray[np.float32]

_LOOK_ALIKES: Final = 0.3  # share of joints with something harmless that looks like damage
_BOXES: Final[Mapping[str, tuple[int, int]]] = {target.joint: target.box for target in TARGETS}


def damaged(
    hard: Picture,
    points: Mapping[str, Array],
    unit: float,
    lesions: Mapping[tuple[Finding, str], int],
    seeds: tuple[int, ...],
) -> Picture:
    """Put lesions and look-alikes into the bones, before soft tissue hides and a film shows them.

    Each joint is drawn at the common scale, changed, and its change added.

    Args:
        hard: Attenuation of the bones of an upright left hand, shape (height, width).
        points: (x, y) of `joints.POINTS` in its pixels.
        unit: Pixels of its median proximal phalanx.
        lesions: SHS grades above 0 by finding and joint.
        seeds: Of the person and the hand: a joint keeps its look-alikes, and its erosions their
            places, from visit to visit.
    """
    top = float(hard.max())
    changed = hard / np.float32(top)
    for number, joint in enumerate(POINTS):
        # A generator a joint: a lesion looks the same whatever there is beside it.
        place = (*seeds, number)
        look_alike = np.random.default_rng(place).random() < _LOOK_ALIKES
        found = {f: lesions[f, joint] for f in FINDINGS if (f, joint) in lesions}
        if look_alike or found:
            scale = unit / COMMON_PHALANX
            corner = points[joint] - scale * (np.array(_BOXES[joint]) - 1) / 2
            to_hard = similarity(scale=scale, x=float(corner[0]), y=float(corner[1]))
            before = sample(changed, to_hard, _BOXES[joint])
            after = before
            if look_alike:
                after = decoy(after, np.random.default_rng((*place, 0)), joint=joint)
            # Bone ends are drawn together first: erosions are seen at the joint as it has become.
            for stream, finding in enumerate(reversed(FINDINGS), start=1):
                if finding in found:
                    rng = np.random.default_rng((*place, stream))
                    after = implant(after, finding, found[finding], rng, joint=joint)
            _add(changed, (after - before) * _window(_BOXES[joint]), corner, scale)
    return np.asarray(np.maximum(changed, 0.0) * np.float32(top), dtype=np.float32)


def _add(picture: Picture, change: Picture, corner: Array, scale: float) -> None:
    """Add a change at the common scale to the part of a picture under it; changes `picture`."""
    height, width = picture.shape
    size = np.array(change.shape[::-1])
    low = np.maximum(np.floor(corner).astype(int), 0)
    high = np.minimum(np.ceil(corner + scale * size).astype(int) + 1, (width, height))
    if (high <= low).any():
        return
    to_part = similarity(scale=scale, x=float(corner[0] - low[0]), y=float(corner[1] - low[1]))
    columns, rows = (high - low).tolist()
    picture[low[1] : high[1], low[0] : high[0]] += sample(
        change, to_part.inverse(), (columns, rows)
    )


def _window(size: tuple[int, int]) -> Picture:
    """1 in the middle, falling to 0 over the outer tenth of a box."""
    ramps = [np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.1 * n), 0, 1) for n in size]
    return np.asarray(np.outer(ramps[1], ramps[0]), dtype=np.float32)
