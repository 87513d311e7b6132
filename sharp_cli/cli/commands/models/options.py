"""Arguments that several of the commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Bundle = Annotated[
    Path,
    typer.Argument(
        metavar="BUNDLE",
        exists=True,
        file_okay=False,
        help="Folder of the bundle.",
        show_default=False,
    ),
]
