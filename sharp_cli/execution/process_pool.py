"""A pool of processes of this machine: results come in the order of the items.

Processes, not threads: while a radiograph is read, what decoders print is kept from stderr, which
belongs to the whole process; and damaged files have made decoders end theirs.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

_State = TypeVar("_State")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Limit(Generic[_Item, _Result]):
    """How long work may take, if not for ever.

    Attributes:
        seconds: That an item may take.
        on_late: Gives the result of an item that took longer; its process is ended.
    """

    seconds: Callable[[_Item], float]
    on_late: Callable[[_Item], _Result]


_TRIES: Final = 2
"""How often an item is begun: its process may have been ended for the memory that others took."""


@contextmanager
def process_pool(count: int, prepare: Callable[[], _State]) -> Iterator[ProcessPool[_State]]:
    """Have some processes, which end with the block; at once, if that is interrupted or fails.

    Args:
        count: How many.
        prepare: Called first in each, for the state that it works with; a function of a module, or
            a `functools.partial` of one.
    """
    pool = ProcessPool(count, prepare)
    try:
        yield pool
    except BaseException:
        pool.end(now=True)
        raise
    pool.end()


class SerialPool(Generic[_State]):
    """No other process: each item is worked on when its result is asked for."""

    count: Final = 1

    def __init__(self, state: _State) -> None:
        self._state = state

    def map(
        self,
        work: Callable[[_State, _Item], _Result],
        items: Iterable[_Item],
        *,
        on_crash: Callable[[_Item], _Result],  # noqa: ARG002 - as `ProcessPool.map`
        limit: Limit[_Item, _Result] | None = None,  # noqa: ARG002 - likewise
    ) -> Iterator[_Result]:
        """The result of each item, in order; nothing limits how long that takes."""
        return map(partial(work, self._state), items)


class ProcessPool(Generic[_State]):
    """Some processes; see `process_pool`.

    Each belongs to a thread here, which hands it one item after another: so it is known over which
    item a process ended. `concurrent.futures.ProcessPoolExecutor` does not know that, and before
    Python 3.11.5 never ends itself if a large item was on its way then.

    Attributes:
        count: How many there are.
    """

    def __init__(self, count: int, prepare: Callable[[], _State]) -> None:
        self.count = count
        self._prepare = prepare
        self._threads = ThreadPoolExecutor(count)
        self._own = threading.local()
        self._begun: list[_Process] = []
        self._is_over = False

    def map(
        self,
        work: Callable[[_State, _Item], _Result],
        items: Iterable[_Item],
        *,
        on_crash: Callable[[_Item], _Result],
        limit: Limit[_Item, _Result] | None = None,
    ) -> Iterator[_Result]:
        """The result of each item, in order; one more than there are processes is under way.

        Args:
            work: A function of a module or a class, called in a process with what `prepare` gave
                there, and an item.
            items: Taken when there is room for another.
            on_crash: Gives the result of an item that ended every process that it was begun in.
            limit: How long an item may take, from when its process is prepared.
        """
        under_way: deque[Future[_Result]] = deque()
        for item in items:
            under_way.append(self._threads.submit(self._ask, work, item, on_crash, limit))
            if len(under_way) > self.count:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()

    def _ask(
        self,
        work: Callable[[_State, _Item], _Result],
        item: _Item,
        on_crash: Callable[[_Item], _Result],
        limit: Limit[_Item, _Result] | None,
    ) -> _Result:
        """What the process of this thread makes of an item."""
        for _ in range(_TRIES):
            if self._is_over:
                break
            process = self._process()
            try:
                answer = process.ask(work, item, limit.seconds(item) if limit else None)
            except _LateError:
                self._own.process = None
                process.kill()
                process.end()
                return limit.on_late(item) if limit else on_crash(item)
            except (EOFError, OSError):  # it has ended
                self._own.process = None
                process.end()
                continue
            if isinstance(answer, _Raised):
                raise answer.error
            result: _Result = answer
            return result
        return on_crash(item)

    def _process(self) -> _Process:
        """That of this thread."""
        process: _Process | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = _Process(self._prepare)
            self._begun.append(process)
            if self._is_over:  # meanwhile
                process.kill()
        return process

    def end(self, *, now: bool = False) -> None:
        """Let the processes end once they have done what they are at, or end them now."""
        self._is_over = now
        for process in self._begun * now:
            process.kill()  # so that the threads do not wait
        self._threads.shutdown(cancel_futures=True)
        for process in self._begun:
            process.end()


class _LateError(Exception):
    """A process has not answered in time."""


class _Raised(NamedTuple):
    """What work raised."""

    error: Exception


class _Process:
    """A process that does what it is asked."""

    def __init__(self, prepare: Callable[[], Any]) -> None:
        # A fork would copy locks that threads of the networks hold.
        context = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare), daemon=True)
        self._process.start()
        # So that the end of the process is the end of what comes from it.
        theirs.close()
        self._is_prepared = False

    def ask(self, work: Callable[[Any, Any], Any], item: Any, seconds: float | None) -> Any:
        """What it makes of an item, or what that raised.

        Raises:
            _LateError: That takes longer than some seconds.
            EOFError: The process has ended.
            OSError: Likewise.
        """
        if not self._is_prepared:
            self._is_prepared = self._ours.recv()
        self._ours.send((work, item))
        if not self._ours.poll(seconds):
            raise _LateError
        return self._ours.recv()

    def kill(self) -> None:
        """End it, whatever it waits for."""
        self._process.kill()

    def end(self) -> None:
        """Let it end once it has done what it is at."""
        self._ours.close()
        self._process.join()


def _serve(asked: Connection, prepare: Callable[[], Any]) -> None:
    # Ctrl-C reaches every process of a terminal; the first one says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    state = prepare()
    with suppress(EOFError):
        asked.send(True)
        while True:
            work, item = asked.recv()
            try:
                answer = work(state, item)
            except Exception as error:  # noqa: BLE001 - it is raised where the result is asked for
                answer = _Raised(error)
            asked.send(answer)


def _end_with_parent() -> None:
    """End this process when the one that began it is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
