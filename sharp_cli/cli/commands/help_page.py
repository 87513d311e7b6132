"""`sharp help`: what a command's --help prints."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from sharp_cli.cli.command import add_command

EXAMPLES: Final = """\
sharp help
sharp help score
sharp help train classifier
"""

Words = Annotated[
    list[str] | None, typer.Argument(metavar="COMMAND", help="The command, all its words.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, show_help, EXAMPLES, "help")


def show_help(context: typer.Context, words: Words = None) -> None:
    """Explain a command: what --help prints after it."""
    sharp = context.find_root()
    sharp.command.main(args=[*(words or []), "--help"], prog_name=sharp.info_name)
