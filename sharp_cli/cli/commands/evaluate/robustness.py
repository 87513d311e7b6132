"""`sharp evaluate robustness`: hands and joints on changed radiographs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import Images, Truth
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import print_table
from sharp_cli.execution.limits import cores

if TYPE_CHECKING:
    from sharp_cli.datasets.annotations.hands import AnnotatedHand

EXAMPLES: Final = """\
sharp evaluate robustness radiographs joints.csv --detector my-joints
# radiographs that the detector learned from
sharp evaluate robustness radiographs joints.csv --folds work/joints
"""

_COLUMNS: Final = (
    "change", "severity", "hands", "found_hands", "wrong_side", "joints", "found", "median",
)  # fmt: skip

Folds = Annotated[
    Path | None,
    typer.Option(
        metavar="WORK",
        exists=True,
        file_okay=False,
        help="Folder --work of sharp train detector: use for each image the detector of the fold "
        "that holds it out.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, robustness, EXAMPLES)


def robustness(
    images: Images,
    truth: Truth,
    *,
    folds: Folds = None,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
    detector: options.JointsBundle = None,
) -> None:
    """Measure how well hands and joints are found on changed radiographs, by kind and degree.

    The first row is for the original radiographs; their tags are not used. `found_hands` includes
    those of the wrong side. `found` is the percentage of joints within 15 % of the hand's median
    proximal phalanx length, none on a hand that is not found or of the wrong side; `median` is the
    median distance in the same unit. Joints outside the image are not counted.
    """
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.annotations.csv_file import read_annotations
    from sharp_cli.evaluation.robustness import measure_robustness
    from sharp_cli.inference.hand_finder import HandFinder
    from sharp_cli.inference.joint_detector import JointDetector
    from sharp_cli.training.detector.fold_files import read_folds

    annotated = read_annotations(truth)
    threads = threads or cores()
    assigned: list[tuple[str | Path | None, list[AnnotatedHand]]] = [(detector, annotated)]
    if folds is not None:
        own = [(fold.bundle, {hand.image for hand in fold.hands}) for fold in read_folds(folds)]
        assigned = [
            (path, [hand for hand in annotated if hand.image in images_]) for path, images_ in own
        ]
    finder = HandFinder(open_bundle("hands", bundle), threads=threads)
    parts = (
        (JointDetector(open_bundle("joints", one), threads=threads), own) for one, own in assigned
    )
    with progress(len({hand.image for _, own in assigned for hand in own})) as on_progress:
        measured = measure_robustness(finder, parts, images, on_progress=on_progress)
    print_table(_COLUMNS, [[getattr(row, column) for column in _COLUMNS] for row in measured])
