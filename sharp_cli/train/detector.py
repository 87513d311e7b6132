"""Train a joint detector with DeepLabCut's PyTorch engine, from random weights.

Every annotated hand is drawn in its canonical view many times over: bent towards the shapes of
other annotated hands, moved about as the hand finder would misplace it, and with its exposure
changed. DeepLabCut's own augmentation comes on top.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import deeplabcut.pose_estimation_pytorch as dlc
import numpy as np
import torch
from deeplabcut.pose_estimation_pytorch.config import PoseConfig
from deeplabcut.pose_estimation_pytorch.models.model import PoseModel
from torch.utils.data import DataLoader

from sharp_cli import output, radiograph
from sharp_cli.annotations.check import read_checked
from sharp_cli.dataset import part
from sharp_cli.joints import POINTS
from sharp_cli.registry import describe, write_bundle
from sharp_cli.train.keypoint_onnx import export_onnx, load_network
from sharp_cli.train.views import VIEW_HALF_WIDTH, VIEW_SIZE, canonical_frame, draw_training_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.dataset import AnnotatedHand
    from sharp_cli.train.views import View

NET: Final = "cspnext_s"

NETWORK_FILE: Final = "joints.onnx"

CONFIG_FILE: Final = "pytorch_config.yaml"

_BATCH: Final = 8

LEARNING_RATE: Final = 5e-4
"""AdamW's step at the start; it falls to a quarter and then to a twentieth."""

MIN_LIKELIHOOD: Final = 0.1
"""A point below this likelihood is reported as not detected."""

_CHECKED_VIEWS: Final = 8
"""Training views that DeepLabCut's loop evaluates on; nothing is chosen by them."""


def train_detector(
    annotations: Path,
    images: Path,
    out: Path,
    work: Path,
    *,
    names: Path | None,
    views_per_hand: int,
    epochs: int,
    threads: int,
    seed: int,
) -> None:
    """Train a detector on every annotated picture that is not held out, and write its bundle.

    A run that was cut short goes on from the last snapshot in `work`.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`.
        images: Folder of the radiographs that they name.
        out: Folder of the bundle.
        work: Folder for views, configuration and snapshots.
        names: What the points are called there; None if by their own names.
        views_per_hand: Augmented views drawn of each hand.
        epochs: Passes over all views.
        threads: CPU threads.
        seed: Of every random choice.

    Raises:
        SharpError: Annotations or radiographs cannot be used, or a folder cannot be made.
    """
    output.make_folder(out)
    output.make_folder(work)
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
    if not (work / "annotations" / "train.json").is_file():
        hands = part(read_checked(annotations, images, names), apart=False)
        views = draw_views(hands, images, views_per_hand=views_per_hand, seed=seed)
        write_coco(work, "test", views[:_CHECKED_VIEWS])
        write_coco(work, "train", views)
    snapshot = train_network(work, points=POINTS, epochs=epochs, seed=seed)
    export_onnx(load_network(work / CONFIG_FILE, snapshot), out / NETWORK_FILE, size=VIEW_SIZE)
    meta = {
        **describe(out, "joints"),
        "architecture": f"DeepLabCut 3 {NET}, two deconvolutions, stride 8, location refinement",
        "view": {"size": VIEW_SIZE, "half_width": VIEW_HALF_WIDTH},
        "min_likelihood": MIN_LIKELIHOOD,
        "networks": [{"file": NETWORK_FILE, "points": list(POINTS)}],
        "training": {
            "views_per_hand": views_per_hand,
            "epochs": epochs,
            "seed": seed,
        },
    }
    write_bundle(out, meta, [NETWORK_FILE])


def draw_views(
    hands: Sequence[AnnotatedHand], images: Path, *, views_per_hand: int, seed: int
) -> list[View]:
    """Draw the training views of annotated hands, whose radiographs lie in the folder `images`."""
    shapes = []
    for hand in hands:
        points = hand.positions()
        frame = canonical_frame(points, mirror=hand.side == "right")
        shapes.append(frame.inverse()(points))
    rng = np.random.default_rng(seed)
    views = []
    for hand in hands:
        pixels = radiograph.read(images / hand.image).pixels
        views += [draw_training_view(pixels, hand, shapes, rng) for _ in range(views_per_hand)]
    return [views[i] for i in rng.permutation(len(views))]


def write_coco(folder: Path, name: str, views: Sequence[View]) -> None:
    """Write views as the COCO keypoints file and pictures that DeepLabCut reads."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "annotations").mkdir(exist_ok=True)
    images, annotations = [], []
    for number, view in enumerate(views, start=1):
        file = f"{name}-{number:05d}.png"
        cv2.imwrite(str(folder / "images" / file), view.picture)
        size = view.picture.shape[0]
        inside = ((view.points >= 0) & (view.points <= size - 1)).all(axis=1)
        keypoints = [
            value
            for (x, y), seen in zip(view.points, inside, strict=True)
            for value in ((float(x), float(y), 2) if seen else (0.0, 0.0, 0))
        ]
        images.append({"id": number, "file_name": file, "width": size, "height": size})
        annotations.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "bbox": [0, 0, size, size],
                "area": size * size,
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
    (folder / "annotations" / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def build_config(folder: Path, *, points: Sequence[str], epochs: int) -> None:
    """DeepLabCut's configuration for one network, written to `folder`."""
    path = folder / CONFIG_FILE
    project = {
        "project_path": str(folder),
        "multianimalproject": False,
        "bodyparts": list(points),
        "uniquebodyparts": [],
        "individuals": ["hand"],
    }
    config = PoseConfig.build(project, path, top_down=False, net_type=NET)
    count = len(points)
    values: dict[str, Any] = {
        # DeepLabCut draws head weights with a spread of 0.001; from random backbones that stalls.
        "model.heads.bodypart.weight_init": None,
        "device": "cpu",
        # Views have one size already.
        "data.train.crop_sampling": None,
        "data.train.affine": {
            "p": 0.6,
            "rotation": 10,
            "scaling": [0.9, 1.1],
            "translation": 10,
        },
        "data.train.motion_blur": False,
        "data.train.covering": True,
        "train_settings.epochs": epochs,
        "runner.key_metric": "test.rmse",
        "runner.key_metric_asc": False,
        "runner.eval_interval": epochs + 1,
        "runner.snapshots.save_epochs": 2,
        "runner.snapshots.save_optimizer_state": True,
        "runner.snapshots.max_snapshots": 2,
        "runner.optimizer.params.lr": LEARNING_RATE,
        "runner.scheduler.params": {
            "lr_list": [[LEARNING_RATE / 4], [LEARNING_RATE / 20]],
            "milestones": [round(epochs * 0.65), round(epochs * 0.88)],
        },
        # A second deconvolution: stride 8 instead of 16.
        "model.heads.bodypart.heatmap_config.channels": [512, 128, count],
        "model.heads.bodypart.heatmap_config.kernel_size": [3, 3],
        "model.heads.bodypart.heatmap_config.strides": [2, 2],
        "model.heads.bodypart.locref_config.channels": [512, 128, 2 * count],
        "model.heads.bodypart.locref_config.kernel_size": [3, 3],
        "model.heads.bodypart.locref_config.strides": [2, 2],
        "inference.multithreading.enabled": False,
    }
    for key, value in values.items():
        config.set_nested(key, value)
    config.to_yaml(path, overwrite=True)


def train_network(folder: Path, *, points: Sequence[str], epochs: int, seed: int) -> Path:
    """Train on the views that `write_coco` put into `folder` as "train" and "test".

    Goes on from the last snapshot in `folder` if there is one.

    Returns:
        The last snapshot.
    """
    build_config(folder, points=points, epochs=epochs)
    loader = dlc.COCOLoader(folder, folder / CONFIG_FILE, "train.json", "test.json")
    config = loader.model_cfg
    last = _last_snapshot(folder)
    done = 0 if last is None else last.epochs
    if last is not None and done >= epochs:
        return Path(last.path)
    dlc.fix_seeds(seed + done)
    task = dlc.Task.BOTTOM_UP
    model = PoseModel.build(config.model, pretrained_backbone=False)
    model.to(memory_format=torch.channels_last)
    runner = dlc.build_training_runner(
        runner_config=config.runner,
        model_folder=folder,
        task=task,
        model=model,
        device="cpu",
        snapshot_path=None if last is None else last.path,
    )
    train = loader.create_dataset(dlc.build_transforms(config.data.train), mode="train", task=task)
    test = loader.create_dataset(
        dlc.build_transforms(config.data.inference), mode="test", task=task
    )
    # Half the time of fp32 where the processor multiplies bf16 matrices. Without its cache, which
    # would keep the first step's weights until the context ends.
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        runner.fit(
            DataLoader(train, batch_size=_BATCH, shuffle=True, drop_last=True),
            DataLoader(test, batch_size=1),
            epochs=epochs - done,
            display_iters=len(train),
        )
    return Path(_last_snapshot(folder).path)


def _last_snapshot(folder: Path) -> Any:
    """DeepLabCut's record of the snapshot with the most epochs, or None."""
    snapshots = dlc.list_snapshots(folder, "snapshot", best_in_last=False)
    return snapshots[-1] if snapshots else None
