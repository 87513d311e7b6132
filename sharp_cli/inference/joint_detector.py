"""Find the joints of a hand with the keypoint networks of a detector bundle.

The networks are trained with DeepLabCut (Mathis et al., Nat Neurosci 21:1281, 2018) and run from
ONNX files that hold its preprocessing and decoding too; deeplabcut itself is not needed here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sharp_cli.core.errors import ModelError, NoHandError
from sharp_cli.core.geometry import Affine, Shrinking, sample, similarity
from sharp_cli.core.hand_frame import at_common_scale, fit_hand
from sharp_cli.core.joints import POINTS, phalanx_length
from sharp_cli.core.records import Hand, Point
from sharp_cli.core.template import TEMPLATE
from sharp_cli.inference import shape_prior
from sharp_cli.inference.calibration import (
    Certainty,
    Evidence,
    ViewPredictions,
    depth,
    measure_evidence,
)
from sharp_cli.inference.openvino_runtime import load_onnx
from sharp_cli.inference.partial_hands import part_frames
from sharp_cli.inference.visibility import VisibilityNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.bundles.store import Bundle
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Radiograph, Status
    from sharp_cli.inference.openvino_runtime import OpenVinoNetwork

FURTHER_VIEWS: Final[tuple[Affine, ...]] = (similarity(degrees=6),)
"""How the views after the first lie beside the hand's frame.

The first lies as the hand was found, and aligns these; all predictions are averaged. A choice by
cross-validation and by time, see docs/detection.md.
"""

FRAME_LIKELIHOOD: Final = 0.3
"""Points below this likelihood do not take part in aligning the next view."""

_MIN_POINTS: Final = 4
"""Fewer sure points than these do not move the view."""

_FAR: Final = 150.0
"""Joints farther outside the picture by the frame that the finder gives, in px at the common scale,
are not searched for."""

_NEAR: Final = 60.0
"""Joints farther outside by the joints that were found are dropped: 15 % of a phalanx, the distance
at which a joint counts as found."""

_MOST_PART_FRAMES: Final = 4
"""At most so many of the frames in which a radiograph may show a part of a hand are examined."""

_CONTRAST: Final = (1.0, 99.0)
"""Percentiles of the hand's own area that become black and white."""

Keypoints: TypeAlias = NDArray[np.float64]
"""Canonical x, y and likelihood of each of `joints.POINTS`, shape (22, 3); NaN where no network
gives the point."""


@dataclass(frozen=True, slots=True)
class Window:
    """The input of a network: a part of a hand's canonical frame about the origin.

    Attributes:
        width: In pixels of the view.
        height: Likewise.
        half_height: From the origin to the upper and the lower edge, in canonical coordinates.
    """

    width: int
    height: int
    half_height: float

    @property
    def frame(self) -> Affine:
        """Maps pixels of the view to canonical coordinates."""
        scale = 2 * self.half_height / self.height
        x, y = ((1 - size) * scale / 2 for size in (self.width, self.height))
        return similarity(scale=scale, x=x, y=y)


def draw_view(
    pixels: NDArray[np.float32] | Shrinking, to_image: Affine, window: Window
) -> NDArray[np.uint8]:
    """Sample the view that is the networks' input.

    Contrast comes from the part where a hand's joints lie, so that borders and markers beside the
    hand do not change it.

    Args:
        pixels: The radiograph, float32, shape (height, width), or a `Shrinking` of it.
        to_image: Maps canonical coordinates to the radiograph's pixels.
        window: The part of the canonical frame that the view shows.

    Returns:
        uint8, shape (height, width) of the window.
    """
    size = (window.width, window.height)
    picture = sample(pixels, to_image.after(window.frame), size)
    corners = window.frame.inverse()([TEMPLATE.min(axis=0), TEMPLATE.max(axis=0)])
    (left, top), (right, bottom) = np.clip(np.rint(corners), 0, size).astype(int)
    low, high = np.percentile(picture[top:bottom, left:right], _CONTRAST)
    scaled = (picture - low) * (255.0 / max(float(high - low), 1e-6))
    view: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return view


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
            view = bundle.meta["view"]
            self._window = Window(
                int(view["width"]), int(view["height"]), float(view["half_height"])
            )
            self._min_likelihood = float(bundle.meta["min_likelihood"])
            entries = [(entry["file"], tuple(entry["points"])) for entry in bundle.meta["networks"]]
            certainty = bundle.meta.get("certainty")
            self._certainty = None if certainty is None else Certainty.from_meta(certainty)
            sight = bundle.meta.get("visibility")
            visible = None if sight is None else bundle.path / sight["file"]
        except (KeyError, TypeError, ValueError) as error:
            message = f"{bundle.path}: bundle.json lacks what a joint detector needs ({error!r})"
            raise ModelError(message) from error
        unknown = sorted({name for _, names in entries for name in names} - set(POINTS))
        if unknown:
            message = f"{bundle.path}: bundle.json names unknown points: {', '.join(unknown)}"
            raise ModelError(message)
        self._networks: list[tuple[OpenVinoNetwork, list[int]]] = [
            (
                load_onnx(bundle.path / file, threads=threads),
                [POINTS.index(name) for name in names],
            )
            for file, names in entries
        ]
        self._visibility = None if visible is None else VisibilityNetwork(visible, threads=threads)

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """Find the joints of one hand.

        Returns:
            The hand with its frame set by its joints (turned and centred as the mean hand lies on
            them, scaled to the median proximal phalanx), and the points that were found. Both say
            how sure that is, as far as the bundle knows. What the picture does not show of the
            hand is not found.

        Raises:
            NoHandError: It is no hand.
        """
        predictions = self.predict(radiograph, hand)
        evidence = measure_evidence(predictions)
        if self._certainty is not None and not self._certainty.is_hand(evidence):
            raise NoHandError(radiograph.file)
        return self._locate(radiograph, hand, predictions, evidence)

    def _locate(
        self, radiograph: Radiograph, hand: Hand, predictions: ViewPredictions, evidence: Evidence
    ) -> tuple[Hand, tuple[Point, ...]]:
        """The hand and its points, in the radiograph's pixels and with calibrated likelihoods."""
        keypoints, to_image = predictions.mean, predictions.to_image
        likelihoods, threshold = keypoints[:, 2], 0.0
        reasons: tuple[str, ...] = ()
        if self._certainty is not None:
            threshold, reasons = self._certainty.threshold, self._certainty.reasons(evidence)
            likelihoods = self._certainty.likelihoods(evidence)
            if self._visibility is not None:
                odds = self._visibility(Shrinking(radiograph.pixels), to_image, keypoints[:, :2])
                of_seen = measure_evidence(predictions, odds >= 0)
                likelihoods = self._certainty.likelihoods(of_seen) / (1 + np.exp(-odds))
        points = tuple(
            Point(
                name,
                x=round(x, 2),
                y=round(y, 2),
                likelihood=round(likelihood, 4),
                status="ok" if likelihood >= threshold else "uncertain",
            )
            for name, (*place, raw), likelihood in zip(
                POINTS, keypoints.tolist(), likelihoods.tolist(), strict=True
            )
            if raw >= self._min_likelihood
            for x, y in [to_image(place).tolist()]
        )
        frame = _final_frame(to_image, keypoints, evidence.places)
        status: Status = "uncertain" if reasons else "ok"
        return replace(hand, to_image=frame, status=status, reasons=reasons), points

    def detect_part(self, radiograph: Radiograph) -> tuple[Hand, tuple[Point, ...]]:
        """Find the joints of a part of a hand that fills the radiograph: a wrist, or fingers.

        Views are predicted in each of the frames in which it may show one, and the likeliest are
        judged. A bundle that is not calibrated cannot judge: it finds none.

        Returns:
            See `detect`. The side is that of the anatomy in a PA view, the score the mean
            likelihood of its clear points.

        Raises:
            NoHandError: There is none.
        """
        found: list[tuple[Hand, tuple[Point, ...]]] = []
        for frame in self._likeliest_frames(radiograph):
            side: Side = "right" if frame.mirrors else "left"
            hand = Hand(radiograph.file, side, "anatomy", frame, 1.0)
            predictions = self.predict(radiograph, hand)
            evidence = measure_evidence(predictions)
            if self._certainty is not None and self._certainty.is_part(evidence):
                hand, points = self._locate(radiograph, hand, predictions, evidence)
                score = self._certainty.mean_of_clear(evidence)
                found.append((replace(hand, score=score), points))
        if not found:
            raise NoHandError(radiograph.file)
        return max(found, key=lambda each: each[0].score)

    def _likeliest_frames(self, radiograph: Radiograph) -> list[Affine]:
        """The frames in which a part of a hand most likely lies, fitted to its sure points."""
        pixels = Shrinking(radiograph.pixels)
        height, width = radiograph.pixels.shape
        scored = []
        for frame in part_frames(width, height, radiograph.aspect):
            (found,) = self.predict_views(pixels, [frame])
            found[depth(TEMPLATE, frame, (width, height)) < -_FAR] = np.nan
            if (found[:, 2] >= FRAME_LIKELIHOOD).sum() >= _MIN_POINTS:
                scored.append((float(np.nansum(found[:, 2])), frame.after(fit_template(found))))
        scored.sort(key=lambda one: -one[0])
        return [frame for _, frame in scored[:_MOST_PART_FRAMES]]

    def predict(self, radiograph: Radiograph, hand: Hand) -> ViewPredictions:
        """Run the networks on one hand, in the first view and in the further ones."""
        pixels = Shrinking(radiograph.pixels)
        height, width = radiograph.pixels.shape
        size = width, height
        (first,) = self.predict_views(pixels, [hand.to_image])
        first[depth(TEMPLATE, hand.to_image, size) < -_FAR] = np.nan
        frame = fit_template(first)
        to_image = hand.to_image.after(frame)
        further = self.predict_views(pixels, [to_image.after(view) for view in FURTHER_VIEWS])
        for view, keypoints in zip(FURTHER_VIEWS, further, strict=True):
            keypoints[:, :2] = view(keypoints[:, :2])
        first[:, :2] = frame.inverse()(first[:, :2])
        views = np.stack([first, *further])
        views[:, np.isnan(first[:, 2])] = np.nan
        if depth(TEMPLATE, to_image, size).min() < _NEAR:  # the picture may cut the hand off
            places = shape_prior.fit(ViewPredictions(to_image, views, size).mean[:, :2]).places
            views[:, depth(places, to_image, size) < -_NEAR] = np.nan
        return ViewPredictions(to_image, views, size)

    def predict_views(self, pixels: Shrinking, frames: Sequence[Affine]) -> list[Keypoints]:
        """The keypoints in views that lie at `frames`, each in the coordinates of its own."""
        predictions = []
        for frame in frames:
            view = draw_view(pixels, frame, self._window)
            outputs = np.full((len(self._networks), len(POINTS), 3), np.nan)
            for number, (network, rows) in enumerate(self._networks):
                outputs[number, rows] = network(view[None, None].astype(np.float32))[0]
            # A point that several networks give is placed at their mean.
            keypoints = _mean(outputs)
            keypoints[:, :2] = self._window.frame(keypoints[:, :2])
            predictions.append(keypoints)
        return predictions


def _mean(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over the first axis of what is there; NaN where nothing is."""
    known = np.isfinite(outputs)
    count = known.sum(axis=0)
    total = np.where(known, outputs, 0.0).sum(axis=0)
    return np.where(count, total / np.maximum(count, 1), np.nan)


def fit_template(keypoints: Keypoints) -> Affine:
    """The hand's frame in a view, by its likely points; the identity where they are too few."""
    sure = keypoints[:, 2] >= FRAME_LIKELIHOOD
    if sure.sum() < _MIN_POINTS:
        return similarity()
    return fit_hand(np.where(sure[:, None], keypoints[:, :2], np.nan), mirror=False)


def _final_frame(to_image: Affine, keypoints: Keypoints, places: NDArray[np.float64]) -> Affine:
    """The frame laid on the points and scaled to the median proximal phalanx.

    Args:
        to_image: Maps the frame of `keypoints` to the radiograph's pixels.
        keypoints: The points as predicted.
        places: Where they are by all of them together, so that a few astray do not set the scale.
    """
    fitted = fit_template(keypoints)
    length = phalanx_length(dict(zip(POINTS, places.tolist(), strict=True)))
    return to_image.after(at_common_scale(fitted, length))
