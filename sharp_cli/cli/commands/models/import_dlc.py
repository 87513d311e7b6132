"""`sharp models import-dlc`: a joint detector that was trained in DeepLabCut."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.extras import require
from sharp_cli.cli.terminal import log

EXAMPLES: Final = """\
sharp models import-dlc dlc-project --out my-joints --size 256
sharp score hands.dcm --detector my-joints
"""

Source = Annotated[
    Path,
    typer.Argument(
        metavar="PROJECT_OR_SNAPSHOT",
        exists=True,
        help="Folder of a DeepLabCut project, or a snapshot (.pt) beside its pytorch_config.yaml.",
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        min=64,
        max=2048,
        help="Side of the square network input in pixels, a multiple of 32. The hand fills four "
        "fifths of it from the PIP joints to the wrist; choose it so that hands are as large as "
        "in training.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, import_dlc, EXAMPLES)


def import_dlc(
    source: Source,
    *,
    out: options.BundleOut,
    names: options.Names = None,
    size: Size = None,
) -> None:
    """Convert a joint detector from DeepLabCut (PyTorch engine, single-animal or top-down).

    Keypoints are matched by name. Of a project, the best snapshot of the newest shuffle is taken.
    Use the bundle with --detector.
    """
    require("train")
    from sharp_cli.training.detector.deeplabcut_import import import_detector

    for warning in import_detector(source, out, names=names, size=size):
        log("warning", warning)
    log("done", f"the bundle is in {out}")
