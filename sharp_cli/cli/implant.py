"""`sharp implant`: training data out of intact hands."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sharp_cli.cli import options
from sharp_cli.cli.terminal import guarded, progress, say

Images = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, help="Folder of radiographs of intact hands."),
]
Joints = Annotated[
    Path,
    typer.Argument(help="Their annotated joints, in any form that sharp train detector takes."),
]
Names = options.Names
Out = Annotated[Path, typer.Option(help="A new or empty folder.", show_default=False)]


@guarded
def implant(
    images: Images,
    joints: Joints,
    *,
    out: Out,
    versions: Annotated[
        int, typer.Option(min=2, help="Of each picture; the first is intact and untouched.")
    ] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of every random choice.")] = 1,
    names: Names = None,
) -> int:
    """Put lesions into the joints of intact hands: patches and labels to train classifiers on.

    labels.csv names the patch and grade of every joint, for sharp train classifier. A picture is a
    patient and each version of it a study, damaged as a made-up patient of sharp phantom. Where a
    picture shows one hand, the same hand, drawn differently, stands in for the other: both are
    labelled. Every fourth annotated picture is left out, to measure on. A run that was cut short
    is drawn anew by the same command.
    """
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.synthetic.implanted import write_implanted
    from sharp_cli.synthetic.intact_hands import read_intact_hands

    hands = select_hands(read_intact_hands(joints, images, names), held_out=False)
    patients = len({hand.image for hand in hands})
    studies = patients * versions
    with progress(studies) as tell:
        write_implanted(hands, out, versions=versions, seed=seed, on_progress=tell)
    say("done", f"the patches are in {out} (patients: {patients}, studies: {studies})")
    return 0
