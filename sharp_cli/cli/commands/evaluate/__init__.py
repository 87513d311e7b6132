"""`sharp evaluate`: results against annotations."""

from __future__ import annotations

import typer

from sharp_cli.cli.commands.evaluate import (
    blanks,
    classification,
    detection,
    hands,
    lesions,
    phantoms,
    robustness,
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Compare results with annotations. Into a pipe, tables are CSV.", no_args_is_help=True
    )
    for command in (detection, classification, hands, blanks, robustness, lesions, phantoms):
        command.register(group)
    app.add_typer(group, name="evaluate")
