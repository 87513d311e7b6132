"""`sharp evaluate`: results against annotations."""

from __future__ import annotations

from typing import Final

import typer

from sharp_cli.cli.command import epilog
from sharp_cli.cli.commands.evaluate import (
    blanks,
    classification,
    crops,
    detection,
    grades,
    hands,
    intact,
    lesions,
    phantoms,
    robustness,
    wrists,
)

EXAMPLES: Final = """\
sharp evaluate classification results.csv labels.csv
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Compare results with annotations. Into a pipe, tables are CSV.",
        epilog=epilog(EXAMPLES),
        no_args_is_help=True,
    )
    for command in (
        *(detection, classification, grades, intact, crops, wrists),
        *(hands, blanks, robustness, lesions, phantoms),
    ):
        command.register(group)
    app.add_typer(group, name="evaluate")
