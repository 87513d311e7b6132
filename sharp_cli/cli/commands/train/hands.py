"""`sharp train hands`: a hand finder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command, resumable
from sharp_cli.cli.commands.train.logs import begin_training
from sharp_cli.cli.commands.train.options import Annotations, Images, Work
from sharp_cli.cli.terminal import log
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp train hands --annotations joints.csv --images radiographs \\
  --out my-hands --work work/hands
sharp score hands.dcm --hands my-hands
"""

Shapes = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Landmarks of further hands, of which only the shapes are used: "
        "hand,x0,y0,...,x36,y36.",
    ),
]
Phantoms = Annotated[
    int, typer.Option(min=0, help="Number of fully synthetic hands to train on, too.")
]
Steps = Annotated[
    int, typer.Option(min=1, help="Training steps, each a batch of 16 synthetic radiographs.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, hands, EXAMPLES)


def hands(
    annotations: Annotations,
    images: Images,
    out: options.BundleOut,
    work: Work,
    *,
    names: options.Names = None,
    shapes: Shapes = None,
    phantoms: Phantoms = 40,
    steps: Steps = 5200,
    threads: options.Threads = None,
    seed: options.Seed = 1,
) -> None:
    """Train a hand finder on synthetic radiographs that are composed from annotated ones.

    Every fourth annotated patient is held out for evaluation.
    """
    begin_training()
    from sharp_cli.training.hands import train_hands

    with resumable(work):
        train_hands(
            annotations,
            images,
            out,
            work,
            names=names,
            shapes=shapes,
            phantoms=phantoms,
            steps=steps,
            threads=threads or cores(),
            seed=seed,
        )
    log("done", f"the bundle is in {out}")
