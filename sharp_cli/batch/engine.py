"""What scores the groups of a run over an archive: `local` on this machine, `clustered` on many."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from sharp_cli.batch.crew import Made
    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.studies import Group, Names


class Finished(NamedTuple):
    """A group that was scored.

    Attributes:
        group: The group.
        documents: The results of its studies.
        made: Their files.
    """

    group: Group
    documents: Sequence[Document]
    made: Made


class Engine(Protocol):
    """Scores groups."""

    def score(
        self, groups: Sequence[Group], todo: Iterable[Group], names: Names, run: Run
    ) -> Generator[Finished]:
        """Score groups, in order.

        Args:
            groups: The groups, whose files may be read ahead.
            todo: The same under the names that they are to have; of each this is known once the
                one before it is finished.
            names: Gives names where a group is more than one study.
            run: Notes what fails while a group is scored, and is told of files.
        """
