"""Options that several trainings share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
        help="Folder of the radiographs; of a DeepLabCut project, its own folder.",
        show_default=False,
    ),
]
Work = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        help="Folder for checkpoints, from which an interrupted training resumes.",
        show_default=False,
    ),
]
