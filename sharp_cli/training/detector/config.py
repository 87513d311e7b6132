"""DeepLabCut's configuration of a joint detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deeplabcut.pose_estimation_pytorch.config import PoseConfig

from sharp_cli.training.detector.settings import NETS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.training.detector.settings import DetectorSettings

CONFIG_FILE: Final = "pytorch_config.yaml"

LEARNING_RATE: Final = 5e-4
"""AdamW's step at the start; it falls to a quarter and then to a twentieth."""

_HIDDEN: Final = 128
"""Channels between two deconvolutions."""


def build_config(folder: Path, *, points: Sequence[str], settings: DetectorSettings) -> Any:
    """DeepLabCut's configuration for one network, written to `folder`.

    Args:
        folder: Where it and all of the training lies.
        points: Names of the points.
        settings: How it is trained.

    Returns:
        A `PoseConfig`.
    """
    net, epochs = settings.net, settings.epochs
    path = folder / CONFIG_FILE
    project = {
        "project_path": str(folder),
        "multianimalproject": False,
        "bodyparts": list(points),
        "uniquebodyparts": [],
        "individuals": ["hand"],
    }
    config = PoseConfig.build(project, path, top_down=False, net_type=net)
    inputs, deconvolutions = config.model.backbone_output_channels, NETS[net].deconvolutions
    values: dict[str, Any] = {
        # DeepLabCut draws head weights with a spread of 0.001; from random backbones that stalls.
        "model.heads.bodypart.weight_init": None,
        "model.heads.bodypart.heatmap_config": _layers(inputs, deconvolutions, len(points)),
        "model.heads.bodypart.locref_config": _layers(inputs, deconvolutions, 2 * len(points)),
        # HRNet's are frozen, which is right for ImageNet's weights only.
        "model.backbone.freeze_bn_stats": False,
        "device": "cpu",
        # Views have one size already.
        "data.train.crop_sampling": None,
        "data.train.affine": {
            "p": 0.6,
            "rotation": 10,
            "scaling": [0.9, 1.1],
            "translation": round(settings.height / 32),
        },
        "data.train.motion_blur": False,
        "data.train.covering": True,
        "train_settings.epochs": epochs,
        # `network` measures after every epoch, and keeps snapshots.
        "runner.key_metric": "test.rmse",
        "runner.key_metric_asc": False,
        "runner.eval_interval": epochs + 1,
        "runner.optimizer.params.lr": LEARNING_RATE,
        "runner.scheduler.params": {
            "lr_list": [[LEARNING_RATE / 4], [LEARNING_RATE / 20]],
            "milestones": [round(epochs * 0.65), round(epochs * 0.88)],
        },
        "inference.multithreading.enabled": False,
    }
    for key, value in values.items():
        config.set_nested(key, value)
    config.to_yaml(path, overwrite=True)
    return config


def _layers(inputs: int, deconvolutions: int, outputs: int) -> dict[str, Any]:
    """The layers from a backbone's channels to a head's."""
    channels = {0: [inputs], 1: [inputs, outputs], 2: [inputs, _HIDDEN, outputs]}[deconvolutions]
    layers: dict[str, Any] = {
        "channels": channels,
        "kernel_size": [3] * deconvolutions,
        "strides": [2] * deconvolutions,
    }
    if deconvolutions == 0:
        layers["final_conv"] = {"out_channels": outputs, "kernel_size": 1}
    return layers
