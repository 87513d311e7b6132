"""`sharp train detector`: a joint detector, with DeepLabCut."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command, resumable
from sharp_cli.cli.commands.train.logs import begin_training
from sharp_cli.cli.commands.train.options import Annotations, Images, Work
from sharp_cli.cli.engines import training_helpers
from sharp_cli.cli.terminal import log
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp train detector --annotations joints.csv --images radiographs \\
  --out my-joints --work work/joints
sharp score hands.dcm --detector my-joints
"""


class Net(str, Enum):
    """DeepLabCut's networks for joints."""

    CSPNEXT_S = "cspnext_s"
    CSPNEXT_M = "cspnext_m"
    CSPNEXT_X = "cspnext_x"
    RESNET_50 = "resnet_50"
    RESNET_101 = "resnet_101"
    HRNET_W18 = "hrnet_w18"
    HRNET_W32 = "hrnet_w32"
    HRNET_W48 = "hrnet_w48"


Validation = Annotated[
    Path | None,
    typer.Option(
        help="Annotated joints on other radiographs in the same folder, by which the best epoch is "
        "chosen. Default: those of every fifth patient.",
    ),
]
NetOption = Annotated[
    Net, typer.Option("--net", metavar="NET", help=f"DeepLabCut's network: {', '.join(Net)}.")
]
Init = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="DeepLabCut snapshot (.pt) of the same network to start from. Default: random "
        "weights.",
    ),
]
Width = Annotated[int, typer.Option(min=64, max=1024, help="Width of the network input in pixels.")]
Height = Annotated[
    int, typer.Option(min=64, max=1024, help="Height of the network input in pixels.")
]
Views = Annotated[int, typer.Option(min=1, help="Augmented views of each hand.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over all views.")]
Folds = Annotated[
    int,
    typer.Option(
        min=0,
        help="Folds of cross-validation, which measures how good the detector is and calibrates "
        "it; 0 for none.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, detector, EXAMPLES)


def detector(
    annotations: Annotations,
    images: Images,
    out: options.BundleOut,
    work: Work,
    *,
    names: options.Names = None,
    validation: Validation = None,
    net: NetOption = Net.CSPNEXT_S,
    init: Init = None,
    width: Width = 320,
    height: Height = 384,
    views: Views = 28,
    epochs: Epochs = 16,
    folds: Folds = 5,
    device: options.TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
    seed: options.Seed = 1,
    hands: options.HandsBundle = None,
) -> None:
    """Train a joint detector with DeepLabCut, from random weights or from a snapshot.

    By default it is evaluated by cross-validation, which takes five times as long as the training.
    """
    begin_training()
    from sharp_cli.training.detector.settings import DetectorSettings
    from sharp_cli.training.detector.training import train_detector

    machines = training_helpers(engine, address, device=device, threads=threads)
    with resumable(work), machines as (helpers, own):
        train_detector(
            annotations,
            images,
            out,
            work,
            names=names,
            validation=validation,
            settings=DetectorSettings(
                net=net.value,
                width=width,
                height=height,
                init=init,
                views=views,
                epochs=epochs,
                seed=seed,
            ),
            folds=folds,
            finder=hands,
            device=own,
            threads=threads or cores(),
            helpers=helpers,
        )
    log("done", f"the bundle is in {out}")
