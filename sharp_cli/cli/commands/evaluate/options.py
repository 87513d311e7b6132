"""Arguments and options that several evaluations share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sharp_cli.core.errors import UsageError

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
        help="Use only every fourth patient, whom trainings of hand finders and classifiers hold "
        "out; or only the others. Default: all.",
        show_default=False,
    ),
]
Studies = Annotated[
    Path | None,
    typer.Option(
        "--studies",
        metavar="TABLE",
        exists=True,
        dir_okay=False,
        help="Table of patients or studies, such as a manifest: patient, study or both, date, and "
        "what to break down --by.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="COLUMN,...",
        help="Columns of --studies to break the results down by, such as sex,site,age_group.",
    ),
]


def columns_of(by: str | None, studies: Path | None) -> list[str]:
    """The columns to break down by.

    Raises:
        UsageError: There is no table that could have them.
    """
    columns = [name.strip() for name in (by or "").split(",") if name.strip()]
    if columns and studies is None:
        message = f"--by {by}: columns of which table? Name it with --studies"
        raise UsageError(message)
    return columns
