"""`sharp models`: the bundled models, and models from elsewhere."""

from __future__ import annotations

import textwrap
from typing import Final

import typer

from sharp_cli.cli import terminal
from sharp_cli.cli.command import add_command, ending_with_exit_code, epilog
from sharp_cli.cli.commands.models import export, import_dlc, pull, push, verify

EXAMPLES: Final = """\
sharp models list
sharp models verify
"""

LIST_EXAMPLES: Final = """\
sharp models list
"""

_COLUMNS: Final = ("kind", "name", "version", "size", "sha256", "validated_on_patients", "terms")


def register(app: typer.Typer) -> None:
    """Add the group, which lists the bundled models where no command of it is named."""
    group = typer.Typer(epilog=epilog(EXAMPLES))
    group.callback(invoke_without_command=True)(models)
    add_command(group, list_models, LIST_EXAMPLES, "list")
    for command in (import_dlc, verify, pull, push, export):
        command.register(group)
    app.add_typer(group, name="models")


def models(context: typer.Context) -> None:
    """The bundled models, and models from elsewhere. Without a command: list the bundled ones."""
    if context.invoked_subcommand is None:
        ending_with_exit_code(list_models)()


def list_models() -> None:
    """List the bundled models, and what they may be used for; into a pipe, as CSV."""
    from sharp_cli.bundles.store import bundled

    read = terminal.is_terminal()
    found = bundled()
    rows = []
    for bundle in found:
        size = sum(file.stat().st_size for file in bundle.path.iterdir())
        rows.append(
            (
                bundle.kind,
                bundle.meta["name"],
                bundle.meta["version"],
                f"{size / 1e6:.1f} MB" if read else size,
                bundle.sha256,
                "yes" if bundle.validated_on_patients else "no",
                " ".join(bundle.terms),
            )
        )
    if not read:
        terminal.print_table(_COLUMNS, rows)
        return
    terminal.print_table(_COLUMNS[:-1], [row[:-1] for row in rows])
    for line in dict.fromkeys(line for bundle in found for line in bundle.terms):
        typer.echo(textwrap.fill(line, terminal.width()))
