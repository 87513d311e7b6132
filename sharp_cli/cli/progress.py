"""How far a command is, on stderr."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sharp_cli.cli.terminal import log
from sharp_cli.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INTERVAL: Final = 60.0
"""Seconds between two lines of progress where stderr is no terminal."""

_RATE_PERIOD: Final = 600.0
"""Seconds over which the rate is measured: files differ in size."""


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show on a terminal which of the inputs is being worked on; elsewhere nothing.

    Args:
        total: Number of inputs.

    Yields:
        A function to call with each input when work on it begins.
    """
    if not _is_terminal():
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
            status.update(f"{done} of {total}: {escape(printable(file))}")

        yield update


@contextmanager
def rated_progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show how far a long run is, how fast it is, and how long it will take.

    On a terminal this is a bar; elsewhere, a line every minute.

    Args:
        total: Number of files.

    Yields:
        A function to call with each file when work on it begins.
    """
    if not _is_terminal():
        yield _Lines(total).update
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{60 * task.speed:.1f} a minute" if task.speed else "")

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, speed_estimate_period=_RATE_PERIOD) as bar:
        task = bar.add_task("", total=total)
        begun = 0

        def update(file: str) -> None:
            nonlocal begun
            bar.update(task, completed=begun, description=printable(file))
            begun += 1

        yield update


def _is_terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


class _Lines:
    """Prints a line of progress now and then."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = -1
        self.start = self.last = time.monotonic()

    def update(self, _: str) -> None:
        """Count a file that work begins on."""
        self.begun += 1
        now = time.monotonic()
        if now - self.last < _INTERVAL or not self.begun:
            return
        self.last = now
        per_minute = 60 * self.begun / (now - self.start)
        minutes = round((self.total - self.begun) / per_minute)
        left = f"{minutes // 60} h {minutes % 60} min left"
        log("note", f"{self.begun} of {self.total} files, {per_minute:.1f} a minute, {left}")
