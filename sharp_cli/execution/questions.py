"""What is asked of many files, in other processes that are ended where no answer comes.

A network mount that does not answer lets whoever asks it wait for ever, and no thread can be ended.
"""

from __future__ import annotations

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import chain
from multiprocessing import get_context
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from sharp_cli.core.errors import InputError
from sharp_cli.execution.limits import cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection

_Answer = TypeVar("_Answer")

_TOGETHER: Final = 256
"""So many paths are asked about at once, a choice."""

_LOOKS: Final = 10
"""How often one looks within the time that a path may take."""


_SECONDS_TO_END: Final = 1.0
"""After which one no longer waits for a process that was ended: a disk may still hold it."""


class Asker(Protocol):
    """Asks about paths."""

    def each(
        self, question: Callable[[str], _Answer], paths: Sequence[str]
    ) -> list[_Answer | InputError]:
        """The answer about each path, or why there is none.

        Args:
            question: Raises nothing. A function of a module, or a `functools.partial` of one.
            paths: They may be many.
        """


class _Here:
    """Asks in this process, and waits for answers as long as that takes."""

    def each(
        self, question: Callable[[str], _Answer], paths: Sequence[str]
    ) -> list[_Answer | InputError]:
        return [*map(question, paths)]


HERE: Final[Asker] = _Here()


@contextmanager
def asking(seconds: float) -> Iterator[Asker]:
    """Ask in other processes, as many as there are cores, which end with the block.

    Args:
        seconds: How long an answer may take.
    """
    asker = _Elsewhere(seconds)
    try:
        yield asker
    finally:
        asker.end()


class _Elsewhere:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._processes: list[_Process] = []
        self._ended = False

    def each(
        self, question: Callable[[str], _Answer], paths: Sequence[str]
    ) -> list[_Answer | InputError]:
        parts = [paths[at : at + _TOGETHER] for at in range(0, len(paths), _TOGETHER)]
        count = min(cores(), len(parts))
        while len(self._processes) < count:
            self._processes.append(_Process())
        idle: SimpleQueue[_Process] = SimpleQueue()
        for process in self._processes:
            idle.put(process)

        def answers(part: Sequence[str]) -> list[_Answer | InputError]:
            process = idle.get()
            try:
                return self._answers(process, question, part)
            finally:
                idle.put(process)

        with ThreadPoolExecutor(max(count, 1)) as threads:
            try:
                return [*chain.from_iterable(threads.map(answers, parts))]
            except BaseException:
                self._ended = True
                for process in self._processes:
                    process.kill()  # so that the threads do not wait
                raise

    def _answers(
        self, process: _Process, question: Callable[[str], _Answer], paths: Sequence[str]
    ) -> list[_Answer | InputError]:
        """The answers of a process, which is begun anew without a path that it gives none about."""
        silent: dict[int, InputError] = {}
        while True:
            asked = [at for at in range(len(paths)) if at not in silent]
            found, problem = process.ask(question, [paths[at] for at in asked], self._seconds)
            if not problem:
                known = dict(zip(asked, found, strict=True)) | silent
                return [known[at] for at in range(len(paths))]
            if self._ended:
                return []
            at = asked[process.place]
            silent[at] = InputError(f"{paths[at]}: {problem}; repeat the call, or leave it out")
            process.begin()

    def end(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.end()


class _Process:
    """A process that answers."""

    def __init__(self) -> None:
        # A fork costs nothing, and is safe here: no question needs a network, whose threads a fork
        # would lack.
        self._context: Any = get_context("fork" if sys.platform == "linux" else "spawn")
        self._place = self._context.RawValue("Q", 0)
        self.begin()

    @property
    def place(self) -> int:
        """At which of the paths it is."""
        return int(self._place.value)

    def begin(self) -> None:
        """Begin it, or begin it anew."""
        self._ours, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_serve, args=(theirs, self._ours, self._place), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(
        self, question: Callable[[str], Any], paths: Sequence[str], seconds: float
    ) -> tuple[list[Any], str]:
        """The answers, or what is wrong about the path at which it is; it is ended then."""
        self._place.value = 0
        problem = "the process that looked at it ended; it may be damaged"
        with suppress(EOFError, OSError):
            self._ours.send((question, paths))
            looks, before = 0, 0
            while not self._ours.poll(seconds / _LOOKS):
                looks = looks + 1 if self.place == before else 0
                before = self.place
                if looks >= _LOOKS:
                    problem = f"nothing came of it within {seconds:g} s; its disk may not answer"
                    break
            else:
                return self._ours.recv(), ""
        self.end()
        return [], problem

    def kill(self) -> None:
        """End it, whatever it waits for."""
        self._process.kill()

    def end(self) -> None:
        """End it, and what leads to it."""
        self.kill()
        self._process.join(_SECONDS_TO_END)
        self._ours.close()


def _serve(asked: Connection, others: Connection, place: Any) -> None:
    # Ctrl-C reaches every process of a terminal; the first one says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    others.close()  # a fork has both ends, and would not see that the other process is gone
    with suppress(EOFError, OSError):
        while True:
            question, paths = asked.recv()
            answers = []
            for place.value, path in enumerate(paths):
                answers.append(_answer(question, path))
            asked.send(answers)


def _answer(question: Callable[[str], Any], path: str) -> Any:
    try:
        return question(path)
    except Exception as error:  # noqa: BLE001 - it concerns one path, as in `Run.guard`
        return InputError(f"{path}: unexpected {type(error).__name__}; please report this")
