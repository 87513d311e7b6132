"""`sharp train classifier`: the paper's protocol on one's own labels."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from enum import Enum
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sharp_cli.cli import options
from sharp_cli.cli.engines import helping
from sharp_cli.cli.terminal import INTERRUPTED, begin_training, guarded, say
from sharp_cli.core.errors import UsageError
from sharp_cli.execution.devices import cores

if TYPE_CHECKING:
    from sharp_cli.training.classifier.label_check import Notice


class Trunk(str, Enum):
    """How many trunks."""

    PER_GROUP = "per-group"
    SHARED = "shared"


class Init(str, Enum):
    """Where the trunk's first weights come from."""

    IMAGENET = "imagenet"
    BUNDLE = "bundle"
    HE = "he"
    RANDOM = "random"


class FcInit(str, Enum):
    """How fully connected layers begin."""

    HE = "he"
    RANDOM = "random"


LABELS = (
    "A row a joint: patient,study,image,hand,finding,joint,grade (or label: intact or non-intact). "
    "Columns x,y give its position, patch a ready-cut picture of it."
)
OUT = (
    "Folder for predictions, figures, curves, checkpoints and the bundle; a run that was cut short "
    "goes on from them."
)
PRIOR = (
    "Dates of the studies (study,date; as 2024-05-31): train mimo-time too, which sees each joint "
    "beside its picture in the study before."
)
INIT = (
    "The trunk's first weights: torchvision's, a bundle's, or random ones (He's, or of standard "
    "deviation 0.01)."
)


def _file(text: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, show_default=False, help=text)


def _folder(text: str) -> Any:
    return typer.Option(exists=True, file_okay=False, show_default=False, help=text)


@guarded
def classifier(
    labels: Annotated[Path, _file(LABELS)],
    images: Annotated[Path, _folder("Folder of the radiographs, or of the patches.")],
    out: Annotated[Path, typer.Option(show_default=False, help=OUT)],
    *,
    model: Annotated[
        list[options.Model], typer.Option(help="What to train; may be given several times.")
    ] = [options.Model.MIMO_LOCAL],  # noqa: B006 - typer reads it
    prior: Annotated[Path | None, _file(PRIOR)] = None,
    folds: Annotated[int, typer.Option(min=3, help="Into how many patients are dealt.")] = 8,
    fold_file: Annotated[
        Path | None, _file("A table patient,fold, instead of dealing them out.")
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            help="Joint positions, as for sharp train detector; what has none is detected.",
        ),
    ] = None,
    names: options.Names = None,
    trunk: Annotated[
        Trunk, typer.Option(help="One for each model, finding and joint group, or one for all.")
    ] = Trunk.PER_GROUP,
    init: Annotated[Init, typer.Option(help=INIT)] = Init.IMAGENET,
    vgg16_weights: Annotated[
        Path | None,
        _file("For --init imagenet: torchvision's vgg16 weights, where they cannot be downloaded."),
    ] = None,
    init_bundle: Annotated[
        Path | None, _folder("For --init bundle: which one; the bundled one if not given.")
    ] = None,
    frozen: Annotated[
        bool,
        typer.Option("--frozen", help="Keep the trunk as it is: its features are computed once."),
    ] = False,
    size: Annotated[
        int | None,
        typer.Option(
            min=32,
            max=512,
            help="Width and height of the input; if not given, 224, or what the bundle has.",
        ),
    ] = None,
    fc_layers: Annotated[
        int, typer.Option(min=1, max=3, help="Number of fully connected layers.")
    ] = 2,
    fc_init: Annotated[FcInit, typer.Option(help="Their first weights.")] = FcInit.HE,
    dropout: Annotated[
        float, typer.Option(min=0, max=0.95, help="Share of their values left out in training.")
    ] = 0.5,
    batch: Annotated[int, typer.Option(min=1, help="Sets of joints a step.")] = 32,
    search: Annotated[
        int,
        typer.Option(
            min=0,
            help="Try so many choices of --fc-layers, --fc-init, --dropout and --batch for each "
            "network, and keep that of the lowest validation loss.",
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
        int,
        typer.Option(min=1, help="Epochs without a lower validation loss that end a training."),
    ] = 10,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Of all heads; if not given, that of the best F-measure of each."
        ),
    ] = None,
    sensitivity: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Take the highest thresholds with this sensitivity."),
    ] = None,
    specificity: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Take the best F-measure among thresholds with this specificity."
        ),
    ] = None,
    final: Annotated[
        bool,
        typer.Option(
            "--final",
            help="Fit the bundle's networks to all patients anew; else it holds every fold's.",
        ),
    ] = False,
    device: Annotated[options.Device, typer.Option(help="Where to train.")] = options.Device.AUTO,
    threads: options.Threads = None,
    engine: options.EngineOption = options.Engine.LOCAL,
    address: options.Address = None,
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
    for option, given, needed in (
        ("--vgg16-weights", vgg16_weights, Init.IMAGENET),
        ("--init-bundle", init_bundle, Init.BUNDLE),
    ):
        if given is not None and init is not needed:
            message = f"{option}: is for --init {needed.value}; leave one of them out"
            raise UsageError(message)
    begin_training()
    from sharp_cli.core.inputs import MODELS
    from sharp_cli.training.classifier.settings import (
        VGG16_SIZE,
        Hyperparameters,
        Settings,
        ThresholdRule,
    )
    from sharp_cli.training.classifier.sources import Sources
    from sharp_cli.training.classifier.training import train_classifier
    from sharp_cli.training.trunk.initial import bundle_size

    if size is None:
        size = bundle_size(init_bundle) if init is Init.BUNDLE else VGG16_SIZE
    asked = {one.value for one in model} | ({"mimo-time"} if prior else set())
    settings = Settings(
        models=tuple(one for one in MODELS if one in asked),
        trunk=trunk.value,
        start=init.value,
        weights=init_bundle or vgg16_weights,
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
    sources = Sources(labels, images, annotations, names, prior, fold_file, hands, detector)
    try:
        with helping(engine, address, device=device, threads=threads) as (helpers, own):
            train_classifier(
                sources,
                out,
                settings=settings,
                folds=folds,
                final=final,
                device=own,
                threads=threads or cores(),
                helpers=helpers,
                tell=_tell,
            )
    except KeyboardInterrupt:
        say("error", f"interrupted; the same command goes on with what is in {out}")
        return INTERRUPTED
    say("done", f"predictions, figures, curves and the bundle are in {out}")
    return 0


def _tell(notice: Notice) -> None:
    say("note", f"{notice.where}: {notice.what}: {notice.done}")
