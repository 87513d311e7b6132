"""Make what `users_script.py` needs: a DeepLabCut project and a VGG16, both with random weights.

    python benchmarks/users_project.py FOLDER

The detector is such as the bundled one. How fast networks are is not up to their weights.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import torch
from deeplabcut.core.config.project_config import ProjectConfig
from deeplabcut.core.engine import Engine
from deeplabcut.utils.auxiliaryfunctions import get_model_folder
from torchvision.models import vgg16

from sharp_cli.core.joints import POINTS
from sharp_cli.training.detector.network import build_network
from sharp_cli.training.detector.settings import DetectorSettings

SHUFFLE: Final = 1
"""DeepLabCut's number of a training."""


def main() -> None:
    """Make it in a new folder."""
    folder = Path(sys.argv[1]).resolve()
    project = ProjectConfig(
        Task="hands",
        scorer="sharp",
        date="Jan1",
        project_path=folder,
        bodyparts=list(POINTS),
        iteration=0,
        snapshotindex=-1,
    )
    fraction = project.TrainingFraction[0]
    training = (
        folder / get_model_folder(fraction, SHUFFLE, project, engine=Engine.PYTORCH) / "train"
    )
    training.mkdir(parents=True)
    project.to_yaml(folder / "config.yaml")
    network = build_network(training, points=POINTS, settings=DetectorSettings())
    torch.save({"model": network.model.state_dict()}, training / "snapshot-001.pt")
    torch.save(vgg16(init_weights=False, num_classes=2).state_dict(), folder / "vgg16.pt")


if __name__ == "__main__":
    main()
