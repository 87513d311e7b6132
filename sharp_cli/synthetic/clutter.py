"""What else a radiograph shows: no hand at all, letters, borders, and how it was exposed.

Every function works at random; `view` is float32 of shape (height, width), `size` is (width,
height). Letters have any orientation, so that they say nothing about the side.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from sharp_cli.core.geometry import similarity
from sharp_cli.inference.hand_finder import INPUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


def without_hand(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A picture of anything but a hand."""
    return (noise, shapes, chest, checks)[rng.integers(4)](size, rng)


def noise(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Noise of every coarseness, from clouds to grains."""
    view = np.zeros(size[::-1], np.float32)
    for cells in (2, 4, 8, 16, 32, 64, 256):
        layer = rng.random((cells, cells)).astype(np.float32) * rng.uniform(0, 1) ** 2
        view += cv2.resize(layer, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(view / max(float(view.max()), 1e-3), np.float32)


def shapes(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Ellipses, boxes, lines and letters."""
    view = noise(size, rng) * np.float32(rng.uniform(0, 0.5))
    for _ in range(int(rng.integers(1, 25))):
        centre = [int(v) for v in rng.uniform(0, 1, 2) * size]
        value, kind = float(rng.random()), rng.integers(4)
        spread = float(rng.uniform(3, 90))
        axes = (int(spread), int(spread * rng.uniform(0.05, 1)))
        turn = float(rng.uniform(0, 180))
        thick = -1 if rng.random() < 0.6 else int(rng.integers(1, 8))
        if kind == 0:
            cv2.ellipse(view, centre, axes, turn, 0, 360, value, thick)
        elif kind == 1:
            box = cv2.boxPoints((centre, (2.0 * axes[0], 2.0 * axes[1]), turn)).astype(int)
            cv2.fillPoly(view, [box], value)
        elif kind == 2:
            end = [int(v) for v in rng.uniform(0, 1, 2) * size]
            cv2.line(view, centre, end, value, int(rng.integers(1, 20)))
        else:
            letters(view, rng)
    return view


def chest(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """A trunk with dark lungs, ribs, spine and heart."""
    view = noise(size, rng) * 0.2 + np.float32(rng.uniform(0.4, 0.8))
    width, height = size
    centre = np.array(size) / 2 + rng.normal(0, 8, 2)
    for side in (-1, 1):
        lung = (int(centre[0] + side * 0.22 * width), int(centre[1]))
        axes = (int(0.16 * width), int(0.36 * height))
        cv2.ellipse(view, lung, axes, -8 * side, 0, 360, float(rng.uniform(0.05, 0.3)), -1)
        for rib in range(int(rng.integers(6, 12))):
            at = (lung[0], int(0.1 * height + rib * 0.08 * height))
            cv2.ellipse(view, at, (int(0.2 * width), int(0.07 * height)), 15 * side, 180, 360,
                        float(rng.uniform(0.4, 0.9)), int(rng.integers(1, 5)))  # fmt: skip
    for disc in range(int(rng.integers(6, 14))):
        at = (int(centre[0]), int(disc * 0.09 * height))
        cv2.ellipse(view, at, (int(0.05 * width), int(0.03 * height)), 0, 0, 360,
                    float(rng.uniform(0.6, 1)), -1)  # fmt: skip
    heart = (int(centre[0] + 0.08 * width), int(centre[1] + 0.12 * height))
    cv2.ellipse(view, heart, (int(0.13 * width), int(0.14 * height)), 30, 0, 360, 0.75, -1)
    return np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.6, 3)), np.float32)


def checks(size: tuple[int, int], rng: np.random.Generator) -> Picture:
    """Stripes, a checkerboard, or a slope."""
    y, x = np.indices(size[::-1])
    turn, period = rng.uniform(0, math.pi), rng.uniform(3, 60)
    u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    hard = rng.random() < 0.5
    stripes = _wave(u / period, hard=hard)
    if rng.random() < 0.6:
        stripes = stripes * _wave(v / period, hard=hard)
    if rng.random() < 0.3:
        stripes = u / INPUT
    return np.asarray(0.5 + 0.4 * stripes, np.float32)


def _wave(phase: NDArray[np.float64], *, hard: bool) -> NDArray[np.float64]:
    wave = np.sin(math.pi * phase)
    return np.sign(wave) if hard else wave


def letters(view: Picture, rng: np.random.Generator) -> None:
    """A side marker or some text, any way round, with or without its plate."""
    text = str(rng.choice(["L", "R", "L", "R", "LEFT", "RIGHT", "AP", "PA 12", "K7", "02 03"]))
    plate = np.full((40, 20 + 22 * len(text)), int(rng.integers(0, 100)), np.uint8)
    cv2.putText(plate, text, (8, 32), int(rng.integers(0, 5)), rng.uniform(0.7, 1.1),
                int(rng.integers(180, 256)), int(rng.integers(1, 5)))  # fmt: skip
    if rng.random() < 0.5:
        plate = plate[:, ::-1]
    size = view.shape[::-1]
    to_view = similarity(
        scale=rng.uniform(0.25, 1.0), degrees=rng.uniform(0, 360),
        x=rng.uniform(0, size[0]), y=rng.uniform(0, size[1]),
    )  # fmt: skip
    ink = cv2.warpAffine(plate.astype(np.float32) / 255, to_view.matrix, size)
    if rng.random() < 0.5:
        np.maximum(view, ink, out=view)
    else:
        covered = cv2.warpAffine(np.ones(plate.shape, np.float32), to_view.matrix, size)
        view[:] = view * (1 - covered) + ink


def borders(view: Picture, rng: np.random.Generator) -> None:
    """Collimation: outside a rotated rectangle the picture is bright, dark or dimmed."""
    size = np.array(view.shape[::-1])
    extent = size * (1 - np.abs(rng.normal(0, 0.05, 2)))
    centre = size / 2 + rng.normal(0, 0.015, 2) * size
    turn = float(rng.normal(0, 4)) if rng.random() < 0.7 else 0.0
    box = cv2.boxPoints((centre.tolist(), extent.tolist(), turn)).round().astype(int)
    open_ = cv2.fillPoly(np.zeros(view.shape, np.float32), [box], 1.0)
    value = float(rng.choice([0.0, 1.0, rng.random()]))
    keep = rng.uniform(0.2, 0.8) if rng.random() < 0.3 else 0.0
    view[:] = view * (open_ + (1 - open_) * keep) + (1 - open_) * value * (1 - keep)
    if rng.random() < 0.4:
        cv2.polylines(view, [box], isClosed=True, color=float(rng.random()),
                      thickness=int(rng.integers(1, 4)))  # fmt: skip


def wedge(view: Picture, rng: np.random.Generator) -> None:
    """A bright or dark corner, or a strip along one side."""
    height, width = view.shape
    value = float(rng.choice([0.0, 1.0, 1.0, rng.random()]))
    if rng.random() < 0.5:
        corner = np.array([rng.choice([0, width]), rng.choice([0, height])])
        across = np.abs(corner - (rng.uniform(0.05, 0.3) * width, 0))
        down = np.abs(corner - (0, rng.uniform(0.05, 0.3) * height))
        cv2.fillPoly(view, [np.array([corner, across, down]).astype(int)], value)
    else:
        strip = max(1, int(rng.exponential(0.03) * width))
        band = (np.s_[:, :strip], np.s_[:, -strip:], np.s_[:strip], np.s_[-strip:])
        view[band[rng.integers(4)]] = value


def spoil(view: Picture, rng: np.random.Generator) -> Picture:
    """Expose a radiograph in some way, and lay letters, borders and more over it."""
    height, width = view.shape
    low, high = float(view.min()), float(view.max())
    view = np.clip((view - low) / max(high - low, 1e-3), 0, 1) ** np.float32(
        math.exp(rng.normal(0, 0.35))
    )
    if rng.random() < 0.3:  # shading across the picture, as from the anode heel
        slope = cv2.resize(rng.random((2, 2)).astype(np.float32), (width, height))
        view = view + slope * np.float32(rng.uniform(0.0, 0.5))
    if rng.random() < 0.3:  # the hand's contrast is a small part of the range
        view = view * np.float32(rng.uniform(0.08, 0.6)) + np.float32(rng.uniform(0, 0.4))
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.4, 0.3, 0.2, 0.1]))):
        letters(view, rng)
    if rng.random() < 0.3:
        borders(view, rng)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.65, 0.25, 0.1]))):
        wedge(view, rng)
    if rng.random() < 0.08:  # a piece of the picture is covered
        x, y = (int(v) for v in rng.uniform(0, 0.9, 2) * (width, height))
        view[y : y + height // 8, x : x + width // 8] = rng.random()
    if rng.random() < 0.25:
        view = np.asarray(cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.5)), np.float32)
    if rng.random() < 0.5:
        spread = np.float32(rng.exponential(0.012))
        view = view + rng.standard_normal(view.shape, np.float32) * spread
    if rng.random() < 0.2:  # over-exposed or cut off by its window
        view = np.clip(view, *np.percentile(view, (rng.uniform(0, 30), rng.uniform(85, 100))))
    return np.asarray(view, np.float32)
