"""Find the joints of a hand with the keypoint networks of a detector bundle.

The networks are trained with DeepLabCut (Mathis et al., Nat Neurosci 21:1281, 2018) and run from
ONNX files that hold its preprocessing and decoding too; deeplabcut itself is not needed here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sharp_cli.errors import ModelError
from sharp_cli.geometry import Affine, fit_similarity, sample, similarity
from sharp_cli.joints import COMMON_PHALANX, POINTS, phalanx_length
from sharp_cli.records import Point
from sharp_cli.runtime import load_onnx
from sharp_cli.template import TEMPLATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.records import Hand, Radiograph
    from sharp_cli.registry import Bundle
    from sharp_cli.runtime import Network

PASSES: Final = 3
"""Views drawn a hand: each later one is aligned by the joints found in the one before."""

FRAME_LIKELIHOOD: Final = 0.3
"""Points below this likelihood do not take part in aligning the next view."""

_MIN_POINTS: Final = 4
"""Fewer sure points than these do not move the view."""

_CONTRAST: Final = (1.0, 99.0)
"""Percentiles of the hand's own area that become black and white."""

_Found: TypeAlias = dict[str, tuple[float, float, float]]


def view_frame(half_width: float, size: int) -> Affine:
    """Map a square view of `size` pixels to canonical coordinates up to ±`half_width`."""
    scale = 2 * half_width / size
    return similarity(scale=scale, x=scale / 2 - half_width, y=scale / 2 - half_width)


def draw_view(
    pixels: NDArray[np.float32], to_image: Affine, view: Affine, size: int
) -> NDArray[np.uint8]:
    """Draw the view that the networks look at.

    Contrast comes from the part where a hand's joints lie, so that borders and markers beside the
    hand do not change it.

    Args:
        pixels: The radiograph, float32, shape (height, width).
        to_image: Maps canonical coordinates to the radiograph's pixels.
        view: Maps view pixels to canonical coordinates.
        size: Height and width of the view.

    Returns:
        uint8, shape (size, size).
    """
    picture = sample(pixels, to_image.after(view), (size, size))
    (left, top), (right, bottom) = np.clip(
        np.rint(view.inverse()([TEMPLATE.min(axis=0), TEMPLATE.max(axis=0)])), 0, size
    ).astype(int)
    low, high = np.percentile(picture[top:bottom, left:right], _CONTRAST)
    scaled = (picture - low) * (255.0 / max(float(high - low), 1e-6))
    drawn: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return drawn


class JointDetector:
    """The keypoint networks of a detector bundle, ready to run on the CPU.

    A bundle may hold one network of all points or several of some each (the paper has one for
    erosion and one for JSN); a point that several give is placed at their mean.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Load the networks.

        Args:
            bundle: A bundle of kind `joints`.
            threads: CPU threads; None for all cores.

        Raises:
            ModelError: The bundle lacks what a detector needs.
        """
        try:
            self._size = int(bundle.meta["view"]["size"])
            self._view = view_frame(float(bundle.meta["view"]["half_width"]), self._size)
            self._min_likelihood = float(bundle.meta["min_likelihood"])
            entries = [(entry["file"], tuple(entry["points"])) for entry in bundle.meta["networks"]]
        except (KeyError, TypeError, ValueError) as error:
            message = f"{bundle.path}: bundle.json lacks what a joint detector needs ({error!r})"
            raise ModelError(message) from error
        unknown = sorted({name for _, names in entries for name in names} - set(POINTS))
        if unknown:
            message = f"{bundle.path}: bundle.json names unknown points: {', '.join(unknown)}"
            raise ModelError(message)
        self._networks: list[tuple[Network, tuple[str, ...]]] = [
            (load_onnx(bundle.path / file, threads=threads), names) for file, names in entries
        ]

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """Find the joints of one hand.

        Returns:
            The hand with its frame set by its joints (turned and centred as the mean hand lies on
            them, scaled to the median proximal phalanx), and the points that were found.
        """
        to_image = hand.to_image
        found = self._look(radiograph, to_image)
        for _ in range(PASSES - 1):
            to_image = to_image.after(_fit_template(found))
            found = self._look(radiograph, to_image)
        points = tuple(
            Point(name, x=round(x, 2), y=round(y, 2), likelihood=round(likelihood, 4))
            for name, (*place, likelihood) in found.items()
            if likelihood >= self._min_likelihood
            for x, y in [to_image(place).tolist()]
        )
        return replace(hand, to_image=_final_frame(to_image, found)), points

    def _look(self, radiograph: Radiograph, to_image: Affine) -> _Found:
        """Canonical x, y and likelihood of every point, as seen in the view at `to_image`."""
        picture = draw_view(radiograph.pixels, to_image, self._view, self._size)
        batch = picture[None, None].astype(np.float32)
        seen: dict[str, list[NDArray[np.float64]]] = {}
        for network, names in self._networks:
            for name, value in zip(names, network(batch)[0].astype(np.float64), strict=True):
                seen.setdefault(name, []).append(value)
        found: _Found = {}
        for name, values in seen.items():
            x, y, likelihood = np.mean(values, axis=0).tolist()
            found[name] = (*self._view((x, y)).tolist(), likelihood)
        return found


def _fit_template(found: _Found) -> Affine:
    """The similarity that lays the mean hand on the points."""
    sure = [name for name, value in found.items() if value[2] >= FRAME_LIKELIHOOD]
    if len(sure) < _MIN_POINTS:
        return similarity()
    places = np.array([found[name][:2] for name in sure])
    template = TEMPLATE[[POINTS.index(name) for name in sure]]
    return fit_similarity(template, places, mirror=False)


def _final_frame(to_image: Affine, found: _Found) -> Affine:
    """The frame laid on the points and scaled to the median proximal phalanx."""
    fitted = _fit_template(found)
    length = phalanx_length({name: value[:2] for name, value in found.items()})
    scale = length / (COMMON_PHALANX * fitted.scale)
    frame = to_image.after(fitted)
    return frame.after(similarity(scale=scale)) if math.isfinite(scale) else frame
