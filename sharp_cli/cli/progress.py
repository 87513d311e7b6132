"""How far a command is, on stderr."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sharp_cli.cli.terminal import count, log, shows_progress
from sharp_cli.core.printable import duration, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_INTERVAL: Final = 60.0
"""Seconds between two lines of progress where stderr is no terminal."""

_BAR: Final = 20
"""Columns of a bar."""

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
    names = _Names(total)
    if not shows_progress():
        yield names.update
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.status import Status

    with Status("starting", console=Console(stderr=True)) as status:

        def update(file: str) -> None:
            names.update(file)
            status.update(f"{names.begun} of {total}: {escape(printable(file))}")

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
    if not shows_progress():
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
    from rich.table import Column
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{60 * task.speed:.1f} a minute" if task.speed else "")

    # One line in any terminal: the name has what the numbers leave.
    numbers, name = Column(no_wrap=True), Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns = (
        BarColumn(_BAR),
        MofNCompleteColumn(table_column=numbers),
        Rate(table_column=numbers),
        TimeRemainingColumn(table_column=numbers),
        TextColumn("{task.description}", markup=False, table_column=name),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, speed_estimate_period=_RATE_PERIOD, expand=True
    ) as bar:
        task = bar.add_task("", total=total)
        names = _Names(total)

        def update(file: str) -> None:
            bar.update(task, completed=names.begun, description=printable(file))
            names.update(file)

        yield update


class _Names:
    """Logs each input that work begins on, for who asks for details."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = 0

    def update(self, file: str) -> None:
        """Count an input."""
        self.begun += 1
        log("detail", f"{self.begun} of {self.total}: {file}")


class _Lines(_Names):
    """Prints a line of progress now and then, too."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.start = self.last = time.monotonic()

    def update(self, file: str) -> None:
        """Count a file that work begins on."""
        super().update(file)
        done, now = self.begun - 1, time.monotonic()
        if now - self.last < _INTERVAL or not done:
            return
        self.last = now
        per_minute = 60 * done / (now - self.start)
        left = duration((self.total - done) / per_minute)
        log(
            "note", f"{done} of {count(self.total, 'file')}, {per_minute:.1f} a minute, {left} left"
        )
