"""Affine maps between frames, and sampling a picture through one.

Points are (x, y) with (0, 0) at the centre of the top left pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Affine:
    """The map x' = a x + b y + c, y' = d x + e y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The map as an array of shape (2, 3)."""
        return np.array([[self.a, self.b, self.c], [self.d, self.e, self.f]])

    @property
    def scale(self) -> float:
        """Length of a unit step after the map (the square root of the area it gives a unit)."""
        return math.sqrt(abs(self.a * self.e - self.b * self.d))

    @property
    def scales(self) -> tuple[float, float]:
        """How many of its pixels the map gives a unit across and down; one number for squares."""
        return math.hypot(self.a, self.b), math.hypot(self.d, self.e)

    @property
    def mirrors(self) -> bool:
        """Whether the map turns a left hand into a right one."""
        return self.a * self.e - self.b * self.d < 0

    def __call__(self, points: ArrayLike) -> NDArray[np.float64]:
        """Map points of shape (..., 2), each (x, y)."""
        matrix = self.matrix
        return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]

    def after(self, first: Affine) -> Affine:
        """The map that applies `first`, then this one."""
        return from_matrix(_square(self) @ _square(first))

    def inverse(self) -> Affine:
        """The map back."""
        return from_matrix(np.linalg.inv(_square(self)))


def _square(affine: Affine) -> NDArray[np.float64]:
    return np.vstack([affine.matrix, [0.0, 0.0, 1.0]])


def from_matrix(matrix: ArrayLike) -> Affine:
    """The map of an array whose first two rows are its coefficients."""
    top = np.asarray(matrix, dtype=np.float64)[:2]
    return Affine(*(float(value) for value in top.ravel()))


def from_square(aspect: float) -> Affine:
    """The map from square pixels, as wide as a picture's own, to those.

    Args:
        aspect: How many times as high as wide the picture's pixels are.
    """
    return Affine(1.0, 0.0, 0.0, 0.0, 1.0 / aspect, 0.0)


def similarity(
    *,
    scale: float = 1.0,
    degrees: float = 0.0,
    mirror: bool = False,
    x: float = 0.0,
    y: float = 0.0,
) -> Affine:
    """Mirror left to right, scale, turn counter-clockwise as seen, then shift by (x, y)."""
    cos = math.cos(math.radians(degrees)) * scale
    sin = math.sin(math.radians(degrees)) * scale
    sign = -1.0 if mirror else 1.0
    return Affine(sign * cos, sin, x, -sign * sin, cos, y)


def fit_similarity(
    source: NDArray[np.float64], target: NDArray[np.float64], *, mirror: bool
) -> Affine:
    """The similarity with the least squared error from `source` to `target` (Umeyama 1991).

    Args:
        source: Points of shape (N, 2), N at least 2.
        target: Points of shape (N, 2), in the same order.
        mirror: Whether the map mirrors; with False it never does.
    """
    flip = np.array([-1.0, 1.0]) if mirror else np.array([1.0, 1.0])
    flipped = source * flip
    mean_source, mean_target = flipped.mean(axis=0), target.mean(axis=0)
    # Points as complex numbers: the best turn and scale is one complex factor.
    z_source = (flipped - mean_source) @ np.array([1.0, 1.0j])
    z_target = (target - mean_target) @ np.array([1.0, 1.0j])
    factor = complex(np.vdot(z_source, z_target) / max(np.vdot(z_source, z_source).real, 1e-12))
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    shift = mean_target - turn @ mean_source
    return from_matrix(np.column_stack([turn * flip, shift]))


class Shrinking:
    """A picture, and versions of it shrunk by averaging."""

    def __init__(self, pixels: NDArray[np.float32]) -> None:
        """Wrap a picture: float32, shape (height, width)."""
        self._shrunk = {(1, 1): (pixels, similarity())}

    def by(self, across: int, down: int) -> tuple[NDArray[np.float32], Affine]:
        """The picture shrunk by whole numbers, and the map from the picture to it.

        The remainder at its right and lower edge, less than a step, is dropped: OpenCV averages
        whole blocks five times as fast as others.
        """
        pixels = self._shrunk[1, 1][0]
        most = min(pixels.shape)
        steps = max(1, min(across, most)), max(1, min(down, most))
        if steps not in self._shrunk:
            across, down = steps
            height, width = pixels.shape[0] // down, pixels.shape[1] // across
            whole = pixels[: height * down, : width * across]
            smaller = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
            # Centres of pixels are at whole numbers: (x + 0.5) / step - 0.5.
            x, y = 0.5 / across - 0.5, 0.5 / down - 0.5
            self._shrunk[steps] = smaller, Affine(1 / across, 0.0, x, 0.0, 1 / down, y)
        return self._shrunk[steps]


def sample(
    pixels: NDArray[np.float32] | Shrinking,
    to_image: Affine,
    size: tuple[int, int],
    *,
    fill: float = 0.0,
) -> NDArray[np.float32]:
    """Sample the view of `size` whose pixels lie at `to_image` of their own coordinates.

    Where the view is coarser than the picture, the picture is averaged first, so that nothing
    aliases.

    Args:
        pixels: float32, shape (height, width); or a `Shrinking` of it, for many views.
        to_image: Maps view coordinates to picture coordinates.
        size: Width and height of the view.
        fill: Value outside the picture.

    Returns:
        float32, shape (size[1], size[0]).
    """
    shrinking = pixels if isinstance(pixels, Shrinking) else Shrinking(pixels)
    across, down = (int(scale) for scale in to_image.scales)
    shrunk, shrink = shrinking.by(across, down)
    view = cv2.warpAffine(
        shrunk,
        shrink.after(to_image).matrix,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
    return np.asarray(view, dtype=np.float32)
