"""`sharp implant`: training data from intact hands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log

EXAMPLES: Final = """\
sharp implant radiographs joints.csv --out implanted
sharp train classifier --labels implanted/labels.csv --images implanted \\
  --init bundle --frozen --samples 500 --out run
"""

Images = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, help="Folder of radiographs of intact hands."),
]
Joints = Annotated[
    Path,
    typer.Argument(help="Their annotated joints, in any form that sharp train detector reads."),
]
Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="DIR", help="New or empty folder.", show_default=False),
]
Versions = Annotated[
    int, typer.Option(min=2, help="Versions of each image; the first is left intact.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, implant, EXAMPLES)


def implant(
    images: Images,
    joints: Joints,
    *,
    out: Out,
    versions: Versions = 8,
    seed: options.Seed = 1,
    names: options.Names = None,
) -> None:
    """Add synthetic lesions to the joints of intact hands: patches and labels for classifiers.

    labels.csv names the patch and grade of every joint, for sharp train classifier. Each version of
    an image is a study, damaged like a patient of sharp phantom. Where an
    image shows one hand, the same hand with other lesions stands in for the other one, and both
    are labelled. Every fourth annotated patient is held out for evaluation. After an interruption,
    the same command starts again.
    """
    from sharp_cli.datasets.splits import patient_of, select_hands
    from sharp_cli.synthetic.implanted import write_implanted
    from sharp_cli.synthetic.intact_hands import read_intact_hands

    hands = select_hands(read_intact_hands(joints, images, names), held_out=False)
    patients = len({*map(patient_of, hands)})
    studies = len({hand.image for hand in hands}) * versions
    with progress(studies) as on_progress:
        write_implanted(hands, out, versions=versions, seed=seed, on_progress=on_progress)
    log("done", f"the patches are in {out} (patients: {patients}, studies: {studies})")
