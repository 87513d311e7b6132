"""`sharp phantom`: a made-up cohort."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sharp_cli.cli.terminal import guarded, progress, say
from sharp_cli.execution.devices import cores

Out = Annotated[Path, typer.Option(help="A new or empty folder.", show_default=False)]


@guarded
def phantom(
    *,
    out: Out,
    patients: Annotated[int, typer.Option(min=1, help="How many; 40 have 113 studies.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that draw; one a core if not given.")
    ] = None,
) -> int:
    """Draw radiographs of made-up patients over the years, as DICOM, and say what is in them.

    labels.csv holds the grade of every joint, joints.csv where the joints are, manifest.csv the
    studies. A patient is the same however many there are. A run that was cut short is drawn anew
    by the same command.
    """
    from sharp_cli.synthetic.phantom.archive import write_cohort
    from sharp_cli.synthetic.phantom.cohort import study_count

    studies = study_count(seed, patients)
    with progress(studies) as tell:
        write_cohort(out, patients=patients, seed=seed, workers=workers or cores(), tell=tell)
    say("done", f"the cohort is in {out} (patients: {patients}, studies: {studies})")
    return 0
