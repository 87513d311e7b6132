"""The arguments and options that several commands share."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Model(str, Enum):
    """What to classify with."""

    SISO = "siso"
    MIMO_LOCAL = "mimo-local"
    MIMO_ONE_HAND = "mimo-one-hand"
    MIMO_BOTH_HANDS = "mimo-both-hands"


class Device(str, Enum):
    """Where to classify."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Precision(str, Enum):
    """What classifiers compute in."""

    FP32 = "fp32"
    BF16 = "bf16"
    AUTO = "auto"


class Engine(str, Enum):
    """Where work is done."""

    LOCAL = "local"
    RAY = "ray"


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


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Radiographs (DICOM, PNG, JPEG, TIFF, BMP), folders with these at any depth, or "
        "patterns.",
    ),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the whole result as JSON; - is stdout."),
]
Csv = Annotated[
    str | None,
    typer.Option("--csv", metavar="FILE", help="Write a row a joint as CSV; - is stdout."),
]
ModelOption = Annotated[
    Model | None,
    typer.Option(
        "--model",
        help="What a joint is looked at with. siso: by itself; mimo-local: with the other hand's; "
        "mimo-one-hand: with the hand's other joints of its group; mimo-both-hands: with those of "
        "both hands. If not given, mimo-local, or the first that the models hold.",
        show_default=False,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        min=0,
        max=1,
        help="From which probability on a joint is non-intact; if not given, as the models say.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Fail a study in which the model lacks a hand or a joint."),
]
DeviceOption = Annotated[Device, typer.Option("--device", help="Where to classify.")]
PrecisionOption = Annotated[
    Precision,
    typer.Option(
        "--precision",
        help="What classifiers compute in. fp32: the same everywhere; bf16: faster, on processors "
        "that have it; auto: bf16 where it is there.",
    ),
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="CPU threads; all cores if not given.")
]
Out = Annotated[
    Path,
    typer.Option(help="Folder of the bundle, whose name becomes the model's.", show_default=False),
]
Names = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="What the joints are called there: theirs,joint; an empty joint is left out.",
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="Where to work. local: on this machine; ray: on a Ray cluster, whose machines have "
        "the same files; --threads is then of each process, 1 if not given.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="The Ray cluster; auto is the one that this machine belongs to. If not given, that of "
        "RAY_ADDRESS, or else a new one of this machine alone.",
    ),
]
HandsBundle = Annotated[
    str | None, typer.Option("--hands", metavar="BUNDLE", help="Another hand finder.")
]
JointsBundle = Annotated[
    str | None, typer.Option("--detector", metavar="BUNDLE", help="Another joint detector.")
]
FindingsBundle = Annotated[
    str | None, typer.Option("--models", metavar="BUNDLE", help="Other classification models.")
]
