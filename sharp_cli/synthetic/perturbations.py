"""Perturbations that a radiograph may undergo before it is read, by kind and severity.

Each is a pure function of a picture, of where the hands are in it, and of a random
generator; the same generator gives the same picture. The map that comes with a perturbed
picture says where everything lies now.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, sample, similarity
from sharp_cli.core.hand_frame import fill_missing, fit_hand
from sharp_cli.core.joints import PHALANGES, POINTS, TARGETS
from sharp_cli.core.template import TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.float32]
    Hands: TypeAlias = Sequence[NDArray[np.float64]]
    Perturbed: TypeAlias = tuple[Pixels, Affine]
    Apply: TypeAlias = Callable[[Pixels, Hands, np.random.Generator], Perturbed]

LENGTH: Final = float(np.ptp(TEMPLATE[:, 1]))
"""From the wrist to the middle finger's PIP joint in the canonical frame: a hand's length here."""

_SIDE: Final = 1024  # px, the longer side of a shrunk picture
_TURNS: Final = range(0, 360, 30)
_DISTAL: Final = 0.8
"""From a finger's PIP joint to the middle of its end bone, in lengths of its proximal phalanx.

The middle and end bones are 0.59 and 0.39 of it in the middle finger (Buryanov & Kotiuk 2010)."""

_WRIST: Final = [
    POINTS.index(name)
    for name in dict.fromkeys(
        target.joint for target in TARGETS if target.group in ("wrist", "CMC", "CMC-M")
    )
]
_FOREARM: Final = [POINTS.index(name) for name in ("radius", "ulna")]
_FINGERS: Final = [[POINTS.index(name) for name in ends] for ends in PHALANGES]


@dataclass(frozen=True)
class Perturbation:
    """One way to perturb a picture.

    Attributes:
        kind: What is done.
        severity: How much of it, from mild to severe in `PERTURBATIONS`.
        apply: Gives the perturbed picture (float32, 0…1) and the map to it from the unchanged one.
            It takes the picture (float32, shape (height, width), 0…1), the positions of
            `joints.POINTS` of each hand in it (shape (22, 2), NaN where one is not known), and a
            random generator. The picture it takes is left as it is.
        own_size: Whether it is one of the file's own pixels; the others may be made of a picture
            that `shrink` gives, and the noise in `PERTURBATIONS` is meant for such.
    """

    kind: str
    severity: str
    apply: Apply
    own_size: bool = False


def shrink(pixels: Pixels) -> Perturbed:
    """The picture with its longer side at 1024 px, and the map to it."""
    height, width = pixels.shape
    scale = _SIDE / max(height, width)
    size = (round(width * scale), round(height * scale))
    to_small = Affine(scale, 0.0, (scale - 1) / 2, 0.0, scale, (scale - 1) / 2)
    return _clipped(sample(pixels, to_small.inverse(), size)), to_small


def turned(pixels: Pixels, degrees: float, *, mirror: bool = False) -> Perturbed:
    """The picture mirrored, then turned counter-clockwise, on a canvas that holds all of it."""
    height, width = pixels.shape
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]) - 0.5
    turn = similarity(degrees=degrees, mirror=mirror)
    low, high = turn(corners).min(axis=0), turn(corners).max(axis=0)
    move = similarity(x=-low[0] - 0.5, y=-low[1] - 0.5).after(turn)
    width, height = (round(value) for value in high - low)
    fill = float(np.median(pixels[[0, -1]]))
    return _clipped(sample(pixels, move.inverse(), (width, height), fill=fill)), move


def _clipped(pixels: Pixels) -> Pixels:
    """The picture kept within 0…1, where sampling may round beyond it."""
    return np.clip(pixels, 0, 1).astype(np.float32)


# ----- gray values -------------------------------------------------------------------------------


def _contrast(pixels: Pixels, factor: float) -> Pixels:
    """Little contrast about mid-gray, in a file of 8 bit: else nothing would be lost."""
    return _depth(0.5 + factor * (pixels - 0.5), 8)


def _gamma(pixels: Pixels, exponent: float) -> Pixels:
    return np.asarray(pixels**exponent, np.float32)


def _depth(pixels: Pixels, bits: int) -> Pixels:
    levels = 2**bits - 1
    return np.asarray(np.rint(pixels * levels) / levels, np.float32)


def _jpeg(pixels: Pixels, quality: int) -> Pixels:
    picture = np.rint(pixels * 255).astype(np.uint8)
    _, file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))
    return np.asarray(decoded / 255, np.float32)


def _values(function: Callable[[Pixels], Pixels]) -> Apply:
    """A perturbation of the gray values alone."""
    return lambda pixels, _hands, _rng: (_clipped(function(pixels)), similarity())


def _noise(pixels: Pixels, _: Hands, rng: np.random.Generator, *, spread: float) -> Perturbed:
    noise = rng.standard_normal(pixels.shape, dtype=np.float32)
    return _clipped(pixels + spread * noise), similarity()


def _blur(pixels: Pixels, hands: Hands, _: np.random.Generator, *, fraction: float) -> Perturbed:
    """Blur with a spread that is a fraction of the hands' length."""
    length = float(np.mean([LENGTH * fit_hand(points).scale for points in hands]))
    return _clipped(cv2.GaussianBlur(pixels, (0, 0), fraction * length)), similarity()


# ----- size and place ----------------------------------------------------------------------------


def _moved(function: Callable[[Pixels], Perturbed]) -> Apply:
    """A perturbation that does not depend on the hands."""
    return lambda pixels, _hands, _rng: function(pixels)


def _scaled(pixels: Pixels, factor: float) -> Perturbed:
    height, width = pixels.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    x, y = size[0] / width, size[1] / height
    # Centres of pixels are at whole numbers.
    move = Affine(x, 0.0, (x - 1) / 2, 0.0, y, (y - 1) / 2)
    return _clipped(cv2.resize(pixels, size, interpolation=how)), move


def _framed(pixels: Pixels, value: float, fraction: float) -> Perturbed:
    """A border on all four sides, as wide as a fraction of the picture's width."""
    edge = round(fraction * pixels.shape[1])
    framed = cv2.copyMakeBorder(pixels, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=value)
    return framed, similarity(x=edge, y=edge)


# ----- things on the wrist -----------------------------------------------------------------------


def _lettered(
    pixels: Pixels, hands: Hands, rng: np.random.Generator, *, fraction: float
) -> Perturbed:
    """A white block with a black letter somewhere on the box around the wrist's points."""
    changed = pixels.copy()
    for points in hands:
        frame, low, high = _wrist(points)
        side = math.sqrt(fraction * float(np.prod(high - low)))
        inset = np.minimum(side, high - low) / 2
        x, y = frame(rng.uniform(low + inset, high - inset)).tolist()
        block = _block(max(1, round(side * frame.scale)), str(rng.choice(["L", "R"])))
        left, top = round(x - block.shape[1] / 2), round(y - block.shape[0] / 2)
        # Where a hand reaches beyond the picture, the block does, too.
        place = changed[max(0, top) :, max(0, left) :]
        seen = block[max(0, -top) :, max(0, -left) :][: place.shape[0], : place.shape[1]]
        place[: seen.shape[0], : seen.shape[1]] = seen
    return changed, similarity()


def _block(side: int, letter: str) -> Pixels:
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(letter, font, 1.0, 1)
    size = 0.6 * side / height
    corner = (round((side - size * width) / 2), round((side + size * height) / 2))
    ink = np.zeros((side, side), np.uint8)  # OpenCV writes on bytes only
    cv2.putText(ink, letter, corner, font, size, 255, max(1, round(0.1 * side)))
    return (1 - ink / 255).astype(np.float32)


def _wired(pixels: Pixels, hands: Hands, _: np.random.Generator, *, fraction: float) -> Perturbed:
    """A white ring as wide as the box around the wrist's points, thick enough for its fraction."""
    changed = pixels.copy()
    for points in hands:
        frame, low, high = _wrist(points)
        outer = float(min(high - low)) / 2
        inner = math.sqrt(max(0.0, outer**2 - fraction * float(np.prod(high - low)) / math.pi))
        x, y = frame((low + high) / 2).tolist()
        rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
        distance = np.hypot(columns - x, rows - y) / frame.scale
        changed[(distance >= inner) & (distance <= outer)] = 1.0
    return changed, similarity()


def _wrist(
    points: NDArray[np.float64],
) -> tuple[Affine, NDArray[np.float64], NDArray[np.float64]]:
    """A hand's frame, and two corners of the upright box around its wrist's points in it."""
    frame = fit_hand(points)
    wrist = frame.inverse()(fill_missing(points)[_WRIST])
    return frame, wrist.min(axis=0), wrist.max(axis=0)


# ----- cuts --------------------------------------------------------------------------------------
# A cut is one straight line across the radiograph. Where hands lie unevenly, none loses more than
# the cut's name says.


def _without_forearm(
    pixels: Pixels, hands: Hands, _: np.random.Generator, *, fraction: float
) -> Perturbed:
    """Cut off a fraction of what is seen of the forearm beyond the radius and ulna points."""
    up = _up(hands)
    height, width = pixels.shape
    bottom = float((np.array([(0, 0), (width - 1, height - 1)]) @ up).min())
    wrist = min(float((fill_missing(points)[_FOREARM] @ up).min()) for points in hands)
    return _cut(pixels, up, low=bottom + fraction * max(0.0, wrist - bottom))


def _without_tips(
    pixels: Pixels, hands: Hands, _: np.random.Generator, *, reach: float
) -> Perturbed:
    """Cut off the ends of the two longest fingers.

    Args:
        pixels: The picture.
        hands: Its hands.
        reach: How far beyond its PIP joint the second longest finger ends, in lengths of its
            proximal phalanx; the longest ends in line with it.
    """
    up = _up(hands)
    levels = []
    for points in hands:
        pips, mcps = np.moveaxis(fill_missing(points)[_FINGERS] @ up, 1, 0)
        levels.append(float(np.sort(pips + reach * (pips - mcps))[-2]))
    return _cut(pixels, up, high=max(levels))


def _up(hands: Hands) -> NDArray[np.float64]:
    """The direction along the picture's edges in which the fingers point."""
    ahead = np.sum([fit_hand(points)([(0, -LENGTH), (0, LENGTH)]) for points in hands], axis=0)
    towards = ahead[0] - ahead[1]
    axis = int(np.argmax(np.abs(towards)))
    up = np.zeros(2)
    up[axis] = math.copysign(1.0, towards[axis])
    return up


def _cut(
    pixels: Pixels, up: NDArray[np.float64], *, low: float = -math.inf, high: float = math.inf
) -> Perturbed:
    """What lies between two levels along `up`; a pixel that a level runs through is kept."""
    axis = int(np.argmax(np.abs(up)))  # of points, (x, y)
    last = pixels.shape[1 - axis] - 1
    from_, to = sorted((float(up[axis]) * low, float(up[axis]) * high))
    first = round(np.clip(from_, 0, last))
    end = round(np.clip(to, first, last)) + 1
    kept = pixels[:, first:end] if axis == 0 else pixels[first:end]
    shift = np.eye(2)[axis] * -first
    return np.ascontiguousarray(kept), similarity(x=float(shift[0]), y=float(shift[1]))


UNPERTURBED: Final = Perturbation(
    "as it is", "", lambda pixels, _hands, _rng: (pixels, similarity()), True
)
"""The radiograph as it is."""

PERTURBATIONS: Final[tuple[Perturbation, ...]] = (
    *(
        Perturbation("contrast", f"× {factor:g}", _values(partial(_contrast, factor=factor)))
        for factor in (0.5, 0.25, 0.1, 0.05)
    ),
    *(
        Perturbation("gamma", f"{exponent:g}", _values(partial(_gamma, exponent=exponent)))
        for exponent in (1.6, 2.5, 0.6, 0.4)
    ),
    *(
        Perturbation("noise", f"sd {100 * spread:g} % of the range", partial(_noise, spread=spread))
        for spread in (0.02, 0.05, 0.1, 0.2, 0.4)
    ),
    *(
        Perturbation(
            "blur", f"sd {100 * fraction:g} % of the hand", partial(_blur, fraction=fraction)
        )
        for fraction in (0.0025, 0.005, 0.01, 0.02, 0.04)
    ),
    *(
        Perturbation(
            "JPEG", f"quality {quality}", _values(partial(_jpeg, quality=quality)), own_size=True
        )
        for quality in (80, 50, 20, 10)
    ),
    *(
        Perturbation("depth", f"{bits} bit", _values(partial(_depth, bits=bits)))
        for bits in (12, 8, 6, 4)
    ),
    *(
        Perturbation(
            "scale", f"× {factor:g}", _moved(partial(_scaled, factor=factor)), own_size=True
        )
        for factor in (2, 0.5, 0.25, 0.1)
    ),
    *(
        Perturbation("turn", f"{degrees}°", _moved(partial(turned, degrees=degrees)))
        for degrees in _TURNS
    ),
    Perturbation("mirror", "left to right", _moved(partial(turned, degrees=0, mirror=True))),
    *(
        Perturbation(
            f"{word} border",
            f"{100 * fraction:g} % of the width",
            _moved(partial(_framed, value=value, fraction=fraction)),
        )
        for word, value in (("white", 1.0), ("black", 0.0))
        for fraction in (0.1, 0.25, 0.5)
    ),
    *(
        Perturbation(
            f"{word} on the wrist", f"{100 * fraction:g} % of it", partial(apply, fraction=fraction)
        )
        for word, apply in (("letter", _lettered), ("wire ring", _wired))
        for fraction in (0.1, 0.2, 0.4)
    ),
    *(
        Perturbation("forearm cut off", word, partial(_without_forearm, fraction=fraction))
        for word, fraction in (("half", 0.5), ("all", 1.0))
    ),
    *(
        Perturbation("two fingers cut off", word, partial(_without_tips, reach=reach))
        for word, reach in (("tips", _DISTAL), ("at PIP", 0.0))
    ),
)
"""All perturbations."""
