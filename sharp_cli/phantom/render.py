"""Attenuation of bones and soft tissue along the beam, and the film's answer to it.

Arrays are float32 of shape (height, width); lengths are pixels. A bone is a tube: dense cortex
around spongy bone, both as thick along the beam as a cylinder of the local depth would be, so that
shafts get bright edges and overlapping bones add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sharp_cli.phantom.bone import Bone

    Picture = NDArray[np.float32]
    Array = NDArray[np.float64]

_SHIFT: Final = 4  # fractional bits of the vertices that are filled
_MARGIN: Final = 3
_TEXTURE: Final = 512
_TEXTURE_SCALE: Final = 500.0  # pixels of the tile to a unit
_CORNER: Final = 0.03  # size in units of the corners that are rounded beside growth plates
_OVERLAP: Final = 0.22  # share of a bone that growth plates do not interrupt
_EDGE: Final = 0.5
_SKIN_TAPER: Final = 0.75  # a hand lies flat: its soft tissue is less round than a tube
SOFT: Final = 0.14
"""Attenuation of soft tissue relative to cortical bone, per length (at about 55 kV)."""


def trabeculae(rng: np.random.Generator) -> Picture:
    """A tile of spongy bone, mean 1: fine struts, longer along axis 0 (the bone's axis)."""
    noise = rng.standard_normal((_TEXTURE, _TEXTURE)).astype(np.float32)

    def band(sigma_x: float, sigma_y: float) -> Picture:
        blurred = cv2.GaussianBlur(
            noise, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT
        )
        wide = cv2.GaussianBlur(blurred, (0, 0), 3 * sigma_x, borderType=cv2.BORDER_REFLECT)
        passed = np.asarray(blurred - wide, dtype=np.float32)
        return np.asarray(passed / passed.std(), dtype=np.float32)

    # Where smooth noise crosses zero lie the lines of a net.
    net = np.exp(-((band(2.6, 5.5) / 0.35) ** 2)) + 0.8 * np.exp(-((band(2.2, 2.8) / 0.35) ** 2))
    tile = 1.0 + 0.55 * (net - net.mean()) + 0.1 * band(1.0, 1.4) + 0.08 * band(12.0, 16.0)
    return np.asarray(np.clip(tile, 0.3, 2.5), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Tissue:
    """What all bones of a hand share.

    Attributes:
        unit: Pixels of a unit length.
        plate: Width of growth plates in units.
        scar: Strength of closed ones.
        texture: A tile of spongy bone.
    """

    unit: float
    plate: float
    scar: float
    texture: Picture


def bone_attenuation(bones: Sequence[Bone], size: tuple[int, int], tissue: Tissue) -> Picture:
    """Sum of the attenuation of bones, in units of cortex times `unit`.

    Args:
        bones: Bones whose lines are in pixels and whose thicknesses are in units.
        size: Width and height of the picture.
        tissue: What they are made of.
    """
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    for number, bone in enumerate(bones):
        low = np.maximum(np.floor(bone.outline.min(axis=0)).astype(int) - _MARGIN, 0)
        high = np.minimum(np.ceil(bone.outline.max(axis=0)).astype(int) + _MARGIN + 1, size)
        if (high <= low).any():
            continue
        window = (slice(low[1], high[1]), slice(low[0], high[0]))
        total[window] += _attenuate(bone, low, high, tissue, number)
    return total


def _attenuate(
    bone: Bone, low: NDArray[np.int_], high: NDArray[np.int_], tissue: Tissue, number: int
) -> Picture:
    unit = tissue.unit
    mask = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
    cv2.fillPoly(mask, [_fixed(bone.outline - low)], 1, shift=_SHIFT)

    axis = bone.head - bone.base
    length = float(np.hypot(*axis))
    x = np.arange(low[0], high[0], dtype=np.float32) - np.float32(bone.base[0])
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] - np.float32(bone.base[1])
    along = np.asarray((x * axis[0] + y * axis[1]) / length, dtype=np.float32)
    across = np.asarray((x * axis[1] - y * axis[0]) / length, dtype=np.float32)
    u = np.clip(along / length, 0.0, 1.0)
    middle = np.interp(u, [0.0, 0.12, 0.38, 0.62, 0.85, 1.0], [0.0, 0.08, 1.0, 1.0, 0.08, 0.0])
    depth = np.interp(u, np.linspace(0, 1, len(bone.depth)), bone.depth)
    cortex = bone.cortex[0] + (bone.cortex[1] - bone.cortex[0]) * middle
    # Struts are about as far apart in every hand: the tile has a fixed scale in units.
    step = np.float32(_TEXTURE_SCALE / unit)
    grain = cv2.remap(
        tissue.texture,
        (across * step + 97 * number) % _TEXTURE,
        (along * step + 61 * number) % _TEXTURE,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    marrow = (bone.marrow[0] + (bone.marrow[1] - bone.marrow[0]) * middle) * grain

    def tube(part: NDArray[np.uint8]) -> Array:
        inside = _distance(part) / unit
        whole = _chord(inside, depth, bone.taper)
        within, hollow = np.maximum(inside - cortex, 0.0), np.maximum(depth - cortex, 1e-3)
        core = np.minimum(_chord(within, hollow, bone.taper), whole)
        made = (whole - core) * (0.9 + 0.1 * grain) + core * marrow
        return np.asarray(made, dtype=np.float64)

    attenuation = tube(mask)
    if bone.plates:
        cut = mask.copy()
        for line in bone.plates:
            width = max(1, round(tissue.plate * unit))
            cv2.polylines(cut, [_fixed(line - low)], False, 0, width, shift=_SHIFT)
        corner = max(3, round(_CORNER * unit)) | 1
        rounding = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (corner, corner))
        cut = cv2.morphologyEx(cut, cv2.MORPH_OPEN, rounding)
        # Shaft and epiphysis overlap along the beam: a plate is less dark than a joint space.
        attenuation = _OVERLAP * attenuation + (1.0 - _OVERLAP) * tube(cut)
    for line in bone.scars:
        trace = np.zeros(mask.shape, dtype=np.float32)
        cv2.polylines(trace, [_fixed(line - low)], False, 1.0, max(1, round(0.012 * unit)), shift=4)
        trace = cv2.GaussianBlur(trace, (0, 0), 0.008 * unit)
        attenuation += 0.12 * tissue.scar * mask * trace * depth
    return np.asarray(attenuation, dtype=np.float32)


def _chord(inside: Array, depth: Array, taper: float) -> Array:
    """Thickness of a tube of half depth `depth` at a distance `inside` from its edge."""
    reach = np.minimum(inside, depth) / depth
    return np.asarray(2.0 * depth * (reach * (2.0 - reach)) ** (taper / 2), dtype=np.float64)


def _distance(mask: NDArray[np.uint8]) -> Array:
    """Distance of each pixel of a mask to its edge."""
    rough = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # OpenCV's last bit varies from call to call; squares of distances are whole numbers.
    return np.asarray(np.sqrt(np.rint(np.square(rough, dtype=np.float64))), dtype=np.float64)


def _fixed(points: Array) -> NDArray[np.int32]:
    return np.asarray(np.round(points * (1 << _SHIFT)), dtype=np.int32)


def soft_thickness(
    chains: Sequence[tuple[Array, Array]], hull: Array, size: tuple[int, int], *, unit: float
) -> Picture:
    """Thickness of the soft tissue in units.

    Args:
        chains: Limbs: places along each, shape (N, 2), and the half widths there in pixels.
        hull: The palm, shape (M, 2).
        size: Width and height of the picture.
        unit: Pixels of a unit length.
    """
    # Half the resolution is enough for what is smooth, and four times as fast.
    step = 2
    small = (size[0] // step + 1, size[1] // step + 1)
    mask = np.zeros((small[1], small[0]), dtype=np.uint8)
    for places, radii in chains:
        for a, b, ra, rb in zip(places, places[1:], radii, radii[1:], strict=False):
            for t in np.linspace(0.0, 1.0, 12):
                centre = _fixed((a + (b - a) * t) / step)
                radius = int((ra + (rb - ra) * t) / step * (1 << _SHIFT))
                cv2.circle(mask, (int(centre[0]), int(centre[1])), radius, 1, -1, shift=_SHIFT)
    cv2.fillPoly(mask, [_fixed(hull / step)], 1, shift=_SHIFT)
    web = max(3, round(0.06 * unit / step)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (web, web))
    mask = cv2.copyMakeBorder(mask, 0, web, 0, 0, cv2.BORDER_REPLICATE)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, kernel)
    sigma = 0.02 * unit / step
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
    inside = _distance((soft > _EDGE).astype(np.uint8))
    # At the skin the blurred mask tells parts of a pixel: its slope there is that of a step.
    skin = (soft - _EDGE) * sigma * np.sqrt(2 * np.pi)
    inside = np.where(inside < sigma, np.maximum(skin, 0.0), inside) * step / unit
    kernel = np.ones((round(0.45 * unit / step) | 1,) * 2, dtype=np.uint8)
    depth = cv2.GaussianBlur(
        cv2.dilate(inside.astype(np.float32), kernel), (0, 0), 0.22 * unit / step
    )
    thick = _chord(inside, np.clip(depth, 0.1, 0.42), _SKIN_TAPER).astype(np.float32)
    thick = cv2.GaussianBlur(thick[: small[1]], (0, 0), 0.5)
    large = cv2.resize(thick, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.maximum(large[: size[1], : size[0]], 0.0), dtype=np.float32)
