"""Processes that work ahead: results come in the order of the items, some of which are under way.

Processes, not threads: while a radiograph is read, what decoders print is kept from stderr, which
belongs to the whole process; and damaged files have made decoders end theirs.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@contextmanager
def started(count: int, prepare: Callable[[], None]) -> Iterator[Workers]:
    """Have some processes, which end with the block.

    Args:
        count: How many.
        prepare: Called first in each; a function of a module, or a `functools.partial` of one.
    """
    workers = Workers(count, prepare)
    try:
        yield workers
    finally:
        workers.end()


class Alone:
    """No other process: each item is worked on when its result is asked for."""

    count: Final = 1

    def map(
        self,
        work: Callable[[_Item], _Result],
        items: Iterable[_Item],
        *,
        lost: Callable[[_Item], _Result],  # noqa: ARG002 - as `Workers.map`
    ) -> Iterator[_Result]:
        """The result of each item, in order."""
        return map(work, items)


class Workers:
    """Some processes; see `started`.

    Attributes:
        count: How many there are.
    """

    def __init__(self, count: int, prepare: Callable[[], None]) -> None:
        self.count = count
        self._prepare = prepare
        self._pool = self._new(count)

    def map(
        self,
        work: Callable[[_Item], _Result],
        items: Iterable[_Item],
        *,
        lost: Callable[[_Item], _Result],
    ) -> Iterator[_Result]:
        """The result of each item, in order; one more than there are processes is under way.

        Args:
            work: A function of a module, called in a process.
            items: Taken when there is room for another.
            lost: Gives the result of an item over which a process ended.
        """
        under_way: deque[tuple[_Item, Future[_Result]]] = deque()

        def first() -> _Result:
            item, future = under_way.popleft()
            try:
                return future.result()
            except BrokenProcessPool:
                pass
            others = [other for other, _ in under_way]
            under_way.clear()
            under_way.extend((other, self._submit(work, other)) for other in others)
            return self._apart(work, item, lost)

        for item in items:
            under_way.append((item, self._submit(work, item)))
            if len(under_way) > self.count:
                yield first()
        while under_way:
            yield first()

    def _apart(
        self, work: Callable[[_Item], _Result], item: _Item, lost: Callable[[_Item], _Result]
    ) -> _Result:
        """Work on one of several items over which a process ended: nobody knows over which."""
        pool = self._new(1)
        try:
            return pool.submit(work, item).result()
        except BrokenProcessPool:
            return lost(item)
        finally:
            pool.shutdown()

    def end(self) -> None:
        """Let the processes end with what they are at."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, work: Callable[[_Item], _Result], item: _Item) -> Future[_Result]:
        try:
            return self._pool.submit(work, item)
        except BrokenProcessPool:
            self._pool = self._new(self.count)
            return self._pool.submit(work, item)

    def _new(self, count: int) -> ProcessPoolExecutor:
        # A fork would copy locks that threads of the networks hold.
        return ProcessPoolExecutor(count, get_context("spawn"), _begin, (self._prepare,))


def _begin(prepare: Callable[[], None]) -> None:
    # Ctrl-C reaches every process of a terminal; the first one says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare()


def _end_with_parent() -> None:
    """End this process when the one that began it is gone, however that ended."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
