"""What is asked of many files, in other processes that are ended where no answer comes.

A network mount that does not answer lets whoever asks it wait for ever, and no thread can be ended.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from sharp_cli.core.errors import InputError
from sharp_cli.execution.limits import cores
from sharp_cli.execution.process_pool import Limit, ProcessPool, SerialPool, process_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_Answer = TypeVar("_Answer")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_TOGETHER: Final = 256
"""So many paths are asked about at once, a choice."""


class Asker:
    """Asks about paths."""

    def __init__(self, pool: SerialPool[None] | ProcessPool[None], seconds: float) -> None:
        """Ask in the processes of a pool.

        Args:
            pool: Where.
            seconds: How long an answer may take, where these are others.
        """
        self._pool = pool
        self._seconds = seconds

    def each(
        self, question: Callable[[str], _Answer], paths: Sequence[str]
    ) -> list[_Answer | InputError]:
        """The answer about each path, or why there is none.

        Args:
            question: Raises nothing. A function of a module, or a `functools.partial` of one.
            paths: They may be many.
        """
        parts = [[*paths[at : at + _TOGETHER]] for at in range(0, len(paths), _TOGETHER)]
        found = [*zip(parts, self._together(question, parts), strict=True)]
        # Which path of a part gives no answer shows where they are asked about one by one.
        alone = self._one_by_one(
            question, [path for part, given in found if not given for path in part]
        )
        return [answer for part, given in found for answer in given or islice(alone, len(part))]

    def _together(
        self, question: Callable[[str], _Answer], parts: Iterable[list[str]]
    ) -> Iterator[list[_Answer | InputError] | None]:
        """The answers about each part, None where they were not given or not in time."""
        return self._pool.map(
            partial(_answers, question), parts, on_crash=_nothing, limit=self._limit(_nothing)
        )

    def _one_by_one(
        self, question: Callable[[str], _Answer], paths: Iterable[str]
    ) -> Iterator[_Answer | InputError]:
        return self._pool.map(
            partial(_answer, question), paths, on_crash=_crashed, limit=self._limit(self._late)
        )

    def _limit(self, on_late: Callable[[_Item], _Result]) -> Limit[_Item, _Result]:
        return Limit(lambda _: self._seconds, on_late)

    def _late(self, path: str) -> InputError:
        problem = f"nothing came of it within {self._seconds:g} s; its disk may not answer"
        return _error(path, problem)


HERE: Final = Asker(SerialPool(None), math.inf)
"""Asks in this process, and waits for answers as long as that takes."""


@contextmanager
def asking(seconds: float) -> Iterator[Asker]:
    """Ask in other processes, as many as there are cores, which end with the block.

    Args:
        seconds: How long an answer may take.
    """
    with process_pool(cores(), _nothing_needed) as pool:
        yield Asker(pool, seconds)


def _nothing_needed() -> None:
    """What a process needs to be able to answer."""


def _answers(
    question: Callable[[str], _Answer], state: None, paths: Sequence[str]
) -> list[_Answer | InputError]:
    return [_answer(question, state, path) for path in paths]


def _answer(question: Callable[[str], _Answer], _: None, path: str) -> _Answer | InputError:
    try:
        return question(path)
    except Exception as error:  # noqa: BLE001 - it concerns one path, as in `Run.guard`
        return InputError(f"{path}: unexpected {type(error).__name__}; please report this")


def _nothing(_: Sequence[str]) -> None:
    """What is known of a part whose process ended, or was ended."""


def _crashed(path: str) -> InputError:
    return _error(path, "the process that looked at it ended; it may be damaged")


def _error(path: str, problem: str) -> InputError:
    return InputError(f"{path}: {problem}; repeat the call, or leave it out")
