"""Arguments and options that several commands share."""

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
    """What to compute on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class Precision(str, Enum):
    """Number format that the classifiers compute in."""

    FP32 = "fp32"
    BF16 = "bf16"
    AUTO = "auto"


class Missing(str, Enum):
    """What totals do about joints without a grade."""

    SCALE = "scale"
    REFUSE = "refuse"
    ZERO = "zero"


class Engine(str, Enum):
    """Which machines do the work."""

    LOCAL = "local"
    RAY = "ray"


Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Radiographs (DICOM, PNG, JPEG, TIFF, BMP), folders, which are searched at any depth, "
        "or patterns.",
    ),
]
Json = Annotated[
    str | None,
    typer.Option("--json", metavar="FILE", help="Write the full result as JSON; - is stdout."),
]
Csv = Annotated[
    str | None,
    typer.Option(
        "--csv",
        metavar="FILE",
        help="Write one row per joint as CSV, or what the ending .xlsx or .parquet says; - is "
        "stdout.",
    ),
]
Wide = Annotated[
    str | None,
    typer.Option(
        "--wide",
        metavar="FILE",
        help="Write one row per study with a column for each joint, for REDCap, Stata or SPSS; as "
        "CSV, .xlsx or .parquet.",
    ),
]
Overlay = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.png",
        help="Draw the boxes and labels on the radiograph. Of several files, each gets a picture "
        "with its name added (a.png: a-hand1.png).",
    ),
]
DicomSR = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.dcm",
        help="Write the findings as a DICOM structured report. Of several studies, each gets one "
        "with its name added.",
    ),
]
DicomOverlay = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.dcm",
        help="Write the overlay as a DICOM image; several files as with --overlay.",
    ),
]
FindingOption = Annotated[
    str | None,
    typer.Option(
        "--finding",
        metavar="erosion|jsn",
        help="Show this finding only, in tables, CSV and overlays; JSON, scores and --out have "
        "both.",
    ),
]
JointsOption = Annotated[
    str | None,
    typer.Option(
        "--joints",
        metavar="JOINT,...",
        help="Show these joints only, such as MCP2,MCP3; where as with --finding.",
    ),
]
ModelOption = Annotated[
    Model | None,
    typer.Option(
        "--model",
        help="Joints that the model sees together. siso: one joint; mimo-local: the same joint of "
        "both hands; mimo-one-hand: all joints of a group of one hand; mimo-both-hands: all joints "
        "of a group of both hands. Default: mimo-time (a joint, and the same joint at the visit "
        "before) if the bundle holds it and a manifest gives visits; else mimo-local, or the "
        "first model of the bundle.",
        show_default=False,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        min=0,
        max=1,
        help="Probability from which a joint counts as non-intact. Default: the models' own "
        "thresholds.",
    ),
]
ResultDocuments = Annotated[
    list[Path],
    typer.Argument(
        metavar="RESULTS",
        exists=True,
        help="JSON of sharp score --json, or a folder of it, such as that of --out.",
    ),
]
Prevalence = Annotated[
    str | None,
    typer.Option(
        "--prevalence",
        metavar="P",
        help="What probabilities hold for: table2, the prevalence of each joint group in the "
        "paper's patients; a number between 0 and 1; or as in erosion=0.2,jsn/PIP=0.3. Labels do "
        "not depend on it. Only with calibrated models. Default: table2.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Fail studies that lack a hand or joint that the model needs."),
]
MissingOption = Annotated[
    Missing,
    typer.Option(
        "--missing",
        help="What totals do about joints without a grade. scale: each counts as the mean of the "
        "others of its hand and finding, if at least half of them are graded; refuse: there is no "
        "total; zero: they add nothing.",
    ),
]
_DEVICES = "auto is the best there is; cuda a graphics card; mps that of an Apple processor."
MaskAnnotations = Annotated[
    bool,
    typer.Option(
        "--mask-annotations",
        help="Make pictures black outside the hands: annotation that is burned in there, such as a "
        "name, is then not shown.",
    ),
]
DeviceOption = Annotated[
    Device, typer.Option("--device", help=f"Device for classification: {_DEVICES}")
]
TrainingDevice = Annotated[
    Device, typer.Option("--device", help=f"Device for training: {_DEVICES}")
]
PrecisionOption = Annotated[
    Precision,
    typer.Option(
        "--precision",
        help="Number format of the classifiers. fp32: the same results everywhere; bf16: faster, "
        "on processors that support it; auto: bf16 where it is supported.",
    ),
]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="CPU threads. Default: all cores.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Random seed.")]
BundleOut = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        help="Folder for the bundle; its name becomes the model's.",
        show_default=False,
    ),
]
Names = Annotated[
    Path | None,
    typer.Option(
        "--names",
        exists=True,
        dir_okay=False,
        help="CSV that maps the joint names of the annotations: theirs,joint; where joint is "
        "empty, it is ignored.",
    ),
]
EngineOption = Annotated[
    Engine,
    typer.Option(
        "--engine",
        help="Where to run. local: on this machine; ray: on a Ray cluster whose machines see the "
        "same files, with --threads per process (default: 1).",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="Ray cluster to use; auto: the one that this machine belongs to. Default: "
        "RAY_ADDRESS, or else a new cluster of this machine alone.",
    ),
]
HandsBundle = Annotated[
    str | None, typer.Option("--hands", metavar="BUNDLE", help="Hand finder to use instead.")
]
JointsBundle = Annotated[
    str | None, typer.Option("--detector", metavar="BUNDLE", help="Joint detector to use instead.")
]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="SHA256",
        help="Believe the bundle with this checksum that it is validated on patients, if its card "
        "describes how; repeatable. Results say that they are not validated unless all bundles "
        "are trusted.",
    ),
]
FindingsBundle = Annotated[
    str | None,
    typer.Option(
        "--models",
        metavar="BUNDLE",
        help="Classifiers to use instead; lite for the small bundled ones.",
    ),
]
