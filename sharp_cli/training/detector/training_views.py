"""The views that a joint detector learns from, in the form that DeepLabCut reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.fileio import output
from sharp_cli.training.views import draw_training_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.training.detector.settings import DetectorSettings
    from sharp_cli.training.views import View

COCO_FILE: Final = "train.json"


def draw_views(
    hands: Sequence[AnnotatedHand], images: Path, *, settings: DetectorSettings
) -> list[View]:
    """Draw the training views of annotated hands, whose radiographs lie in the folder `images`."""
    shapes = []
    for _, found in read_square(hands, images):
        for hand in found:
            points = hand.positions()
            frame = fit_hand(points, mirror=hand.side == "right")
            shapes.append(frame.inverse()(points))
    rng = np.random.default_rng(settings.seed)
    views = [
        draw_training_view(picture.pixels, hand, shapes, rng, window=settings.window)
        for picture, found in read_square(hands, images)
        for hand in found
        for _ in range(settings.views)
    ]
    return [views[i] for i in rng.permutation(len(views))]


def has_coco(folder: Path) -> bool:
    """Whether `write_coco` has come to its end in this folder."""
    return (folder / "annotations" / COCO_FILE).is_file()


def write_coco(folder: Path, views: Sequence[View]) -> None:
    """Write views as the pictures and the COCO keypoints file, last, that DeepLabCut reads.

    Raises:
        OutputError: They cannot be written.
    """
    output.make_folder(folder / "images")
    images, annotations = [], []
    for number, view in enumerate(views, start=1):
        file = f"train-{number:05d}.png"
        output.write(folder / "images" / file, cv2.imencode(".png", view.picture)[1].tobytes())
        height, width = view.picture.shape
        edge = np.array([width - 1, height - 1])
        inside = np.asarray(((view.points >= 0) & (view.points <= edge)).all(axis=1))
        keypoints = [
            value
            for (x, y), seen in zip(view.points, inside, strict=True)
            for value in ((float(x), float(y), 2) if seen else (0.0, 0.0, 0))
        ]
        images.append({"id": number, "file_name": file, "width": width, "height": height})
        annotations.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "bbox": [0, 0, width, height],
                "area": width * height,
                "iscrowd": 0,
                "keypoints": keypoints,
                "num_keypoints": int(inside.sum()),
            }
        )
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "hand", "keypoints": list(POINTS), "skeleton": []}],
    }
    output.write(folder / "annotations" / COCO_FILE, json.dumps(content).encode())
