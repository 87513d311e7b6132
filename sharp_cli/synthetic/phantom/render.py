"""Attenuation of bones along the beam.

Arrays are float32 of shape (height, width); lengths are pixels. A bone is a tube: dense cortex
around spongy bone, both as thick along the beam as a cylinder of the local depth would be, so that
shafts get bright edges and overlapping bones add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from sharp_cli.synthetic.phantom.bone import Bone, Ridge

    Picture = NDArray[np.float32]
    Mask = NDArray[np.uint8]
    Array = NDArray[np.float64]

SHIFT: Final = 4  # fractional bits of the vertices that are filled
_MARGIN: Final = 3
_TEXTURE: Final = 512
_TEXTURE_SCALE: Final = 500.0  # pixels of the tile to a unit
_ROUND: Final = 96  # pixels by which a tile goes on beyond its edges while it is filtered
_FINEST: Final = 1.6  # pixels of the tile to a pixel beyond which its struts would alias
_STRUT: Final = 1.1  # half width of a strut in pixels of the tile
_AXES: Final = ((1, 0), (0, 1))
_CORNER: Final = 0.03  # size in units of the corners that are rounded beside growth plates
_STRUTS: Final = 0.13  # half thickness in units at which struts look as the tiles show them
_OVERLAP: Final = 0.3  # fraction of a bone that growth plates do not interrupt


@dataclass(frozen=True, slots=True)
class Spongiosa:
    """Tiles of spongy bone, each of mean 1.

    Attributes:
        columns: Struts along axis 0, the bone's axis, with few that cross them.
        net: Struts without a direction.
        patches: How density and the cortex' thickness vary from place to place.
    """

    columns: Picture
    net: Picture
    patches: Picture

    def shifted(self, number: int) -> Spongiosa:
        """The same tiles elsewhere, for the bone of this number."""
        steps = (61 * number, 97 * number)
        tiles = (self.columns, self.net, np.roll(self.patches, (_TEXTURE // 2, 0), (0, 1)))
        return Spongiosa(*(np.roll(tile, steps, axis=(0, 1)) for tile in tiles))


@lru_cache(maxsize=2)
def spongiosa(seeds: tuple[int, ...]) -> Spongiosa:
    """Draw the spongy bone of a person; both hands and all visits ask for the same one."""
    rng = np.random.default_rng(seeds)
    # A tile's edges fit together: what is filtered goes round.
    noise = np.pad(
        rng.standard_normal((_TEXTURE, _TEXTURE)).astype(np.float32), _ROUND, mode="wrap"
    )

    def blur(field: Picture, x: float, y: float) -> Picture:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigmaX=x, sigmaY=y), dtype=np.float32)

    def band(x: float, y: float) -> Picture:
        passed = blur(noise, x, y)
        passed = passed - blur(passed, 3 * x, 3 * x)
        return np.asarray(passed / passed.std(), dtype=np.float32)

    def lines(field: Picture) -> Picture:
        """Where smooth noise crosses zero lie the thin lines of a net, all of one width."""
        slope = cv2.magnitude(*(cv2.Scharr(field, cv2.CV_32F, *d, scale=1 / 32) for d in _AXES))
        made = np.exp(-np.square(field / np.maximum(slope * _STRUT, 1e-6)))
        return np.asarray(made - blur(made, 9.0, 12.0), dtype=np.float32)

    fine = 0.1 * band(1.2, 1.8)
    # A few struts are bold, others are hardly seen.
    bold = np.clip(1.0 + 0.35 * band(7.0, 11.0), 0.3, 1.6)
    along = bold * (0.5 * lines(band(3.1, 12.0)) + 0.65 * lines(band(5.0, 13.0)))
    crossing = 0.3 * lines(band(6.0, 3.0))
    # Struts lie behind one another: what is seen is their sum, but the boldest stand out of it.
    net = bold * (
        0.6 * lines(band(4.4, 5.6)) + 0.45 * lines(band(3.6, 2.9)) + 0.4 * lines(band(2.9, 3.8))
    )
    patches = 1.0 + 0.09 * band(14.0, 22.0) + 0.05 * band(6.0, 10.0)
    return Spongiosa(
        *(
            np.clip(tile[_ROUND:-_ROUND, _ROUND:-_ROUND], 0.15, 3.0).astype(np.float32)
            for tile in (1.0 + along + crossing + fine, 1.0 + net + fine, patches)
        )
    )


def bone_attenuation(
    bones: Sequence[Bone],
    size: tuple[int, int],
    unit: float,
    texture: Spongiosa,
    *,
    separate: Collection[str] = (),
) -> dict[str, Picture]:
    """Attenuation of bones, in units of cortex times `unit`.

    Args:
        bones: Bones whose lines are in pixels and whose thicknesses are in units.
        size: Width and height of the picture.
        unit: Pixels of a unit length.
        texture: Spongy bone of the person.
        separate: Names of bones that are rendered by themselves.

    Returns:
        By name the bones of `separate`, and under "" the sum of all others.
    """
    layers = {name: np.zeros((size[1], size[0]), dtype=np.float32) for name in ("", *separate)}
    for number, bone in enumerate(bones):
        low = np.maximum(np.floor(bone.outline.min(axis=0)).astype(int) - _MARGIN, 0)
        high = np.minimum(np.ceil(bone.outline.max(axis=0)).astype(int) + _MARGIN + 1, size)
        if (high <= low).any():
            continue
        window = (slice(low[1], high[1]), slice(low[0], high[0]))
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
        cv2.fillPoly(mask, [fixed(bone.outline - low)], 1, shift=SHIFT)
        layer = layers[bone.name if bone.name in separate else ""]
        layer[window] += _attenuate(bone, low, mask, unit, texture.shifted(number))
    return layers


def _attenuate(
    bone: Bone, low: NDArray[np.int_], mask: Mask, unit: float, texture: Spongiosa
) -> Picture:
    """Attenuation of a bone in the window whose top left pixel is `low`."""
    height, width = mask.shape
    axis = bone.head - bone.base
    length = float(np.hypot(*axis))
    x = np.arange(width, dtype=np.float32) + np.float32(low[0] - bone.base[0])
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(low[1] - bone.base[1])
    along = x * np.float32(axis[0] / length) + y * np.float32(axis[1] / length)
    across = x * np.float32(axis[1] / length) - y * np.float32(axis[0] / length)
    u = np.clip(along / np.float32(length), 0.0, 1.0).astype(np.float32)
    # Near the base the marrow thins out sooner than the cortex gets thick.
    middle = _steps(
        u, [0.0, 0.1, bone.shaft[1], *bone.shaft[2:], 1.0], [0.0, 0.06, 1.0, 1.0, 0.2, 0.0]
    )
    hollow = _steps(
        u, [0.0, 0.08, bone.shaft[0], *bone.shaft[2:], 1.0], [0.0, 0.15, 1.0, 1.0, 0.2, 0.0]
    )
    depth = _steps(u, np.linspace(0, 1, len(bone.depth)).tolist(), bone.depth)
    # Struts are about as far apart in every hand: the tile has a fixed scale in units. Columns
    # spread with the bone's width.
    step = np.float32(_TEXTURE_SCALE / unit)
    spread = np.sqrt(np.float32(min(bone.depth)) / depth)

    at_x, at_y = across * spread * step % _TEXTURE, along * step % _TEXTURE

    def tile(picture: Picture) -> Picture:
        if step > _FINEST:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 * float(step)), np.float32)
        laid = cv2.remap(picture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        return np.asarray(laid, dtype=np.float32)

    columns = np.float32(bone.columns)
    grain = (1 - columns) * tile(texture.net) + columns * tile(texture.columns)
    # The thicker the bone, the more struts lie behind one another and even out.
    through = np.minimum(np.float32(_STRUTS) / depth, 1.4) ** np.float32(1.5)
    grain = 1.0 + (grain - 1.0) * through
    patches = 1.0 + (tile(texture.patches) - 1.0) * through
    cortex = np.float32(bone.cortex[0]) + np.float32(bone.cortex[1] - bone.cortex[0]) * middle
    cortex = cortex * (0.4 + 0.6 * patches)
    marrow = np.float32(bone.marrow[0]) + np.float32(bone.marrow[1] - bone.marrow[0]) * hollow
    marrow = marrow * grain * patches

    def tube(part: Mask) -> Picture:
        inside = distance(part) / np.float32(unit)
        whole = chord(inside, depth, bone.taper)
        within, inner = np.maximum(inside - cortex, 0.0), np.maximum(depth - cortex, 1e-3)
        core = np.minimum(chord(within, inner, bone.taper), whole)
        return np.asarray((whole - core) * (0.75 + 0.25 * grain) + core * marrow, np.float32)

    attenuation = tube(mask)
    if bone.plates:
        cut = mask.copy()
        for wide, line in bone.plates:
            pen = max(1, round(wide * unit))
            cv2.polylines(cut, [fixed(line - low)], False, 0, pen, cv2.LINE_8, SHIFT)
        corner = max(3, round(_CORNER * unit)) | 1
        rounding = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (corner, corner))
        cut = cv2.morphologyEx(cut, cv2.MORPH_OPEN, rounding)
        # Shaft and epiphysis overlap along the beam: a plate is less dark than a joint space.
        attenuation = _OVERLAP * attenuation + (1.0 - _OVERLAP) * tube(cut)
    weight = mask * patches
    for ridge in bone.ridges:
        _add_ridge(attenuation, ridge, low, unit, weight)
    return attenuation


def _add_ridge(
    attenuation: Picture, ridge: Ridge, low: NDArray[np.int_], unit: float, weight: Picture
) -> None:
    """Brighten what is around a ridge's line; changes `attenuation`."""
    height, width = attenuation.shape
    pen = max(1, round(ridge.width * unit))
    reach = 4 * pen  # beyond which its blur is nothing
    line = ridge.line - low
    first = np.maximum(line.min(axis=0).astype(int) - reach, 0)
    last = np.minimum(line.max(axis=0).astype(int) + reach, (width, height))
    if (last <= first).any():
        return
    part = (slice(first[1], last[1]), slice(first[0], last[0]))
    trace = np.zeros((last[1] - first[1], last[0] - first[0]), dtype=np.float32)
    cv2.polylines(trace, [fixed(line - first)], False, 1.0, pen, cv2.LINE_8, SHIFT)
    trace = cv2.GaussianBlur(trace, (0, 0), 0.6 * ridge.width * unit)
    attenuation[part] += np.float32(1.6 * ridge.strength) * trace * weight[part]


def _steps(u: Picture, at: Sequence[float], values: Sequence[float]) -> Picture:
    """Linear interpolation, by a table: fast, and fine enough for what varies slowly."""
    table = np.interp(np.linspace(0.0, 1.0, 257), at, values).astype(np.float32)
    return np.asarray(table[(u * np.float32(256)).astype(np.intp)], dtype=np.float32)


def chord(inside: Picture, depth: Picture, taper: float) -> Picture:
    """Thickness of a tube of half depth `depth` at a distance `inside` from its edge."""
    reach = np.minimum(inside, depth) / depth
    return np.asarray(2.0 * depth * (reach * (2.0 - reach)) ** np.float32(taper / 2), np.float32)


def distance(mask: Mask) -> Picture:
    """Distance of each pixel of a mask to its edge."""
    rough = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # OpenCV's last bit varies from call to call; squares of distances are whole numbers.
    return np.asarray(np.sqrt(np.rint(np.square(rough))), dtype=np.float32)


def fixed(points: Array) -> NDArray[np.int32]:
    """Points as OpenCV's drawing functions take them with `shift=SHIFT`."""
    return np.asarray(np.round(points * (1 << SHIFT)), dtype=np.int32)
