"""Lesions and harmless look-alikes in a phantom's bones, each joint by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.geometry import sample, similarity
from sharp_cli.core.joints import BOXES, COMMON_PHALANX, FINDINGS, POINTS, Finding
from sharp_cli.synthetic.lesions import implant
from sharp_cli.synthetic.look_alikes import add_look_alikes
from sharp_cli.synthetic.phantom.spaces import SPACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Picture = NDArray[np.float32]

_LOOK_ALIKES: Final = 0.3  # fraction of joints with something harmless that looks like damage
_BONES: Final[Mapping[str, str]] = {
    "multangular": "trapezium",
    "navicular": "navicular",
    "lunate": "lunate",
    "ulna": "ulna",
    "radius": "radius",
}
"""The bones that are scored by themselves, and not with the bone across the joint."""


def eroded_bones(lesions: Mapping[tuple[Finding, str], int]) -> tuple[str, ...]:
    """Names of single bones that are eroded: each must be rendered separately, for `damaged`."""
    return tuple(bone for joint, bone in _BONES.items() if ("erosion", joint) in lesions)


def damaged(
    layers: Mapping[str, Picture],
    points: Mapping[str, Array],
    unit: float,
    lesions: Mapping[tuple[Finding, str], int],
    seeds: tuple[int, ...],
) -> Picture:
    """Put lesions and look-alikes into the bones, before soft tissue and exposure are added.

    JSN in the wrist is not drawn here, but by `sharp_cli.synthetic.phantom.spaces`.

    Args:
        layers: Attenuation of the bones of an upright left hand, each of shape (height, width):
            of each of `eroded_bones`, and under "" of all others.
        points: (x, y) of `joints.POINTS` in its pixels.
        unit: Pixels of its median proximal phalanx.
        lesions: SHS grades above 0 by finding and joint.
        seeds: Of the person and the hand: a joint keeps its look-alikes, and its erosions their
            places, from visit to visit.

    Returns:
        Attenuation of all bones, shape (height, width).
    """
    top = np.float32(max(float(layer.max()) for layer in layers.values()))
    bones = layers[""] / top
    for joint, name in _BONES.items():
        if name in layers:
            # Where a bone is seen by itself, no lesion ends up on its neighbour.
            bone = layers[name] / top
            grades: dict[Finding, int] = {"erosion": lesions["erosion", joint]}
            _change(bone, joint, points[joint], unit, grades, seeds=seeds, look_alike=False)
            bones += bone
    for number, joint in enumerate(POINTS):
        look_alike = np.random.default_rng((*seeds, number)).random() < _LOOK_ALIKES
        elsewhere = joint in _BONES or joint in SPACES
        found = {f: lesions[f, joint] for f in FINDINGS if (f, joint) in lesions and not elsewhere}
        _change(bones, joint, points[joint], unit, found, seeds=seeds, look_alike=look_alike)
    return np.asarray(np.maximum(bones, 0.0) * top, dtype=np.float32)


def _change(
    picture: Picture,
    joint: str,
    centre: Array,
    unit: float,
    grades: Mapping[Finding, int],
    *,
    seeds: tuple[int, ...],
    look_alike: bool,
) -> None:
    """Draw a joint at the common scale, change it, and add its change to `picture`."""
    if not grades and not look_alike:
        return
    # A generator a joint and finding: a lesion looks the same whatever there is beside it.
    place = (*seeds, POINTS.index(joint))
    scale = unit / COMMON_PHALANX
    box = BOXES[joint]
    corner = centre - scale * (np.array(box) - 1) / 2
    before = sample(picture, similarity(scale=scale, x=float(corner[0]), y=float(corner[1])), box)
    after = before
    if look_alike:
        after = add_look_alikes(after, np.random.default_rng((*place, 0)), joint=joint)
    # Bone ends are drawn together first: erosions are seen at the joint as it has become.
    for stream, finding in enumerate(reversed(FINDINGS), start=1):
        if finding in grades:
            rng = np.random.default_rng((*place, stream))
            after = implant(after, finding, grades[finding], rng, joint=joint)
    change = np.asarray((after - before) * _window(box), dtype=np.float32)
    # Only the part of the picture under the box is changed.
    height, width = picture.shape
    low = np.maximum(np.floor(corner).astype(int), 0)
    high = np.minimum(np.ceil(corner + scale * np.array(box)).astype(int) + 1, (width, height))
    if (high > low).all():
        at = corner - low
        to_part = similarity(scale=scale, x=float(at[0]), y=float(at[1]))
        columns, rows = (high - low).tolist()
        part = picture[low[1] : high[1], low[0] : high[0]]
        part += sample(change, to_part.inverse(), (columns, rows))


def _window(size: tuple[int, int]) -> Picture:
    """1 in the middle, falling to 0 over the outer tenth of a box."""
    ramps = [np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (0.1 * n), 0, 1) for n in size]
    return np.asarray(np.outer(ramps[1], ramps[0]), dtype=np.float32)
