"""How a command is registered, and how it ends: with an exit code, whatever happens."""

from __future__ import annotations

import inspect
import os
import sys
import textwrap
import time
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sharp_cli.cli.help import Command
from sharp_cli.cli.terminal import log, messages
from sharp_cli.core.about import __version__
from sharp_cli.core.errors import ExitCode, OutputError, SharpError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Function = Callable[..., ExitCode | None]

Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print errors only, beside what goes to stdout.")
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Print each step, too.")]
LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log-file",
        metavar="FILE",
        dir_okay=False,
        help="Add every message to this file, with its time.",
    ),
]

_MESSAGES: Final = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option)
    for name, option, default in (
        ("quiet", Quiet, False),
        ("verbose", Verbose, False),
        ("log_file", LogFile, None),
    )
]
"""The options of every command that say where its messages go."""


def add_command(
    app: typer.Typer,
    command: Function,
    examples: str,
    name: str | None = None,
) -> None:
    """Register a command.

    Args:
        app: The command or group that it belongs to.
        command: The function; its signature gives the options, its docstring the help.
        examples: Calls that end its help, see `epilog`.
        name: If not that of the function.
    """
    app.command(name, cls=Command, epilog=epilog(examples))(ending_with_exit_code(command))


def epilog(examples: str) -> str:
    r"""The end of a help page: calls of sharp as a shell takes them, kept line by line.

    A line that starts with # says what follows. Long calls are continued with \ at the line's end.
    """
    return "\b\nExamples:\n" + textwrap.indent(examples, "  ")


def ending_with_exit_code(command: Function) -> Callable[..., None]:
    """A command that ends the process with its exit code, and takes the options of messages."""

    @wraps(command)
    def run(
        *arguments: Any,
        quiet: bool = False,
        verbose: bool = False,
        log_file: Path | None = None,
        **options: Any,
    ) -> None:
        try:
            with messages(quiet=quiet, verbose=verbose, log_file=log_file):
                code = _exit_code(partial(command, *arguments, **options))
        except OutputError as error:  # of the log file
            log("error", str(error))
            code = error.exit_code
        raise typer.Exit(code)

    own = inspect.signature(command, eval_str=True)
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), *_MESSAGES]
    )
    return run


def _exit_code(call: Function) -> ExitCode:
    """How a call ends, whatever happens, without a traceback.

    With SHARP_DEBUG set, an error of sharp itself shows its traceback.
    """
    begun = time.monotonic()
    log("detail", f"sharp {__version__}, Python {sys.version.split()[0]}")
    try:
        code = call() or ExitCode.DONE
    except SharpError as error:
        log("error", str(error))
        code = error.exit_code
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    except Exception as error:
        if os.environ.get("SHARP_DEBUG"):
            raise
        # The type only: a library's message may quote what a file says of a patient.
        kind = type(error).__name__
        log("error", f"unexpected {kind}; please report this, with what SHARP_DEBUG=1 shows")
        code = ExitCode.INTERNAL
    log("detail", f"exit code {code.value} after {time.monotonic() - begun:.1f} s")
    return code


@contextmanager
def resumable(place: Path) -> Iterator[None]:
    """Say how to resume if the work that fills a folder is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        log("stopped", f"the same command goes on from what is in {place}")
        raise
