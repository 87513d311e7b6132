"""Train a joint detector's network with DeepLabCut's PyTorch engine.

An epoch's state is written atomically, and every epoch has a random seed of its own, so that an
interrupted run resumes as if it had not been.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import deeplabcut.pose_estimation_pytorch as dlc
import torch
from deeplabcut.pose_estimation_pytorch.models.model import PoseModel
from torch.utils.data import DataLoader

from sharp_cli.core.errors import ModelError
from sharp_cli.core.printable import duration
from sharp_cli.execution.limits import cores
from sharp_cli.training.detector.config import CONFIG_FILE, build_config
from sharp_cli.training.detector.keypoint_onnx import KeypointNetwork
from sharp_cli.training.detector.training_views import COCO_FILE
from sharp_cli.training.detector.validation import measure
from sharp_cli.training.run import half_precision, save

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sharp_cli.training.detector.settings import DetectorSettings
    from sharp_cli.training.detector.validation import PlainView

LOGGER: Final = logging.getLogger(__name__)

CHECKPOINT: Final = "checkpoint.pt"
BEST: Final = "best.pt"

_BATCH: Final = 8

_WORKERS: Final = 8
"""Processes that load views for a GPU, at most."""


def build_network(
    folder: Path, *, points: Sequence[str], settings: DetectorSettings
) -> KeypointNetwork:
    """A network to train, with its configuration in `folder`.

    Args:
        folder: Folder of the training.
        points: Names of the points.
        settings: How it is to be trained.

    Raises:
        ModelError: The snapshot to start from is damaged, or of another net.
    """
    config = build_config(folder, points=points, settings=settings)
    dlc.fix_seeds(settings.seed)
    model = PoseModel.build(config.model, pretrained_backbone=False)
    if settings.init is not None:
        fresh = start_from(model, settings.init, settings.net)
        if fresh:
            LOGGER.info("layers that do not fit, left random: %s", ", ".join(fresh))
    return KeypointNetwork(config, model)


def start_from(model: Any, snapshot: Path, net: str) -> list[str]:
    """Give a network a snapshot's weights where they fit.

    Args:
        model: DeepLabCut's network, a `PoseModel`.
        snapshot: DeepLabCut's snapshot; nothing of it is run.
        net: What the network is called.

    Returns:
        Names of the weights of heads that do not fit, as with another number of points, and stay.

    Raises:
        ModelError: It is damaged, or the backbone's weights do not fit.
    """
    try:
        content = torch.load(snapshot, map_location="cpu", weights_only=True)
        theirs = dict(content["model"])
        shapes = {name: value.shape for name, value in theirs.items()}
    except Exception as error:
        # What torch raises at damaged files, and at what it refuses to unpickle, is of many kinds.
        message = (
            f"{snapshot}: not a DeepLabCut snapshot ({type(error).__name__}); "
            "give a .pt that its PyTorch engine wrote"
        )
        raise ModelError(message) from error
    ours = model.state_dict()
    fitting = {
        name: theirs[name] for name, value in ours.items() if shapes.get(name) == value.shape
    }
    fresh = [name for name in ours if name not in fitting]
    strange = [name for name in theirs if name not in ours]
    if any(name.startswith("backbone.") for name in (*fresh, *strange)):
        message = f"{snapshot}: not a snapshot of {net}; choose its own network with --net"
        raise ModelError(message)
    model.load_state_dict(fitting, strict=False)
    return fresh


def train_network(
    folder: Path,
    network: KeypointNetwork,
    validation: Sequence[PlainView],
    *,
    settings: DetectorSettings,
    device: str = "cpu",
) -> Path:
    """Train on the views that `write_coco` put into `folder`, or resume from its checkpoint.

    Args:
        folder: Folder of the training.
        network: From `build_network`; trained in place.
        validation: Views that the network is measured on after every epoch.
        settings: How it is trained.
        device: `cpu` or `cuda`.

    Returns:
        The snapshot with the lowest median distance on `validation`. Its metadata hold the `epoch`
        and what `detector.validation.measure` gave.
    """
    checkpoint, epochs, seed = folder / CHECKPOINT, settings.epochs, settings.seed
    done = _epochs_done(checkpoint)
    if done >= epochs:
        return folder / BEST
    loader = dlc.COCOLoader(folder, folder / CONFIG_FILE, COCO_FILE, None)
    config, task = loader.model_cfg, dlc.Task.BOTTOM_UP
    # Before the optimiser is made, whose state follows the weights.
    network.model.to(device, memory_format=torch.channels_last)
    runner = dlc.build_training_runner(
        runner_config=config.runner,
        model_folder=folder,
        task=task,
        model=network.model,
        device=device,
        snapshot_path=checkpoint if done else None,
    )
    runner.snapshot_manager = _EpochEnd(
        folder=folder,
        network=network,
        runner=runner,
        validation=validation,
        settings=settings,
    )
    views = loader.create_dataset(dlc.build_transforms(config.data.train), mode="train", task=task)
    on_gpu = device == "cuda"
    workers = min(cores(), _WORKERS) if on_gpu else 0
    dlc.fix_seeds(seed + done)
    with half_precision(device):
        runner.fit(
            DataLoader(
                views,
                batch_size=min(_BATCH, len(views)),
                shuffle=True,
                drop_last=True,
                num_workers=workers,
                persistent_workers=workers > 0,
                pin_memory=on_gpu,
                # A forked process hangs in OpenCV once its parent has used it.
                multiprocessing_context="spawn" if workers else None,
            ),
            [],
            epochs=epochs - done,
            display_iters=len(views) + 1,
        )
    return folder / BEST


def _epochs_done(checkpoint: Path) -> int:
    if not checkpoint.is_file():
        return 0
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return int(state["metadata"]["epoch"])


@dataclass(slots=True)
class _EpochEnd:
    """Stands where DeepLabCut's runner has its keeper of snapshots: gets the state of each epoch.

    DeepLabCut's own writes in place, so that a kill may leave half a file, and chooses by the root
    mean square error, which one lost radiograph dominates.
    """

    folder: Path
    network: KeypointNetwork
    runner: Any
    validation: Sequence[PlainView]
    settings: DetectorSettings
    began: float = field(default_factory=time.monotonic)
    best: float | None = None

    def __post_init__(self) -> None:
        if self.runner.starting_epoch:
            best = torch.load(self.folder / BEST, map_location="cpu", weights_only=True)
            self.best = _rank(best["metadata"]["validation"]["median"])

    def update(self, epoch: int, state_dict: dict[str, Any], *, last: bool) -> None:  # noqa: ARG002
        """Measure, keep the best state and that to resume from, and log."""
        found = measure(self.network, self.validation)
        rank = _rank(found.median)
        if self.best is None or rank < self.best:
            self.best = rank
            metadata = {"epoch": epoch, "validation": asdict(found)}
            save({"metadata": metadata, "model": state_dict["model"]}, self.folder / BEST)
        # After the best one: an epoch whose best is there without this is trained again.
        save(state_dict, self.folder / CHECKPOINT)
        spent = (time.monotonic() - self.began) / (epoch - self.runner.starting_epoch)
        LOGGER.info(
            "epoch %d of %d: loss %.5f; validation: median %.2f, mean %.2f, within 15: %.1f "
            "(percent); %s left",
            epoch,
            self.settings.epochs,
            self.runner.history["train_loss"][-1],
            found.median,
            found.mean,
            found.found,
            duration(math.ceil(spent * (self.settings.epochs - epoch) / 60)),
        )
        dlc.fix_seeds(self.settings.seed + epoch)


def _rank(median: float) -> float:
    """Lower is better; a network that gives no numbers is worst."""
    return median if math.isfinite(median) else math.inf
