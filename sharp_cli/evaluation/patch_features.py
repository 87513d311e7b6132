"""Features of a patch by families: what could distinguish a synthetic patch from a real one.

Every family is a function of one standardised patch, float32 of shape (height, width), mean 0 and
standard deviation 1, and gives its features by name. All of them are finite for any patch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

_PERCENTILES: Final = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
_STEEP: Final = (25, 50, 75, 90, 95, 99, 99.8)
_FLAT: Final = 40  # percent of a patch, its flattest part, in which noise is measured
_STRONGEST: Final = 2  # percent of a patch, its strongest edges, whose sharpness is measured
_NEIGHBOURS: Final = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))  # rows and columns apart
_LEVELS: Final = 5
_DIRECTIONS: Final = 8
_RADII: Final = (1, 2, 4)
_UNIFORM: Final = 2  # changes from dark to bright around a pixel, at most
_LEAST: Final = 1e-6  # of what a logarithm is taken

# Differences of second differences: blind to edges, so that noise remains (Immerkær, Computer
# Vision and Image Understanding 64:300, 1996); 6 is its gain for white noise.
_FINEST: Final = np.outer((1, -2, 1), (1, -2, 1)).astype(np.float32) / 6


def brightness(patch: Picture) -> dict[str, float]:
    """Percentiles, skewness and kurtosis of the pixels."""
    found = {
        f"percentile {percent}": float(value)
        for percent, value in zip(_PERCENTILES, np.percentile(patch, _PERCENTILES), strict=True)
    }
    return found | {
        "skewness": float(np.mean(patch**3)),
        "kurtosis": float(np.mean(patch**4)),
    }


def noise(patch: Picture) -> dict[str, float]:
    """Noise in the flat parts: how much in all, where dark and where bright; how coarse."""
    steepness = _gradient(patch, 1.5)[0]
    flat = steepness <= np.percentile(steepness, _FLAT)
    bright = patch > np.median(patch[flat])
    finest = cv2.filter2D(patch, cv2.CV_32F, _FINEST)
    found = {
        "all": _log(_spread(finest[flat])),
        "dark": _log(_spread(finest[flat & ~bright])),
        "bright": _log(_spread(finest[flat & bright])),
    }
    found["bright to dark"] = found["bright"] - found["dark"]
    rest = patch - _blurred(patch, 1.0)
    for down, right in _NEIGHBOURS:
        height, width = patch.shape
        one = (slice(height - down), slice(width - right))
        other = (slice(down, None), slice(right, None))
        both = flat[one] & flat[other]
        product = float(np.mean(rest[one][both] * rest[other][both])) if both.any() else 0.0
        found[f"correlation {down} down {right} right"] = product / max(
            float(np.mean(rest[flat] ** 2)), _LEAST
        )
    return found


def spectrum(patch: Picture) -> dict[str, float]:
    """Energies of the bands of a Laplacian pyramid, their ratios, and how sparse the bands are."""
    found = {}
    energies = []
    for level in range(_LEVELS):
        smaller = cv2.pyrDown(patch)
        band = patch - cv2.pyrUp(smaller, dstsize=patch.shape[::-1])
        energies.append(_log(float(band.std())))
        found[f"band {level}"] = energies[-1]
        found[f"sparse {level}"] = energies[-1] - _log(float(np.abs(band).mean()))
        patch = smaller
    for level, step in enumerate(np.diff(energies)):
        found[f"band {level + 1} to {level}"] = float(step)
    return found


def edges(patch: Picture) -> dict[str, float]:
    """Steepness; sharpness and overshoot of the strongest edges; where the edges point."""
    steepness, angle = _gradient(patch, 1.0)
    found = {
        f"steepness {percent}": _log(float(value))
        for percent, value in zip(_STEEP, np.percentile(steepness, _STEEP), strict=True)
    }
    coarse = _gradient(patch, 3.0)[0]
    strongest = coarse >= np.percentile(coarse, 100 - _STRONGEST)
    plain = _log(float(coarse[strongest].mean()))
    for sigma in (0.6, 1.2):
        fine = _gradient(patch, sigma)[0]
        found[f"sharpness {sigma}"] = _log(float(fine[strongest].mean())) - plain
        top = float(np.percentile(fine, 100 - _STRONGEST))
        found[f"sharpest {sigma}"] = _log(top) - plain
    bins = (angle * (_DIRECTIONS / 360)).astype(int) % _DIRECTIONS
    weights = np.bincount(bins.ravel(), steepness.ravel(), _DIRECTIONS)
    for number, weight in enumerate(weights):
        fraction = float(weight) / max(float(weights.sum()), _LEAST)
        found[f"towards {360 * number // _DIRECTIONS}°"] = fraction
    return found


def texture(patch: Picture) -> dict[str, float]:
    """Uniform local binary patterns at three radii.

    Ojala et al., IEEE Transactions on Pattern Analysis and Machine Intelligence 24:971 (2002),
    with neighbours at whole pixels: each pattern is named by how many of the eight are not darker.
    """
    found: dict[str, float] = {}
    for radius in _RADII:
        smooth = _blurred(patch, radius / 2) if radius > 1 else patch
        height, width = patch.shape
        middle = smooth[radius:-radius, radius:-radius]
        around = []
        for turn in range(8):
            down = radius + round(radius * np.sin(turn * np.pi / 4))
            right = radius + round(radius * np.cos(turn * np.pi / 4))
            rows = slice(down, down + height - 2 * radius)
            around.append(smooth[rows, right : right + width - 2 * radius] >= middle)
        ring = np.stack(around)
        count = ring.sum(axis=0)
        count[(ring != np.roll(ring, 1, axis=0)).sum(axis=0) > _UNIFORM] = len(ring) + 1
        fractions = np.bincount(count.ravel(), minlength=len(ring) + 2) / count.size
        names = (*(str(number) for number in range(len(ring) + 1)), "uneven")
        found |= {f"{name} at {radius}": float(s) for name, s in zip(names, fractions, strict=True)}
    return found


FAMILIES: Final[Mapping[str, Callable[[Picture], dict[str, float]]]] = {
    "brightness": brightness,
    "noise": noise,
    "spectrum": spectrum,
    "edges": edges,
    "texture": texture,
}


def _log(value: float) -> float:
    return float(np.log10(max(value, _LEAST)))


def _spread(values: Picture) -> float:
    """Standard deviation of normal values, from their median absolute deviation; 0 for none."""
    if not values.size:
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _blurred(patch: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(patch, (0, 0), sigma), dtype=np.float32)


def _gradient(patch: Picture, sigma: float) -> tuple[Picture, Picture]:
    """Steepness a pixel and direction in degrees, 0…360, after a blur."""
    smooth = _blurred(patch, sigma)
    x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8)
    y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)
    steepness, angle = cv2.cartToPolar(x, y, angleInDegrees=True)
    return np.asarray(steepness, dtype=np.float32), np.asarray(angle, dtype=np.float32)
