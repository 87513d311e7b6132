"""What every command does on the terminal: messages, progress, and errors as exit codes."""

# ruff: noqa: PLC0415 - loaded where it is used, so that help comes at once

from __future__ import annotations

import csv
import io
import logging
import os
import sys
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, ParamSpec

import typer

from sharp_cli.core.errors import SharpError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run

INTERRUPTED: Final = 130
_FAILED: Final = 1
_INTERNAL: Final = 70
_TRAINING: Final = (
    "torch", "torchvision", "deeplabcut", "matplotlib", "onnx", "onnxscript", "optuna", "sklearn",
)  # fmt: skip

Arguments = ParamSpec("Arguments")


def exit_code(run: Run) -> int:
    """The exit code of a command that came to its end."""
    if run.interrupted:
        return INTERRUPTED
    return _FAILED if run.failures else 0


def guarded(command: Callable[Arguments, int]) -> Callable[Arguments, None]:
    """A command that ends the process with its exit code, whatever happens, without a traceback.

    With SHARP_DEBUG set, an error of sharp itself shows its traceback.
    """

    @wraps(command)
    def run(*arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            code = command(*arguments, **options)
        except SharpError as error:
            say("error", str(error))
            code = error.exit_code
        except KeyboardInterrupt:
            code = INTERRUPTED
        except Exception as error:
            if os.environ.get("SHARP_DEBUG"):
                raise
            # The type only: a library's message may quote what a file says of a patient.
            kind = type(error).__name__
            say("error", f"unexpected {kind}; please report this, with what SHARP_DEBUG=1 shows")
            code = _INTERNAL
        raise typer.Exit(code)

    return run


def say(kind: str, message: str) -> None:
    """Print a message to stderr."""
    print(f"{kind}: {message}", file=sys.stderr, flush=True)  # noqa: T201 - prints is what it does


def tell(document: Document, run: Run) -> None:
    """Print the warnings and failures of a command to stderr."""
    from sharp_cli.core.about import NOTICE

    for warning in document.warnings:
        say("warning", f"{warning.file}: {warning.message}")
    for reason in dict.fromkeys(failure.reason for failure in run.failures):
        say("error", reason)
    if run.interrupted:
        say("error", "interrupted; what was finished is written")
    if document.model is not None and not document.validated_on_patients:
        say("note", NOTICE)


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table to stdout: drawn on a terminal, else as CSV."""
    from sharp_cli.fileio import output

    cells = [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    if not is_terminal():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([columns, *cells])
        output.write_stdout(text.getvalue().encode())
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(column.replace("_", " ") for column in columns))
    for row in cells:
        table.add_row(*map(escape, row))
    Console().print(table)


def require_training() -> None:
    """See that what only training needs is installed.

    Raises:
        UsageError: It is not.
    """
    missing = [name for name in _TRAINING if find_spec(name) is None]
    if missing:
        message = f"{', '.join(missing)} not installed; run: pip install 'sharp-cli[train]'"
        raise UsageError(message)


def begin_training() -> None:
    """See that what training needs is installed, and let its progress be told on stderr.

    Raises:
        UsageError: Something is not installed.
    """
    require_training()
    # What other libraries tell stays out.
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("sharp_cli").setLevel(logging.INFO)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show on a terminal's stderr which of the inputs is being worked on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.status import Status

    done = 0
    with Status("starting", console=Console(stderr=True)) as status:

        def update(file: str) -> None:
            nonlocal done
            done += 1
            status.update(f"{done} of {total}: {escape(file)}")

        yield update
