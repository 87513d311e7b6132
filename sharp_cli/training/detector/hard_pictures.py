"""Radiographs made so hard that joints are missed, and pictures that are no whole hand in PA view.

The first are what a detector's likelihoods are calibrated with: in others it misses next to
nothing. The second are what it must call uncertain. How much is done is a choice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.geometry import Affine, similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE
from sharp_cli.synthetic.perturbations import Perturbation

if TYPE_CHECKING:
    from sharp_cli.synthetic.perturbations import Hands, Perturbed, Pixels

_HIDDEN: Final = 3  # joints of a hand that are hidden
_BLOCK: Final = (150.0, 450.0)  # px at the common scale: the side of what hides a joint
_WRIST_END: Final = float(TEMPLATE[POINTS.index("radius"), 1])
_KNUCKLES: Final = float(TEMPLATE[POINTS.index("MCP3"), 1])
_TOES, _SOLE, _NARROW = 2.5, 0.7, 1.5  # by how much a foot's toes, sole and width are smaller
_TILES: Final = 6  # each way


def _noise(pixels: Pixels, _: Hands, rng: np.random.Generator, *, spread: float) -> Perturbed:
    noise = rng.standard_normal(pixels.shape, dtype=np.float32)
    return np.clip(pixels + np.float32(spread) * noise, 0, 1), similarity()


def _blur(pixels: Pixels, hands: Hands, _: np.random.Generator, *, spread: float) -> Perturbed:
    """Blur by px at the common scale."""
    scale = float(np.mean([fit_hand(points).scale for points in hands]))
    return cv2.GaussianBlur(pixels, (0, 0), spread * scale), similarity()


def _hidden(pixels: Pixels, hands: Hands, rng: np.random.Generator) -> Perturbed:
    """Hide some joints of each hand behind blocks of one gray."""
    changed = pixels.copy()
    for points in hands:
        frame = fit_hand(points)
        middles = frame.inverse()(points[np.isfinite(points).all(axis=1)])
        for middle in rng.permutation(middles)[:_HIDDEN]:
            half = rng.uniform(*_BLOCK, 2) / 2
            sides = middle + half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
            outline = np.rint(frame(sides + rng.uniform(-half, half) / 2)).astype(np.int32)
            cv2.fillConvexPoly(changed, outline, float(rng.choice(pixels.ravel())))
    return changed, similarity()


def _cut(
    pixels: Pixels, hands: Hands, _: np.random.Generator, *, y: float, wrist: bool
) -> Perturbed:
    """Cut a radiograph straight across the first hand.

    Args:
        pixels: The radiograph.
        hands: Its hands.
        y: Where, in the canonical frame of the first hand.
        wrist: Whether the part with its wrist is kept; else the fingers are.
    """
    frame = fit_hand(hands[0])
    start, kept = frame([(0.0, y), (0.0, y + (1.0 if wrist else -1.0))])
    axis = int(np.argmax(np.abs(kept - start)))  # of points: x, y
    size = pixels.shape[1 - axis]
    at = int(np.clip(round(float(start[axis])), 1, size - 1))
    first, end = (at, size) if kept[axis] > start[axis] else (0, at)
    part = pixels[first:end] if axis else pixels[:, first:end]
    shift = -first * np.eye(2)[axis]
    return np.ascontiguousarray(part), similarity(x=float(shift[0]), y=float(shift[1]))


def _squeezed(
    pixels: Pixels, hands: Hands, _: np.random.Generator, *, fraction: float
) -> Perturbed:
    """Make hands narrower, as they are when seen obliquely."""
    frame = fit_hand(hands[0])
    across = frame([(0.0, 0.0), (1.0, 0.0)])
    flat = bool(np.argmax(np.abs(across[1] - across[0])))  # whether the hand lies on its side
    height, width = pixels.shape
    size = (width, round(height * fraction)) if flat else (round(width * fraction), height)
    x, y = size[0] / width, size[1] / height
    # Centres of pixels are at whole numbers.
    move = Affine(x, 0.0, (x - 1) / 2, 0.0, y, (y - 1) / 2)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), move


def _overlaid(pixels: Pixels, hands: Hands, _: np.random.Generator) -> Perturbed:
    """Lay the mirrored radiograph on itself, a little off, so that hands lie on hands."""
    frame = fit_hand(hands[0])
    over = frame.after(similarity(mirror=True, degrees=15, x=100, y=100)).after(frame.inverse())
    height, width = pixels.shape
    other = cv2.warpAffine(pixels, over.matrix, (width, height))
    return np.maximum(pixels, other), similarity()


def _footlike(pixels: Pixels, hands: Hands, _: np.random.Generator) -> Perturbed:
    """Make the fingers of the first hand short as toes, and its palm long and narrow."""
    height, width = pixels.shape
    frame = fit_hand(hands[0])
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    places = frame.inverse()(np.stack([columns, rows], axis=-1))
    beyond = places[..., 1] - _KNUCKLES
    places[..., 1] = _KNUCKLES + beyond * np.where(beyond < 0, _TOES, _SOLE)
    places[..., 0] *= _NARROW
    source = frame(places).astype(np.float32)
    return cv2.remap(pixels, source, None, cv2.INTER_LINEAR), similarity()


def _shuffled(pixels: Pixels, _: Hands, rng: np.random.Generator) -> Perturbed:
    """Cut a radiograph into tiles and shuffle them."""
    height, width = (size // _TILES for size in pixels.shape)
    tiles = [
        pixels[row * height : (row + 1) * height, column * width : (column + 1) * width]
        for row in range(_TILES)
        for column in range(_TILES)
    ]
    order = rng.permutation(len(tiles)).reshape(_TILES, _TILES)
    return np.block([[tiles[number] for number in row] for row in order.tolist()]), similarity()


HARD: Final[tuple[Perturbation, ...]] = (
    *(
        Perturbation("strong noise", f"{spread:g}", partial(_noise, spread=spread))
        for spread in (0.3, 0.6)
    ),
    *(
        Perturbation("strong blur", f"{spread:g} px", partial(_blur, spread=spread))
        for spread in (40, 80)
    ),
    *(Perturbation("hidden joints", f"{number}", _hidden) for number in (1, 2, 3, 4)),
    Perturbation("cut", "through the fingers", partial(_cut, y=-500.0, wrist=True)),
    Perturbation("cut", "at the knuckles", partial(_cut, y=_KNUCKLES, wrist=True)),
    Perturbation("cut", "through the forearm", partial(_cut, y=_WRIST_END - 100, wrist=False)),
    Perturbation("cut", "through the wrist", partial(_cut, y=350.0, wrist=False)),
)
"""What a detector is calibrated on, beside radiographs as they are and usual perturbations."""

STRANGE: Final[tuple[Perturbation, ...]] = (
    *(
        Perturbation("squeezed", f"to {100 * fraction:g} %", partial(_squeezed, fraction=fraction))
        for fraction in (0.6, 0.5, 0.4)
    ),
    Perturbation("overlaid", "by its mirror image", _overlaid),
    Perturbation("like a foot", "", _footlike),
    Perturbation("shuffled", "", _shuffled),
)
"""What is no hand in PA view, whatever is found in it."""
