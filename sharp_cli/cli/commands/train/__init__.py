"""`sharp train`: models from one's own radiographs."""

from __future__ import annotations

from typing import Final

import typer

from sharp_cli.cli.command import epilog
from sharp_cli.cli.commands.train import classifier, detector, hands, trunk

EXAMPLES: Final = """\
sharp train classifier --labels labels.csv --images radiographs --out run
"""


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Train models on one's own radiographs.",
        epilog=epilog(EXAMPLES),
        no_args_is_help=True,
    )
    for command in (hands, detector, trunk, classifier):
        command.register(group)
    app.add_typer(group, name="train")
