"""Memory of a process and all that it began, on Linux."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from subprocess import Popen


class Sample(NamedTuple):
    """A look at a process.

    Attributes:
        megabytes: Its memory.
        done: How much of its work was done.
    """

    megabytes: float
    done: int


def watch(
    process: Popen[bytes], done: Callable[[], int] = lambda: 0, *, every: float = 0.5
) -> list[Sample]:
    """Look at a process until it ends.

    Args:
        process: The process.
        done: Tells how much of its work is done.
        every: Seconds between two looks, each of which takes the process some ms.
    """
    samples = []
    while process.poll() is None:
        samples.append(Sample(megabytes(process.pid), done()))
        time.sleep(every)
    return samples


def megabytes(pid: int) -> float:
    """Memory of a process and of those that it began.

    It is the sum of their proportional set sizes (PSS): what several share counts once.
    """
    total = 0
    for one in _tree(pid):
        with suppress(OSError):  # it has ended
            for line in Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines():
                name, *value = line.split()
                if name == "Pss:":
                    total += int(value[0])
    return total / 1024


def while_done(samples: Sequence[Sample], first: int, end: int) -> float:
    """Median memory while `first` to `end` - 1 were done; NaN if nobody looked then."""
    inside = [sample.megabytes for sample in samples if first <= sample.done < end]
    return median(inside) if inside else float("nan")


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in children.read_text(encoding="ascii").split():
                yield from _tree(int(child))
