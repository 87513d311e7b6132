"""`sharp import`: public datasets as labels, joint positions and a manifest."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sharp_cli.cli.terminal import guarded, say

if TYPE_CHECKING:
    from sharp_cli.datasets.importers.cohort import Cohort

app = typer.Typer(
    help="Make tables for training and evaluation of a public dataset. Nothing is copied: paths "
    "in them are relative to its folder, which is --images of the commands that take them.",
    no_args_is_help=True,
)

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The unpacked download."),
]
Out = Annotated[
    Path,
    typer.Option(metavar="DATASET", show_default=False, help="A new or empty folder."),
]


@app.command("ram-h1200")
@guarded
def ram_h1200(folder: Folder, *, out: Out) -> int:
    """RAM-H1200: hands, erosion and JSN, a split.

    Writes labels.csv, manifest.csv, folds.csv of the official split, and joints.csv where there
    are boxes of joints. Patients are those of its Metadata.xlsx, saved as Metadata.csv beside it.
    """
    from sharp_cli.datasets.importers import ram_h1200 as importer

    return _finish(importer.read(folder), folder, out)


@app.command("ram-w600")
@guarded
def ram_w600(folder: Folder, *, out: Out) -> int:
    """RAM-W600: patches of wrists, erosion, a split.

    Writes labels.csv and folds.csv of the official split.
    """
    from sharp_cli.datasets.importers import ram_w600 as importer

    return _finish(importer.read(folder), folder, out)


@app.command("ra2-dream")
@guarded
def ra2_dream(folder: Folder, *, out: Out) -> int:
    """RA2-DREAM: hands, erosion and JSN.

    Reads training.csv. Writes labels.csv and manifest.csv. Feet are left out.
    """
    from sharp_cli.datasets.importers import ra2_dream as importer

    return _finish(importer.read(folder), folder, out)


@app.command("arise-2025")
@guarded
def arise_2025(folder: Folder, *, out: Out) -> int:
    """ARISE-2025: hands, erosion and JSN, three readers.

    Writes labels.csv (the median of the experts' grades, of two the higher), readers.csv (each
    expert's), joints.csv (the middles of the boxes), manifest.csv, and folds.csv if the official
    split has three parts. DIP joints are left out.
    """
    from sharp_cli.datasets.importers import arise_2025 as importer

    return _finish(importer.read(folder), folder, out)


def _finish(cohort: Cohort, folder: Path, out: Path) -> int:
    """Write what was read, and say what was not understood."""
    from sharp_cli.datasets.importers.cohort import write
    from sharp_cli.fileio.tables import list_places

    files = write(cohort, folder, out)
    places: dict[str, list[str]] = {}
    for where, what in cohort.remarks:
        places.setdefault(what, []).append(where)
    for what, found in places.items():
        say("warning", f"{list_places(found)}: {what}")
    patients = len({score.patient for score in cohort.scores})
    studies = len({score.study for score in cohort.scores})
    counts = f"patients: {patients}, studies: {studies}, labels: {len(cohort.scores)}"
    say("done", f"{', '.join(files)} are in {out} ({counts}); use them with --images {folder}")
    return 0
