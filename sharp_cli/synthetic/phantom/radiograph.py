"""One or two phantom hands on a radiograph: background, collimation and side markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, from_matrix, sample, similarity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.synthetic.phantom.hand import Phantom

    Picture = NDArray[np.float32]

_TILT: Final = 8.0  # degrees, the most a hand is tilted
_COLLIMATED: Final = 0.6  # fraction of radiographs with a collimation edge in the picture
_SHUTTERED: Final = 0.5  # fraction of those that are black outside it; the others are bright
_MARKED: Final = 0.85  # fraction of radiographs with side markers
_HELD: Final = 0.4  # fraction of markers in a plastic holder
_SEAM: Final = 0.05  # of a hand picture's width, over which it fades into the radiograph
_EDGE: Final = 0.01  # of a radiograph's width, which joints keep from its sides
_TRIES: Final = 40  # places tried for a marker

# Letters one unit high, drawn here because fonts differ between versions of OpenCV.
_STROKES: Final[Mapping[Side, tuple[tuple[tuple[float, float], ...], ...]]] = {
    "left": (((0.0, 0.0), (0.0, 1.0), (0.6, 1.0)),),
    "right": (
        ((0.0, 1.0), (0.0, 0.0), (0.45, 0.0), (0.65, 0.1), (0.65, 0.4), (0.45, 0.5), (0.0, 0.5)),
        ((0.3, 0.5), (0.68, 1.0)),
    ),
}


@dataclass(frozen=True, slots=True)
class PhantomRadiograph:
    """A synthetic radiograph of one or two hands.

    Attributes:
        pixels: float32, shape (height, width), 0…1, bones bright.
        points: For each hand, left to right, (x, y) of its 22 points in the radiograph's pixels.
        sides: The side of each hand.
        spacing: Size of a pixel in mm, the same both ways.
        to_radiograph: For each hand, maps its phantom's pixels to the radiograph's.
    """

    pixels: NDArray[np.float32]
    points: tuple[Mapping[str, tuple[float, float]], ...]
    sides: tuple[Side, ...]
    spacing: float
    to_radiograph: tuple[Affine, ...]


def make_radiograph(
    hands: Sequence[Phantom], rng: np.random.Generator, *, size: tuple[int, int] | None = None
) -> PhantomRadiograph:
    """Lay hands side by side on one radiograph, fingers up, as they are in the sequence.

    The radiograph has the pixel spacing of the first hand; other hands are resized to it. Hands of
    one seed share an exposure; others keep their own above a common background.

    Args:
        hands: One or two hands.
        rng: Source of tilts, distances, collimation and markers.
        size: Width and height in pixels; None for as large as the hands need. On a
            larger one they lie somewhere, the forearms at its lower edge; a smaller one cuts
            them off.
    """
    spacing, ground = hands[0].spacing, hands[0].ground
    tilts = rng.uniform(-_TILT, _TILT, len(hands))
    gaps = rng.uniform(0.0, 0.06, len(hands) + 1) * hands[0].pixels.shape[1]
    maps: list[Affine] = []
    right, bottoms = float(gaps[0]), []
    for hand, tilt, gap in zip(hands, tilts, gaps[1:], strict=True):
        turn = similarity(scale=hand.spacing / spacing, degrees=float(tilt))
        corners = turn(_corners(hand))
        inner = turn(np.array(list(hand.points.values())))
        margin = 0.5 * np.ptp(inner[:, 0])
        left, top = float(corners[:, 0].min()), float(corners[:, 1].min())
        # A tilted picture's corners are empty: hands may stand closer than their pictures.
        left = max(left, float(inner[:, 0].min()) - margin)
        maps.append(_shifted(turn, right - left, gaps[0] - top))
        edge = min(float(corners[:, 0].max()), float(inner[:, 0].max()) + margin)
        right += edge - left + float(gap)
        # Below its lower corners a hand's picture has no forearm to show.
        bottoms.append(float(corners[[2, 3], 1].min()) + gaps[0] - top)
    needed = (int(right), int(min(bottoms)) - 2)
    if size is None:
        size = needed
    else:
        room = (size[0] - needed[0]) * float(rng.uniform(0.3, 0.7))
        places = np.concatenate(
            [
                to_radiograph(list(h.points.values()))[:, 0]
                for h, to_radiograph in zip(hands, maps, strict=True)
            ]
        )
        # Whatever is cut off at the sides, the joints are in the picture if there is room for them.
        edge = _EDGE * size[0]
        room = min(room, size[0] - 1 - edge - float(places.max()))
        room = max(room, edge - float(places.min()))
        maps = [
            _shifted(to_radiograph, room, max(size[1] - needed[1], 0)) for to_radiograph in maps
        ]

    light = np.zeros((size[1], size[0]), dtype=np.float32)
    covered = np.zeros_like(light)
    for hand, to_radiograph in zip(hands, maps, strict=True):
        back = to_radiograph.inverse()
        fade = _fade(hand.pixels.shape)
        own = (hand.pixels - np.float32(hand.ground)) * fade
        # Cubic: to turn a picture must not smooth its noise.
        light += cv2.warpAffine(own, to_radiograph.matrix, size, flags=cv2.INTER_CUBIC)
        covered = np.maximum(covered, sample(fade, back, size))
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    pixels = ground + light + np.float32(0.7 * hands[0].noise) * noise * (1.0 - covered)
    points = tuple(
        {name: _pair(to_radiograph(xy)) for name, xy in hand.points.items()}
        for hand, to_radiograph in zip(hands, maps, strict=True)
    )
    if rng.random() < _MARKED:
        for hand, placed in zip(hands, points, strict=True):
            _mark(pixels, light, hand.side, placed, rng)
    if rng.random() < _COLLIMATED:
        pixels = _collimate(pixels, points, rng)
    pixels = np.clip(pixels, 0.0, 1.0).astype(np.float32)
    return PhantomRadiograph(
        pixels, points, tuple(hand.side for hand in hands), spacing, tuple(maps)
    )


def _fade(shape: tuple[int, ...]) -> Picture:
    """0 at a hand picture's left, right and top edge, 1 a little inside: no seam is left."""
    height, width = shape
    x = np.minimum(np.arange(width), np.arange(width)[::-1])
    ramp = np.clip(np.minimum(np.arange(height)[:, None], x) / (_SEAM * width), 0.0, 1.0)
    return ramp.astype(np.float32)


def _corners(hand: Phantom) -> NDArray[np.float64]:
    """Clockwise from the top left."""
    height, width = hand.pixels.shape
    right, bottom = width - 1.0, height - 1.0
    return np.array([[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]])


def _shifted(turn: Affine, x: float, y: float) -> Affine:
    return from_matrix(turn.matrix + np.array([[0.0, 0.0, x], [0.0, 0.0, y]]))


def _pair(xy: NDArray[np.float64]) -> tuple[float, float]:
    return float(xy[0]), float(xy[1])


def _mark(
    pixels: Picture,
    light: Picture,
    side: Side,
    points: Mapping[str, tuple[float, float]],
    rng: np.random.Generator,
) -> None:
    """Put a lead letter where the hands leave room, on the half of its hand; changes `pixels`."""
    places = np.array(list(points.values()))
    low, high = places.min(axis=0), places.max(axis=0)
    tall = round(0.06 * float(high[1] - low[1]) * rng.uniform(0.8, 1.5))
    holder = int(rng.integers(20, 45)) if rng.random() < _HELD else 0
    lead = np.zeros((2 * tall, 2 * tall), dtype=np.uint8)
    cv2.circle(lead, (tall, tall), tall - 2, holder, -1, cv2.LINE_AA)
    for stroke in _STROKES[side]:
        line = np.round((np.array(stroke) + np.array([0.65, 0.5])) * tall * 16).astype(np.int32)
        cv2.polylines(lead, [line], False, 255, max(2, tall // 8), cv2.LINE_AA, 4)
    letter = lead.astype(np.float32) * np.float32(rng.uniform(0.6, 1.0) / 255)
    reach = 0.35 * (high - low)
    best: tuple[float, tuple[slice, slice]] | None = None
    for _ in range(_TRIES):
        x, y = rng.uniform(low - reach, high + reach - 2 * tall).astype(int)
        if min(x, y) < 0 or x + 2 * tall > pixels.shape[1] or y + 2 * tall > pixels.shape[0]:
            continue
        window = (slice(y, y + 2 * tall), slice(x, x + 2 * tall))
        occupied = float(light[window].mean())
        if best is None or occupied < best[0]:
            best = occupied, window
    if best is not None:
        pixels[best[1]] = np.maximum(pixels[best[1]], letter)


def _collimate(
    pixels: Picture, points: Sequence[Mapping[str, tuple[float, float]]], rng: np.random.Generator
) -> Picture:
    """Cover what is outside a slightly turned rectangle around the hands."""
    height, width = pixels.shape
    places = np.array([xy for placed in points for xy in placed.values()])
    room = 0.55 * np.ptp(np.array(list(points[0].values()))[:, 1])
    low = np.maximum(places.min(axis=0) - room * rng.uniform(0.75, 1.0, 2), 2.0)
    high = np.minimum(
        places.max(axis=0) + room * rng.uniform(0.5, 0.9, 2), [width - 3, height + 50]
    )
    box = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    box = similarity(degrees=float(rng.uniform(-1.5, 1.5)))(box - box.mean(axis=0)) + box.mean(
        axis=0
    )
    field = np.zeros((height, width), dtype=np.float32)
    cv2.fillConvexPoly(field, np.round(box * 16).astype(np.int32), 1.0, cv2.LINE_AA, 4)
    field = cv2.GaussianBlur(field, (0, 0), rng.uniform(0.6, 3.0))
    if rng.random() < _SHUTTERED:
        outside = np.zeros_like(pixels)
    else:
        # Hardly exposed: as bright as the densest bone, anatomy faintly through it.
        outside = rng.uniform(0.55, 0.95) + 0.2 * pixels
    return np.asarray(field * pixels + (1.0 - field) * outside, dtype=np.float32)
