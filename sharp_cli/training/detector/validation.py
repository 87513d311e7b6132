"""How well a joint detector does during its training, on hands that it does not learn from.

Every hand is a single view, as it is, in a frame that is a little off, as in `sharp detect`. All
points count, however unsure: else a network that gives few would look good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.evaluation.metrics.detection import joint_errors, summarise
from sharp_cli.inference.joint_detector import Window, draw_view
from sharp_cli.training.views import misplacement

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.evaluation.metrics.detection import DetectionSummary
    from sharp_cli.training.detector.keypoint_onnx import KeypointNetwork

_SEED: Final = 0
"""Of the frames' misplacement: the same in every run, so that metrics compare."""

_BATCH: Final = 8


@dataclass(frozen=True, slots=True)
class PlainView:
    """A hand as it is.

    Attributes:
        hand: Its annotation, in square pixels.
        picture: uint8, shape (height, width).
        to_image: Maps pixels of the picture to those of the annotation.
    """

    hand: AnnotatedHand
    picture: NDArray[np.uint8]
    to_image: Affine


def draw_plain_views(
    hands: Sequence[AnnotatedHand], images: Path, window: Window
) -> list[PlainView]:
    """Draw annotated hands, whose radiographs lie in the folder `images`, once each."""
    rng = np.random.default_rng(_SEED)
    views = []
    for picture, found in read_square(hands, images):
        for hand in found:
            frame = fit_hand(hand.positions(), mirror=hand.side == "right")
            placed = frame.after(misplacement(rng, far=False))
            view = draw_view(picture.pixels, placed, window)
            views.append(PlainView(hand, view, placed.after(window.frame)))
    return views


def measure(network: KeypointNetwork, views: Sequence[PlainView]) -> DetectionSummary:
    """How far off a network finds the joints, over all findings and groups."""
    detected = {}
    for start in range(0, len(views), _BATCH):
        batch = views[start : start + _BATCH]
        answers = network.find(np.stack([view.picture for view in batch]))
        for view, answer in zip(batch, answers, strict=True):
            places = view.to_image(answer[:, :2].astype(np.float64)).tolist()
            for name, (x, y) in zip(network.keypoints, places, strict=True):
                detected[view.hand.image, view.hand.side, name] = (x, y)
    return summarise(joint_errors(detected, [view.hand for view in views]))
