"""`sharp import`: public datasets as labels, joint positions and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli.command import add_command, epilog
from sharp_cli.cli.terminal import log

if TYPE_CHECKING:
    from sharp_cli.datasets.importers.cohort import Cohort

_RAM_H1200: Final = """\
sharp import ram-h1200 RAM-H1200 --out h1200
sharp score --manifest h1200/manifest.csv --out results
sharp evaluate classification results/results.csv h1200/labels.csv
"""
_RAM_W600: Final = """\
sharp import ram-w600 RAM-W600 --out w600
sharp train classifier --labels w600/labels.csv --images RAM-W600 \\
  --fold-file w600/folds.csv --folds 3 --out run
"""
_RA2_DREAM: Final = """\
sharp import ra2-dream RA2-DREAM --out ra2
sharp score --manifest ra2/manifest.csv --out results
sharp evaluate classification results/results.csv ra2/labels.csv
# with landmarks that LabelMe wrote
sharp import ra2-dream RA2-DREAM --positions landmarks --out ra2
"""
_ARISE_2025: Final = """\
sharp import arise-2025 ARISE-2025 --out arise
sharp score --manifest arise/manifest.csv --out results
sharp evaluate classification results/results.csv arise/labels.csv \\
  --readers arise/readers.csv
"""

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The unpacked download."),
]
Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="DATASET", show_default=False, help="New or empty folder."),
]

Positions = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        exists=True,
        file_okay=False,
        help="Folder of LabelMe files with the joints' positions, such as landmarks of the "
        "challenge. What they say of the wrist stands for several joints, and is ignored.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command of each dataset."""
    group = typer.Typer(
        help="Make tables for training and evaluation from a public dataset. Nothing is copied: "
        "paths in them are relative to its folder, which other commands take as --images.",
        epilog=epilog(_RA2_DREAM),
        no_args_is_help=True,
    )
    add_command(group, ram_h1200, _RAM_H1200)
    add_command(group, ram_w600, _RAM_W600)
    add_command(group, ra2_dream, _RA2_DREAM)
    add_command(group, arise_2025, _ARISE_2025)
    app.add_typer(group, name="import")


def ram_h1200(folder: Folder, *, out: Out) -> None:
    """RAM-H1200: hands, erosion and JSN, a split.

    Writes labels.csv, manifest.csv, folds.csv of the official split, and joints.csv where there
    are boxes of joints. Patients are those of its Metadata.xlsx, saved as Metadata.csv beside it.
    """
    from sharp_cli.datasets.importers import ram_h1200 as importer

    _finish(importer.read_cohort(folder), folder, out)


def ram_w600(folder: Folder, *, out: Out) -> None:
    """RAM-W600: patches of wrists, erosion, a split.

    Writes labels.csv and folds.csv of the official split.
    """
    from sharp_cli.datasets.importers import ram_w600 as importer

    _finish(importer.read_cohort(folder), folder, out)


def ra2_dream(folder: Folder, *, out: Out, positions: Positions = None) -> None:
    """RA2-DREAM: hands, erosion and JSN.

    Reads training.csv. Writes labels.csv and manifest.csv, and joints.csv where there are
    --positions. Feet are ignored.
    """
    from sharp_cli.datasets.importers import ra2_dream as importer

    _finish(importer.read_cohort(folder, positions), folder, out)


def arise_2025(folder: Folder, *, out: Out) -> None:
    """ARISE-2025: hands, erosion and JSN, three readers.

    Writes labels.csv (the median of the experts' grades, the higher one of two), readers.csv (each
    expert's grades), joints.csv (the centres of the boxes), manifest.csv, and folds.csv if the
    official split has three parts. DIP joints are ignored.
    """
    from sharp_cli.datasets.importers import arise_2025 as importer

    _finish(importer.read_cohort(folder), folder, out)


def _finish(cohort: Cohort, folder: Path, out: Path) -> None:
    """Write what was read, and warn of what could not be read."""
    from sharp_cli.datasets.importers.cohort import write_tables
    from sharp_cli.fileio.tables import list_places

    files = write_tables(cohort, folder, out)
    places: dict[str, list[str]] = {}
    for where, what in cohort.remarks:
        places.setdefault(what, []).append(where)
    for what, found in places.items():
        log("warning", f"{list_places(found)}: {what}")
    patients = len({score.patient for score in cohort.scores})
    studies = len({score.study for score in cohort.scores})
    counts = f"patients: {patients}, studies: {studies}, labels: {len(cohort.scores)}"
    log("done", f"{', '.join(files)} are in {out} ({counts}); use them with --images {folder}")
