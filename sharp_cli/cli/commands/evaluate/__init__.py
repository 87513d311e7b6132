"""`sharp evaluate`: results against annotations."""

from __future__ import annotations

import typer

from sharp_cli.cli.commands.evaluate import (
    blanks,
    classification,
    crops,
    detection,
    hands,
    intact,
    lesions,
    phantoms,
    robustness,
    wrists,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Compare results with annotations. Into a pipe, tables are CSV.", no_args_is_help=True
    )
    for command in (
        *(detection, classification, intact, crops, wrists),
        *(hands, blanks, robustness, lesions, phantoms),
    ):
        command.register(group)
    app.add_typer(group, name="evaluate")
