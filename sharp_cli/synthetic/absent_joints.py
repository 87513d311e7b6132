"""Radiographs in which joints of a hand are not to be seen: gone, covered, shuttered or cut off.

What is done and how much of it is a choice. A joint is gone where most of the place around it is;
see `hidden`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.hand_frame import fill_missing, fit_hand
from sharp_cli.core.joints import COMMON_PHALANX, POINTS
from sharp_cli.synthetic.clutter import letters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from sharp_cli.synthetic.perturbations import Hands, Pixels

    Array = NDArray[np.float64]
    Mask = NDArray[np.float32]

REACH: Final = 0.15
"""Radius of the place of a joint, in phalanx lengths: how far off one counts as found."""

_DIGITS: Final = (("MCP1", "IP"), *((f"MCP{i}", f"PIP{i}") for i in range(2, 6)))
_TIP: Final = 1.25
"""From a PIP or IP joint to beyond the fingertip, in lengths of the proximal phalanx.

The middle and end bones are 0.98 of it in the middle finger (Buryanov & Kotiuk 2010)."""

_THICK: Final = (0.27, 0.36)  # half the width of what is taken away of a finger, in the same
_BLOCK: Final = (150.0, 500.0)  # px at the common scale: the side of what covers a joint
_ROD: Final = (90.0, 160.0)  # likewise, the width of a metal plate or a prosthesis
_COARSE: Final = 4  # a picture is so many times smaller when it is inpainted


class Removed(NamedTuple):
    """A radiograph with something of its hands taken away.

    Attributes:
        pixels: The changed radiograph.
        move: Maps the unchanged one to it.
        mask: How much of each pixel of the unchanged one is hidden, 0 to 1.
    """

    pixels: Pixels
    move: Affine
    mask: Mask


Remove: TypeAlias = "Callable[[Pixels, Hands, np.random.Generator], Removed]"


def hidden(mask: Mask, points: Array) -> Array:
    """How much of the place of each of a hand's points a mask hides, 0 to 1; NaN if it is unknown.

    Args:
        mask: See `Removed`.
        points: Of `joints.POINTS`, shape (22, 2).
    """
    radius = REACH * COMMON_PHALANX * fit_hand(points).scale
    offsets = [(x, y) for x in np.linspace(-1, 1, 9) for y in np.linspace(-1, 1, 9)]
    disc = radius * np.array([offset for offset in offsets if math.hypot(*offset) <= 1])
    places = (fill_missing(points)[:, None] + disc).astype(np.float32)
    # Beyond the edge there is no picture at all.
    shares = cv2.remap(mask, places, None, cv2.INTER_LINEAR, borderValue=1.0).mean(axis=1)
    return np.where(np.isfinite(points).all(axis=1), shares, np.nan)


def amputated(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Removed:
    """Take away one or two digits of each hand, from a place beyond the MCP joint on."""
    mask = np.zeros(pixels.shape, np.float32)
    for points in hands:
        chosen = rng.choice(len(_DIGITS), size=int(rng.integers(1, 3)), replace=False)
        for digit in chosen.tolist():
            # Before the joint as often as beyond it, so that a stump is no sign of either.
            level = rng.uniform(0.15, 0.85) if rng.random() < 0.75 else rng.uniform(1.2, 1.6)
            mask = np.maximum(mask, _digit(pixels.shape, fill_missing(points), digit, level, rng))
    spread = rng.uniform(0.2, 2.0) * _unit(hands) * 10
    soft = cv2.GaussianBlur(mask, (0, 0), max(spread, 0.3))
    ground = _inpainted(pixels, mask) if rng.random() < 0.5 else _background(pixels, mask, rng)
    return Removed(_blend(pixels, ground, soft), similarity(), mask)


def covered(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Removed:
    """Cover one to four neighbouring joints of each hand: by metal, a marker or anything else."""
    mask = np.zeros(pixels.shape, np.float32)
    changed = pixels
    for points in hands:
        frame, places = fit_hand(points), fill_missing(points)
        first = places[int(rng.integers(len(POINTS)))]
        near = np.argsort(np.hypot(*(places - first).T))[: int(rng.integers(1, 5))]
        for middle in frame.inverse()(places[near]):
            shape = _shape(pixels.shape, frame, middle, rng)
            strength = 1.0 if rng.random() < 0.8 else rng.uniform(0.85, 1.0)
            changed = _blend(changed, _surface(changed, rng), strength * shape)
            mask = np.maximum(mask, shape)
    return Removed(changed, similarity(), mask)


def cast(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Removed:
    """Lay a cast around each wrist, or around some fingers, through which no bone is seen."""
    mask = np.zeros(pixels.shape, np.float32)
    for points in hands:
        frame = fit_hand(points)
        wrist = rng.random() < 0.6
        top, bottom = (rng.uniform(-50, 350), 900.0) if wrist else (-900.0, rng.uniform(-450, -100))
        left, right = (-500.0, 500.0) if wrist else np.sort(rng.uniform(-450, 450, 2)).tolist()
        tilt = rng.normal(0, 40, 4)
        outline = [(left, top + tilt[0]), (right, top + tilt[1]), (right, bottom), (left, bottom)]
        cv2.fillPoly(mask, [np.rint(frame(outline)).astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.3, rng.uniform(0, 12) * _unit(hands)))
    surface = _textured(pixels.shape, rng) * rng.uniform(0.05, 0.3) + rng.uniform(0.5, 1.0)
    return Removed(_blend(pixels, surface, rng.uniform(0.92, 1.0) * soft), similarity(), mask)


def shuttered(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Removed:
    """Let shutters hide what lies beyond a line across the first hand, or beyond two."""
    mask = np.zeros(pixels.shape, np.float32)
    for _ in range(1 if rng.random() < 0.7 else 2):
        mask = np.maximum(mask, _beyond(pixels.shape, hands[0], rng, tilt=6.0))
    value = float(rng.choice([0.0, 0.0, 1.0, rng.random()]))
    return Removed(_blend(pixels, np.full_like(pixels, value), mask), similarity(), mask)


def cut_off(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Removed:
    """Cut the radiograph off at a line across the first hand, parallel to one of its edges."""
    mask = _beyond(pixels.shape, hands[0], rng, tilt=0.0)
    rows, columns = (np.flatnonzero(mask.min(axis=axis) < 1) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    part = pixels[top : rows[-1] + 1, left : columns[-1] + 1]
    return Removed(np.ascontiguousarray(part), similarity(x=-left, y=-top), mask)


ABSENCES: Final[Mapping[str, Remove]] = {
    "amputated": amputated,
    "covered": covered,
    "cast": cast,
    "shuttered": shuttered,
    "cut off": cut_off,
}
"""What hides joints, by its name."""


def _unit(hands: Hands) -> float:
    """Pixels of the radiograph for one at the common scale."""
    return float(np.mean([fit_hand(points).scale for points in hands]))


def _blend(pixels: Pixels, over: Pixels, share: Mask) -> Pixels:
    return np.asarray(np.clip(pixels * (1 - share) + over * share, 0, 1), np.float32)


def _digit(
    shape: tuple[int, ...], points: Array, digit: int, level: float, rng: np.random.Generator
) -> Mask:
    """Where a digit is, from `level` proximal phalanges beyond its MCP joint on."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    distances, along = [], rows
    for number, (base, end) in enumerate(_DIGITS):
        start, tip = points[POINTS.index(base)], points[POINTS.index(end)]
        axis = tip - start
        x, y = columns - start[0], rows - start[1]
        forward = (x * axis[0] + y * axis[1]) / np.square(axis).sum()
        inside = np.clip(forward, 0, 1 + _TIP)
        distances.append(np.hypot(x - inside * axis[0], y - inside * axis[1]))
        if number == digit:
            tilt = (x * axis[1] - y * axis[0]) / np.square(axis).sum()
            along = forward + rng.uniform(-0.4, 0.4) * tilt
    thick = rng.uniform(*_THICK) * COMMON_PHALANX * fit_hand(points).scale
    own = distances[digit]
    return np.asarray(
        (own <= thick) & (own <= np.min(distances, axis=0)) & (along >= level), np.float32
    )


def _inpainted(pixels: Pixels, mask: Mask) -> Pixels:
    """The radiograph with what is masked filled from around it."""
    height, width = pixels.shape
    size = (max(1, width // _COARSE), max(1, height // _COARSE))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    holes = cv2.dilate(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.ones((3, 3)))
    picture = np.rint(small * 255).astype(np.uint8)
    filled = cv2.inpaint(picture, (holes > 0).astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.asarray(cv2.resize(filled, (width, height)) / 255, np.float32)


def _background(pixels: Pixels, mask: Mask, rng: np.random.Generator) -> Pixels:
    """The gray beside what is masked, or any of the radiograph's darkest, with a little noise."""
    around = cv2.dilate(mask, np.ones((25, 25))) - mask > 0
    values = pixels[around] if around.any() else pixels.ravel()
    value = float(np.percentile(values, rng.uniform(2, 30)))
    noise = rng.standard_normal(pixels.shape, dtype=np.float32)
    return np.asarray(value + noise * np.float32(rng.uniform(0, 0.02)), np.float32)


def _shape(shape: tuple[int, ...], frame: Affine, middle: Array, rng: np.random.Generator) -> Mask:
    """Something that covers a place of the canonical frame: a block, a disc, a blot or a rod."""
    kind = rng.integers(4)
    half = rng.uniform(*_BLOCK, 2) / 2
    if kind == 3:
        half = np.array([rng.uniform(*_ROD), rng.uniform(250, 600)]) / 2
    turn = np.linspace(0, 2 * math.pi, 4 if kind == 0 else 24, endpoint=False) + math.pi / 4
    radius = rng.uniform(0.7, 1.1, len(turn)) if kind == 2 else 1.0
    around = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    outline = around * half * (math.sqrt(2) if kind == 0 else 1.0) * np.reshape(radius, (-1, 1))
    turned = similarity(degrees=rng.uniform(-90, 90) if kind != 3 else rng.normal(0, 15))
    outline = turned(outline) + middle + rng.uniform(-0.3, 0.3, 2) * min(half)
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.rint(frame(outline)).astype(np.int32)], 1.0)
    return mask


def _surface(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """What a cover looks like: metal, one gray, a texture, or a plate with letters."""
    kind = rng.choice(["metal", "gray", "texture", "letters"], p=[0.35, 0.3, 0.2, 0.15])
    if kind == "metal":
        return np.full_like(pixels, rng.uniform(0.85, 1.0))
    if kind == "gray":
        return np.full_like(pixels, float(rng.choice(pixels.ravel())))
    if kind == "texture":
        return _textured(pixels.shape, rng)
    plate = np.full_like(pixels, rng.uniform(0, 0.4))
    for _ in range(12):
        letters(plate, rng)
    return plate


def _textured(shape: tuple[int, ...], rng: np.random.Generator) -> Pixels:
    """Clouds, coarse and fine, 0 to 1."""
    size = shape[::-1]
    layers = [
        rng.uniform(0.2, 1)
        * cv2.resize(rng.random((cells, cells), np.float32), size, interpolation=cv2.INTER_CUBIC)
        for cells in (4, 16, 64, 256)
    ]
    clouds = np.sum(layers, axis=0)
    low, high = float(clouds.min()), float(clouds.max())
    return np.asarray((clouds - low) / max(high - low, 1e-3), np.float32)


def _beyond(
    shape: tuple[int, ...], points: Array, rng: np.random.Generator, *, tilt: float
) -> Mask:
    """What lies beyond a line that has some of a hand's joints behind it.

    Args:
        shape: Of the radiograph.
        points: Of the hand.
        rng: Chooses the line.
        tilt: How far it is turned from the picture's edges, standard deviation in degrees.
    """
    turn = math.radians(90 * int(rng.integers(4)) + rng.normal(0, tilt))
    towards = np.array([math.cos(turn), math.sin(turn)])
    levels = np.sort(fill_missing(points) @ towards)
    # One joint to half of them lie beyond.
    level = levels[-int(rng.integers(1, len(levels) // 2 + 1))] - rng.uniform(0, 30) * (
        fit_hand(points).scale
    )
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return np.asarray(columns * towards[0] + rows * towards[1] > level, np.float32)
