"""`sharp phantom`: a synthetic cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
# as many patients as the paper has
sharp phantom --out cohort
sharp score --manifest cohort/manifest.csv --out results
"""

Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="DIR", help="New or empty folder.", show_default=False),
]
Patients = Annotated[int, typer.Option(min=1, help="Number of patients; 40 have 113 studies.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Number of processes. Default: one per core.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, phantom, EXAMPLES)


def phantom(
    *, out: Out, patients: Patients = 40, seed: options.Seed = 1, workers: Workers = None
) -> None:
    """Generate radiographs of synthetic patients over several years as DICOM, with their labels.

    labels.csv holds the grade of every joint, joints.csv the joint positions, manifest.csv the
    studies. A patient does not depend on the number of patients. After an interruption, the same
    command starts again.
    """
    from sharp_cli.synthetic.phantom.archive import write_cohort
    from sharp_cli.synthetic.phantom.cohort import study_count

    studies = study_count(seed, patients)
    with progress(studies) as on_progress:
        write_cohort(
            out, patients=patients, seed=seed, workers=workers or cores(), on_progress=on_progress
        )
    log("done", f"the cohort is in {out} (patients: {patients}, studies: {studies})")
