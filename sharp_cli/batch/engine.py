"""What scores the groups of a run: the local engine on this machine, the Ray engine on many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

from sharp_cli.execution.process_pool import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from sharp_cli.batch.worker import StudyFiles
    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.groups import Group

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

TIMEOUT: Final = 600.0
"""Seconds that a radiograph may take; the slowest take a few: a choice."""


def time_limit(
    timeout: float | None,
    late: Callable[[_Item, float], _Result],
    radiographs: Callable[[_Item], int] = lambda _: 1,
) -> Limit[_Item, _Result]:
    """How long an item may take: so many seconds for each of its radiographs.

    Args:
        timeout: The seconds; None for the default.
        late: Gives the result of an item that took longer, and is told the seconds.
        radiographs: How many an item has.
    """
    seconds = timeout or TIMEOUT
    return Limit(lambda item: seconds * radiographs(item), lambda item: late(item, seconds))


class Finished(NamedTuple):
    """A group that was scored.

    Attributes:
        group: The group.
        documents: The results of its studies.
        files: Their files.
    """

    group: Group
    documents: Sequence[Document]
    files: StudyFiles


class Engine(Protocol):
    """Scores groups."""

    def score(self, groups: Sequence[Group], run: Run) -> Generator[Finished]:
        """Score groups, in order; those over which a process ended may come last.

        Args:
            groups: The groups.
            run: Notes what fails while a group is scored, but for its files, and hears of the
                radiographs that work begins on.
        """
