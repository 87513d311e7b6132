"""Processes that are timed, or that keep what they load out of the process that measures."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def sharp(*arguments: str) -> list[str]:
    """The command `sharp` of the interpreter that runs this."""
    return [sys.executable, "-m", "sharp_cli", *arguments]


def seconds(command: list[str], times: int) -> list[float]:
    """How long a command takes from beginning to end, each time in a new process.

    Raises:
        subprocess.CalledProcessError: It fails.
    """
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        spent.append(time.perf_counter() - start)
    return spent


def in_new_process(
    work: Callable[_Arguments, _Result], *args: _Arguments.args, **options: _Arguments.kwargs
) -> _Result:
    """What a function of a module gives in a new process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *args, **options).result()
