"""`sharp evaluate hands`: the hand finder against annotated hands."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.commands.evaluate.options import HeldOut, Images, Truth
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log, print_table
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp evaluate hands radiographs joints.csv --held-out
"""

Unchanged = Annotated[bool, typer.Option("--unchanged", help="Use only the original radiographs.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, hands, EXAMPLES)


def hands(
    images: Images,
    truth: Truth,
    *,
    held_out: HeldOut = None,
    unchanged: Unchanged = False,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
) -> None:
    """Measure how well hands are found, on original and on rotated, framed and cropped radiographs.

    The tags of a radiograph are not used. Centre errors are in percent of the length of the hand.
    Images with errors are listed on stderr.
    """
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.datasets.annotations.check import with_patients
    from sharp_cli.datasets.annotations.csv_file import read_annotations
    from sharp_cli.datasets.splits import select_hands
    from sharp_cli.evaluation.hands import measure_hands
    from sharp_cli.inference.hand_finder import HandFinder

    annotated = select_hands(with_patients(read_annotations(truth), images), held_out=held_out)
    finder = HandFinder(open_bundle("hands", bundle), threads=threads or cores())
    with progress(len({hand.image for hand in annotated})) as on_progress:
        tallies = measure_hands(
            finder, annotated, images, unchanged=unchanged, on_progress=on_progress
        )
    for change, tally in tallies.items():
        for kind, names in tally.problems():
            log("note", f"{change}: {kind}: {', '.join(names)}")
    metrics = {change: tally.metrics() for change, tally in tallies.items()}
    columns = next(iter(metrics.values()), {})
    print_table(
        ("pictures", *columns), [(change, *row.values()) for change, row in metrics.items()]
    )
