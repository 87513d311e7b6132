"""`sharp train trunk`: the trunk that classifiers start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.train.logs import begin_training
from sharp_cli.cli.commands.train.options import Annotations, Images, Work
from sharp_cli.cli.terminal import log
from sharp_cli.execution.devices import cores

EXAMPLES: Final = """\
sharp train trunk --annotations joints.csv --images radiographs \\
  --out my-trunk --work work/trunk
"""

Init = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Findings bundle whose trunk to start from. Default: random weights.",
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
Steps = Annotated[int, typer.Option(min=1, help="Training steps, each a batch of 24 patches.")]


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
    init: Init = None,
    cohort: Cohort = None,
    steps: Steps = 6000,
    device: options.TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    seed: options.Seed = 1,
) -> None:
    """Train the trunk that classifiers start from, on intact hands with synthetic lesions.

    Every fourth annotated image is held out for evaluation.
    """
    begin_training()
    from sharp_cli.training.trunk.training import train_trunk

    train_trunk(
        annotations,
        images,
        out,
        work,
        names=names,
        init=init,
        cohort=cohort,
        steps=steps,
        device=device.value,
        threads=threads or cores(),
        seed=seed,
    )
    log("done", f"the bundle is in {out}")
