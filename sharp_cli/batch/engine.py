"""What scores the groups of a run: the local engine on this machine, the Ray engine on many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sharp_cli.batch.worker import StudyFiles
    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.groups import Group


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
        """Score groups, in order.

        Args:
            groups: The groups.
            run: Notes what fails while a group is scored, but for its files, and hears of the
                radiographs that work begins on.
        """
