"""The options of `sharp train classifier`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from sharp_cli.cli import options


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


class Context(str, Enum):
    """How a head takes the inputs of a set together."""

    POOLING = "pooling"
    CONCATENATION = "concatenation"


class FcInit(str, Enum):
    """How the fully connected layers are initialised."""

    HE = "he"
    RANDOM = "random"


def _file(text: str) -> Any:
    return typer.Option(exists=True, dir_okay=False, show_default=False, help=text)


def _folder(text: str) -> Any:
    return typer.Option(exists=True, file_okay=False, show_default=False, help=text)


Labels = Annotated[
    Path,
    _file(
        "One row per joint: patient,study,image,hand,finding,joint,grade (or label: intact or "
        "non-intact). Columns x,y give its position, column patch a ready-cut patch of it. "
        "A set of joints, such as wrist, has a label only."
    ),
]
Images = Annotated[Path, _folder("Folder of the radiographs, or of the patches.")]
Out = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        show_default=False,
        help="Folder for predictions, metrics, curves, checkpoints and the bundle; an interrupted "
        "training resumes from it.",
    ),
]
Models = Annotated[list[options.Model], typer.Option(help="Model to train; repeatable.")]
ContextOption = Annotated[
    Context,
    typer.Option(
        "--context",
        help="How the joints of an input set speak for each other: each is classified by itself "
        "and the mean of the others is added, or the features of all are concatenated, as in "
        "the paper.",
    ),
]
Prior = Annotated[
    Path | None,
    _file(
        "Dates of the studies (study,date; as 2024-05-31): also train mimo-time, which sees each "
        "joint together with its patch in the previous study."
    ),
]
Folds = Annotated[int, typer.Option(min=3, help="Number of folds that patients are assigned to.")]
FoldFile = Annotated[
    Path | None, _file("Table patient,fold that assigns patients to folds. Default: at random.")
]
Annotations = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        help="Joint positions, as for sharp train detector; joints without one are detected.",
    ),
]
TrunkOption = Annotated[
    Trunk,
    typer.Option(
        "--trunk", help="One trunk for each model, finding and joint group, or one shared by all."
    ),
]
InitOption = Annotated[
    Init,
    typer.Option(
        "--init",
        help="First weights of the trunk: torchvision's, a bundle's, or random ones (He's, or of "
        "standard deviation 0.01).",
    ),
]
Vgg16Weights = Annotated[
    Path | None,
    _file("For --init imagenet: torchvision's vgg16 weights, where they cannot be downloaded."),
]
InitBundle = Annotated[
    Path | None, _folder("For --init bundle: the bundle. Default: the bundled one.")
]
Frozen = Annotated[
    bool,
    typer.Option("--frozen", help="Do not train the trunk: its features are computed once."),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=32,
        max=512,
        help="Width and height of the network input in pixels. Default: 224, or that of the "
        "bundle.",
    ),
]
FcLayers = Annotated[int, typer.Option(min=1, max=3, help="Number of fully connected layers.")]
FcInitOption = Annotated[
    FcInit, typer.Option("--fc-init", help="Initialisation of the fully connected layers.")
]
Dropout = Annotated[
    float,
    typer.Option(min=0, max=0.95, help="Dropout between the fully connected layers."),
]
Batch = Annotated[int, typer.Option(min=1, help="Batch size, in input sets.")]
Search = Annotated[
    int,
    typer.Option(
        min=0,
        help="Trials of a search over --fc-layers, --fc-init, --dropout and --batch for each "
        "network, which keeps the choice with the lowest validation loss; 0 for no search.",
    ),
]
Samples = Annotated[
    int,
    typer.Option(
        min=1, help="Patches per joint and epoch, to which each joint is balanced and augmented."
    ),
]
Epochs = Annotated[int, typer.Option(min=1, help="Maximum number of epochs.")]
Patience = Annotated[
    int,
    typer.Option(min=1, help="Epochs without a lower validation loss after which training stops."),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help="Threshold of all heads. Default: that of the best F-measure for each head.",
    ),
]
Sensitivity = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Choose the highest thresholds with this sensitivity."),
]
Specificity = Annotated[
    str | None,
    typer.Option(
        metavar="S",
        help="Choose the best F-measure among thresholds with this specificity: a number for all "
        "joint groups, or as in 0.97,jsn=0.98,erosion/wrist=0.9, where later ones replace earlier "
        "ones.",
    ),
]
Final = Annotated[
    bool,
    typer.Option(
        "--final",
        help="Retrain the networks of the bundle on all patients. Default: the bundle holds "
        "the networks of every fold.",
    ),
]
