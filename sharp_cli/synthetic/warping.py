"""Warps of a patch, and the smooth noise that shapes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from sharp_cli.synthetic.joint_anatomy import bump

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.synthetic.joint_anatomy import JointAnatomy

    Array = NDArray[np.float32]


def smooth_noise(rng: np.random.Generator, cells: int, size: tuple[int, int]) -> Array:
    """Smooth noise of unit spread in `cells` x `cells` waves over `size` (width, height)."""
    coarse = rng.standard_normal((cells, cells), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def slight_warp(anatomy: JointAnatomy, rng: np.random.Generator) -> tuple[Array, Array]:
    """A slight smooth warp, in mm, none at the border.

    Lesions and look-alikes both get it: a resampled patch must not be the sign of a lesion.
    """
    x, y = anatomy.grid()
    window = bump(np.abs(x / x[0, -1]) ** 2) * bump(np.abs(y / y[-1, 0]) ** 2)
    dx, dy = (np.float32(0.2) * smooth_noise(rng, 4, anatomy.size) * window for _ in range(2))
    return dx, dy


def warp(pixels: NDArray[np.float32], anatomy: JointAnatomy, shift: tuple[Array, Array]) -> Array:
    """Sample a patch `shift` mm (x, y) away from each pixel, clipped to 0…1."""
    x, y = anatomy.grid()
    width, height = anatomy.size
    map_x = (x + shift[0]) * np.float32(anatomy.scale) + np.float32((width - 1) / 2)
    map_y = (y + shift[1]) * np.float32(anatomy.scale) + np.float32((height - 1) / 2)
    out = cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(out, 0, 1), dtype=np.float32)
