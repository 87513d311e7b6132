"""From attenuation to a radiograph: unsharpness, scatter, noise and digital processing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

_WHITE: Final = 99.95  # percentile of the radiograph that full gain shows white
_FAINT: Final = 0.01  # attenuation that is next to nothing
_GRAINY: Final = 0.35  # spread of a grain in pixels below which it is a pixel

# Size of coarser grains in pixels, and how strong they are beside the fine ones.
_MOTTLE: Final = ((12, 0.4), (36, 0.25))


@dataclass(frozen=True, slots=True)
class Exposure:
    """How the radiographs of a visit come out.

    Attributes:
        blur: Spread of the unsharpness of focus and detector in units.
        scatter: Fraction of the light that is lost to all around.
        ground: Value of the radiograph where nothing is in the beam.
        contrast: How soon its curve bends.
        gamma: Its exponent.
        gain: Value of the whitest.
        even: Fraction of the large differences that the processing takes away.
        sharpen: How much of the fine ones it adds.
        reach: Which ones are fine, in units.
        grain: Spread of the noise's grain in pixels.
    """

    blur: float
    scatter: float
    ground: float
    contrast: float
    gamma: float
    gain: float
    even: float
    sharpen: float
    reach: float
    grain: float


def draw_exposure(rng: np.random.Generator) -> Exposure:
    """The exposure of a visit's radiographs."""
    return Exposure(
        blur=rng.uniform(0.3, 1.0) / 270,
        scatter=rng.uniform(0.0, 0.2),
        ground=max(0.0, rng.uniform(-0.08, 0.12)),
        contrast=rng.uniform(0.3, 2.0),
        gamma=rng.uniform(0.75, 1.35),
        gain=rng.uniform(0.65, 1.0),
        even=rng.uniform(0.0, 0.5),
        sharpen=max(0.0, rng.uniform(-0.4, 0.7)),
        reach=rng.uniform(0.012, 0.05),
        grain=0.9 * rng.uniform(0.0, 1.0) ** 1.5,
    )


def blur_and_scatter(attenuation: Picture, exposure: Exposure, unit: float) -> Picture:
    """Unsharpness of focus and detector, then scatter: light lost to all around."""
    blurred = cv2.GaussianBlur(attenuation, (0, 0), exposure.blur * unit)
    # Beside the hand it drowns in the direct beam.
    veil = _wide(blurred, 0.35 * unit) * (1.0 - np.exp(-blurred / _FAINT))
    return np.asarray(blurred + exposure.scatter * (veil - 0.5 * blurred), dtype=np.float32)


def _wide(picture: Picture, sigma: float) -> Picture:
    """A wide blur, at an eighth of the size."""
    height, width = picture.shape
    small = cv2.resize(picture, (width // 8 + 1, height // 8 + 1), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 8), (width, height)), np.float32
    )


def develop(
    attenuation: Picture, exposure: Exposure, unit: float, rng: np.random.Generator
) -> Picture:
    """Film values 0…1: a shoulder, a gamma, digital processing, a heel gradient over the field.

    Digital radiography evens out large differences and sharpens edges (Vuylsteke and Schoeters,
    SPIE 2167:551, 1994, describe the processing); here by differences from blurred pictures.
    """
    light = np.exp(np.float32(-exposure.contrast) * np.maximum(attenuation, 0.0))
    dark = (1.0 - light) ** np.float32(exposure.gamma)
    answer = np.asarray(dark / np.percentile(dark[::4, ::4], _WHITE), dtype=np.float32)
    inside = 1.0 - np.exp(-attenuation / np.float32(_FAINT))
    level = float((answer * inside).sum() / inside.sum())
    large = (_wide(answer, 0.3 * unit) - level) * inside
    answer = np.asarray(answer - exposure.even * large, dtype=np.float32)
    edges = answer - cv2.GaussianBlur(answer, (0, 0), exposure.reach * unit)
    answer = np.maximum(answer + np.float32(exposure.sharpen) * edges, 0.0)
    height, width = attenuation.shape
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    tilt = rng.uniform(-0.15, 0.15, 2)
    gain = exposure.gain * (1.0 + tilt[0] * x + tilt[1] * y) * (1.0 - exposure.ground)
    return np.asarray(np.clip(exposure.ground + gain * answer, 0.0, 1.0), dtype=np.float32)


def noise_of(signal: Picture, sigma: float, coarse: float, rng: np.random.Generator) -> Picture:
    """Noise of spread `sigma`: fewer quanta come through where the radiograph is bright."""
    grain = rng.standard_normal(signal.shape, np.float32)
    if coarse > _GRAINY:  # a phosphor's grain is wider than a pixel
        grain = cv2.GaussianBlur(grain, (0, 0), coarse)
    grain /= np.float32(grain.std())
    height, width = signal.shape
    for size, strength in _MOTTLE:
        cells = rng.standard_normal((height // size + 2, width // size + 2), np.float32)
        grain += np.float32(strength) * cv2.resize(
            cells, (width, height), interpolation=cv2.INTER_CUBIC
        )
    grain *= np.float32(sigma / grain.std())
    return np.asarray(grain * (0.5 + 0.9 * signal), dtype=np.float32)
