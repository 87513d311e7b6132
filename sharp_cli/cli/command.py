"""How a command is registered, and how it ends: with an exit code, whatever happens."""

from __future__ import annotations

import os
import textwrap
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec

import typer

from sharp_cli.cli.terminal import log
from sharp_cli.core.errors import ExitCode, SharpError

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")


def add_command(
    app: typer.Typer,
    command: Callable[Arguments, ExitCode | None],
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
    app.command(name, epilog=epilog(examples))(ending_with_exit_code(command))


def epilog(examples: str) -> str:
    r"""The end of a help page: calls of sharp as a shell takes them, kept line by line.

    A line that starts with # says what follows. Long calls are continued with \ at the line's end.
    """
    return "\b\nExamples:\n" + textwrap.indent(examples, "  ")


def ending_with_exit_code(
    command: Callable[Arguments, ExitCode | None],
) -> Callable[Arguments, None]:
    """A command that ends the process with its exit code, whatever happens, without a traceback.

    With SHARP_DEBUG set, an error of sharp itself shows its traceback.
    """

    @wraps(command)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            code = command(*arguments, **options) or ExitCode.DONE
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
        raise typer.Exit(code)

    return run
