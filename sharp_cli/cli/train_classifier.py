"""`sharp train classifier`: the paper's protocol on one's own labels."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sharp_cli.cli import options
from sharp_cli.cli.terminal import begin_training, guarded, say
from sharp_cli.errors import UsageError

if TYPE_CHECKING:
    from sharp_cli.train.label_check import Notice


class Model(str, Enum):
    """What to train."""

    SISO = "siso"
    MIMO_LOCAL = "mimo-local"
    MIMO_ONE_HAND = "mimo-one-hand"
    MIMO_BOTH_HANDS = "mimo-both-hands"


class Trunk(str, Enum):
    """How many trunks."""

    PER_GROUP = "per-group"
    SHARED = "shared"


class Init(str, Enum):
    """Where the trunk's weights come from."""

    IMAGENET = "imagenet"
    BUNDLE = "bundle"
    HE = "he"
    RANDOM = "random"


class FcInit(str, Enum):
    """How fully connected layers begin."""

    HE = "he"
    RANDOM = "random"


def _file(text: str) -> typer.models.OptionInfo:
    return typer.Option(exists=True, dir_okay=False, help=text)  # type: ignore[no-any-return]


@guarded
def classifier(
    labels: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            show_default=False,
            help="A row a joint: patient,study,image,hand,finding,joint,grade (or label: intact or "
            "non-intact); x,y or patch may be given.",
        ),
    ],
    images: Annotated[
        Path,
        typer.Option(
            exists=True, file_okay=False, show_default=False, help="Folder of the radiographs."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            show_default=False,
            help="Folder for predictions, figures, curves, checkpoints and the bundle; a run that "
            "was cut short goes on.",
        ),
    ],
    *,
    model: Annotated[
        list[Model], typer.Option(help="What to train; may be given several times.")
    ] = [Model.MIMO_LOCAL],  # noqa: B006 - typer reads it
    prior: Annotated[
        Path | None,
        _file(
            "Dates of the studies (study,date): train mimo-time too, which sees each joint "
            "beside its picture of the study before."
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=3, help="Into how many patients are dealt.")] = 8,
    fold_file: Annotated[Path | None, _file("The folds: patient,fold.")] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="Joint positions, as for sharp train detector; joints without are detected.",
        ),
    ] = None,
    names: options.Names = None,
    trunk: Annotated[
        Trunk, typer.Option(help="One for each model, finding and joint group, or one for all.")
    ] = Trunk.PER_GROUP,
    init: Annotated[
        Init,
        typer.Option(
            help="imagenet: torchvision's weights; bundle: another bundle's; he, random: none."
        ),
    ] = Init.IMAGENET,
    vgg16_weights: Annotated[
        Path | None, _file("torchvision's ImageNet weights, where they cannot be downloaded.")
    ] = None,
    init_bundle: Annotated[
        Path | None,
        typer.Option(
            exists=True, file_okay=False, help="For --init bundle; the bundled one if not given."
        ),
    ] = None,
    frozen: Annotated[
        bool,
        typer.Option("--frozen", help="Keep the trunk as it is: its features are computed once."),
    ] = False,
    size: Annotated[
        int | None,
        typer.Option(
            min=32, max=512, help="Side of the input; 224 if not given, or that of the bundle."
        ),
    ] = None,
    fc_layers: Annotated[int, typer.Option(min=1, max=3, help="Fully connected layers.")] = 2,
    fc_init: Annotated[FcInit, typer.Option(help="Their first weights.")] = FcInit.HE,
    dropout: Annotated[float, typer.Option(min=0, max=0.95)] = 0.5,
    batch: Annotated[int, typer.Option(min=1, help="Sets of inputs a step.")] = 32,
    search: Annotated[
        int,
        typer.Option(
            min=0,
            help="Instead of these four, choose for each network the best of so many by the loss "
            "of its validation patients.",
        ),
    ] = 0,
    samples: Annotated[
        int,
        typer.Option(
            min=1, help="Patches a joint and epoch, to which each is balanced and augmented."
        ),
    ] = 10_000,
    epochs: Annotated[int, typer.Option(min=1, help="At most.")] = 100,
    patience: Annotated[
        int, typer.Option(min=1, help="Epochs without a lower validation loss that end it.")
    ] = 10,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Of all heads, rather than that of maximal F-measure."),
    ] = None,
    sensitivity: Annotated[
        float | None, typer.Option(min=0, max=1, help="To choose thresholds by instead.")
    ] = None,
    specificity: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="That thresholds of maximal F-measure must have."),
    ] = None,
    final: Annotated[
        bool,
        typer.Option(
            "--final", help="Fit the bundle to all patients anew; else it holds every fold's."
        ),
    ] = False,
    device: Annotated[options.Device, typer.Option(help="Where to train.")] = options.Device.AUTO,
    threads: options.Threads = None,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    hands: options.HandsBundle = None,
    detector: options.JointsBundle = None,
) -> int:
    """Train the paper's models on labelled radiographs, and measure them by cross-validation.

    Patients are dealt into folds: in turn one tests, one validates, the others train. --out then
    holds predictions.csv (of patients that a network has not seen), metrics.csv, folds.csv, curves
    and a bundle for --models.
    """
    rules = {"--threshold": threshold, "--sensitivity": sensitivity, "--specificity": specificity}
    if sum(value is not None for value in rules.values()) > 1:
        message = f"{', '.join(rules)}: give one of them at most"
        raise UsageError(message)
    begin_training()
    from sharp_cli.train.classifier import Sources, train_classifier
    from sharp_cli.train.classifier_settings import (
        VGG16_SIZE,
        Hyperparameters,
        Settings,
        ThresholdRule,
    )
    from sharp_cli.train.initial_trunk import bundle_size

    if size is None:
        size = bundle_size(init_bundle) if init is Init.BUNDLE else VGG16_SIZE
    models = [*dict.fromkeys(one.value for one in model)]
    settings = Settings(
        models=tuple([*models, "mimo-time"] if prior else models),
        trunk=trunk.value,
        start=init.value,
        weights=init_bundle if init is Init.BUNDLE else vgg16_weights,
        frozen=frozen,
        size=size,
        hyper=Hyperparameters(fc_layers, fc_init.value, dropout, batch),
        search=search,
        samples=samples,
        epochs=epochs,
        patience=patience,
        threshold=ThresholdRule(threshold, sensitivity, specificity),
        seed=seed,
    )
    train_classifier(
        Sources(labels, images, annotations, names, prior, fold_file, hands, detector),
        out,
        settings=settings,
        folds=folds,
        final=final,
        device=device.value,
        threads=threads or options.cores(),
        tell=_tell,
    )
    say("done", f"predictions, figures, curves and the bundle are in {out}")
    return 0


def _tell(notice: Notice) -> None:
    say("note", f"{notice.where}: {notice.what}: {notice.done}")
