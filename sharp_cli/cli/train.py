"""`sharp train`: the models, from annotated radiographs."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sharp_cli.cli import options
from sharp_cli.cli.engines import helping
from sharp_cli.cli.terminal import begin_training, guarded, say
from sharp_cli.cli.train_classifier import classifier
from sharp_cli.execution.devices import cores

app = typer.Typer(
    help="Train models on one's own radiographs.",
    no_args_is_help=True,
)

Annotations = Annotated[
    Path,
    typer.Option(
        help="Annotated joints: a CSV file (image,hand,joint,x,y), COCO keypoints (.json), or the "
        "folder of a DeepLabCut project.",
        show_default=False,
    ),
]
Images = Annotated[
    Path,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder of the radiographs; of a DeepLabCut project, the project's.",
        show_default=False,
    ),
]
Work = Annotated[
    Path,
    typer.Option(
        help="Folder for checkpoints; a run that was cut short goes on from them.",
        show_default=False,
    ),
]

TrainingDevice = Annotated[options.Device, typer.Option("--device", help="Where to train.")]
Seed = Annotated[int, typer.Option(min=0, help="Of every random choice.")]


@app.command()
@guarded
def hands(
    annotations: Annotations,
    images: Images,
    out: options.Out,
    work: Work,
    *,
    names: options.Names = None,
    shapes: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Landmarks of further hands, whose shapes are taken: hand,x0,y0,...,x36,y36.",
        ),
    ] = None,
    phantoms: Annotated[int, typer.Option(min=0, help="Hands drawn from nothing besides.")] = 40,
    steps: Annotated[int, typer.Option(min=1, help="Batches of 16 made-up films.")] = 5200,
    threads: options.Threads = None,
    seed: Seed = 1,
) -> int:
    """Train a hand finder on films made up from the radiographs.

    Every fourth annotated picture is left out, to measure on.
    """
    begin_training()
    from sharp_cli.training.hands import train_hands

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
    return _end(out)


@app.command()
@guarded
def detector(
    annotations: Annotations,
    images: Images,
    out: options.Out,
    work: Work,
    *,
    names: options.Names = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            help="Annotated joints on other radiographs there, by which the best epoch is chosen; "
            "if not given, every fifth picture is kept for that.",
        ),
    ] = None,
    net: Annotated[
        options.Net,
        typer.Option(metavar="NET", help=f"DeepLabCut's network: {', '.join(options.Net)}."),
    ] = options.Net.CSPNEXT_S,
    init: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A DeepLabCut snapshot (.pt) of the same network to start from; if not given, "
            "weights are random at first.",
        ),
    ] = None,
    width: Annotated[int, typer.Option(min=64, max=1024, help="Of the views, in pixels.")] = 320,
    height: Annotated[int, typer.Option(min=64, max=1024, help="Likewise.")] = 384,
    views: Annotated[int, typer.Option(min=1, help="Augmented views a hand.")] = 28,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over all views.")] = 16,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="Folds of the pictures, for each of which a detector is trained on the others "
            "first, to say how well this one does; 0 for none.",
        ),
    ] = 5,
    device: TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
    seed: Seed = 1,
    hands: options.HandsBundle = None,
) -> int:
    """Train a joint detector with DeepLabCut, from random weights or from a snapshot.

    By default it is measured by cross-validation, which takes five times as long as the training.
    """
    begin_training()
    from sharp_cli.training.detector.settings import Settings
    from sharp_cli.training.detector.training import train_detector

    with helping(engine, address, device=device, threads=threads) as (helpers, own):
        train_detector(
            annotations,
            images,
            out,
            work,
            names=names,
            validation=validation,
            settings=Settings(
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
    return _end(out)


@app.command()
@guarded
def trunk(
    annotations: Annotations,
    images: Images,
    out: options.Out,
    work: Work,
    *,
    names: options.Names = None,
    init: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="A findings bundle whose trunk to start from; if not given, weights are random.",
        ),
    ] = None,
    cohort: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder with labels.csv and joints.csv, as sharp phantom writes it, to learn from "
            "besides.",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Batches of 24 patches.")] = 6000,
    device: TrainingDevice = options.Device.AUTO,
    threads: options.Threads = None,
    seed: Seed = 1,
) -> int:
    """Train the trunk that classifiers start from, on intact hands with lesions put into them.

    Every fourth annotated picture is left out, to measure on.
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
    return _end(out)


app.command()(classifier)


def _end(out: Path) -> int:
    say("done", f"the bundle is in {out}")
    return 0
