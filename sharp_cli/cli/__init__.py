"""The command line: it parses arguments and prints results.

Nothing here does the work of a command, and nothing heavy is imported before a command runs, so
that help appears at once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from sharp_cli.cli.commands import (
    card,
    classify,
    crop,
    detect,
    doctor,
    evaluate,
    help_page,
    implant,
    import_data,
    labels,
    listen,
    models,
    phantom,
    relabel,
    report,
    score,
    train,
)
from sharp_cli.core.about import __version__
from sharp_cli.core.errors import ExitCode

__all__ = ["app", "main"]

_MEANINGS = {
    ExitCode.DONE: "done",
    ExitCode.FAILED_INPUT: "some input failed; the results of the others are written",
    ExitCode.USAGE: "wrong usage",
    ExitCode.MODEL: "a model bundle is missing or damaged",
    ExitCode.OUTPUT: "an output cannot be written",
    ExitCode.INTERNAL: "an error of sharp itself",
    ExitCode.INTERRUPTED: "interrupted; what was finished is written",
}
_STDERR = 2
_EXIT_CODES = "\n".join(f"  {code.value:<3}  {meaning}" for code, meaning in _MEANINGS.items())
_EPILOG = f"""sharp help COMMAND ends with examples.

\b
Exit codes:
{_EXIT_CODES}

Results are not validated on patients: for research only, not for diagnosis.
"""

app = typer.Typer(
    name="sharp",
    help="Find and classify the joints of the Sharp/van der Heijde score on hand radiographs.",
    epilog=_EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)
for _command in (
    score,
    detect,
    crop,
    classify,
    relabel,
    report,
    labels,
    listen,
    models,
    phantom,
    implant,
    import_data,
    train,
    evaluate,
    doctor,
    card,
    help_page,
):
    _command.register(app)


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"sharp {__version__}")
        raise typer.Exit


@app.callback()
def _sharp(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "-V", "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    _prepare_streams()
    app()


def _prepare_streams() -> None:
    """Let no file take the place of a closed standard stream, and show what stdout cannot encode.

    Otherwise the first file that is opened gets its number, and what libraries print goes there.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
