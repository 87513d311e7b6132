"""Arguments and options that several evaluations share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Images = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, help="Folder of the radiographs.")
]
Truth = Annotated[Path, typer.Argument(help="Annotated joints: image,hand,joint,x,y.")]
TablesOut = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--out",
        metavar="DIR",
        file_okay=False,
        help="Write JSON, CSV, Markdown and LaTeX tables.",
    ),
]
HeldOut = Annotated[
    bool | None,
    typer.Option(
        "--held-out/--trained-on",
        help="Use only every fourth image, which trainings of hand finders and classifiers hold "
        "out; or only the other images. Default: all.",
        show_default=False,
    ),
]
