"""`sharp evaluate blanks`: the hand finder on images without a hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sharp_cli.cli import options
from sharp_cli.cli.command import add_command
from sharp_cli.cli.progress import progress
from sharp_cli.cli.terminal import log, print_table
from sharp_cli.core.errors import ExitCode, RadiographError
from sharp_cli.execution.limits import cores

EXAMPLES: Final = """\
sharp evaluate blanks pictures-without-hands
"""

Pictures = Annotated[
    Path,
    typer.Argument(exists=True, file_okay=False, help="Folder of images without a hand."),
]
Drawn = Annotated[
    int, typer.Option(min=0, help="Number of synthetic negative images to use as well.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, blanks, EXAMPLES)


def blanks(
    pictures: Pictures,
    *,
    drawn: Drawn = 200,
    threads: options.Threads = None,
    bundle: options.HandsBundle = None,
) -> ExitCode:
    """Count the hands that are found on images without one, and the highest score there."""
    from sharp_cli.bundles.store import open_bundle
    from sharp_cli.evaluation.hands import NegativeImage, measure_negative_images

    opened = open_bundle("hands", bundle)
    files = sorted(path for path in pictures.iterdir() if path.is_file())
    measured = measure_negative_images(opened, files, synthetic=drawn, threads=threads or cores())
    groups: dict[str, list[NegativeImage]] = {}
    failed = False
    with progress(len(files) + drawn) as on_progress:
        for one in measured:
            if isinstance(one, RadiographError):
                log("error", str(one))
                failed = True
                continue
            on_progress(one.name)
            groups.setdefault(one.group, []).append(one)
            if one.hands:
                log("note", f"hand found: {one.group} {one.name}")
    rows = []
    for group, members in groups.items():
        best = max(members, key=lambda one: one.score)
        rows.append((group, len(members), sum(o.hands for o in members), best.score, best.name))
    print_table(("group", "pictures", "hands", "highest_score", "of"), rows)
    return ExitCode.FAILED_INPUT if failed else ExitCode.DONE
