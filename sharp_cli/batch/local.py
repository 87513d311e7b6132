"""Scores the groups of a run here: other processes read and draw, this one classifies."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.crew import equip, make, prepare, see, unmade
from sharp_cli.batch.engine import Finished
from sharp_cli.execution.process_pool import Alone, Workers, started
from sharp_cli.scoring import pipeline

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sharp_cli.results.run import Run
    from sharp_cli.scoring.loading import Models
    from sharp_cli.scoring.pipeline import Scored, Scoring, Seen
    from sharp_cli.scoring.studies import Group, Names

_MANY: Final = 8
"""From so many groups on, other processes read radiographs while this one classifies."""


@dataclass(frozen=True, slots=True)
class Local:
    """This machine.

    Attributes:
        models: Those of `scoring`.
        scoring: How to score.
    """

    models: Models
    scoring: Scoring

    def score(
        self, groups: Sequence[Group], todo: Iterable[Group], names: Names, run: Run
    ) -> Generator[Finished]:
        """Score groups; see `engine.Engine`."""
        waiting: deque[tuple[Group, list[Scored]]] = deque()

        def seen(crew: Alone | Workers) -> Iterator[tuple[Group, Seen]]:
            found = iter(crew.map(see, groups, lost=pipeline.unseen))
            for group in todo:
                for file in group.files:
                    run.on_progress(file)
                yield group, next(found)

        def scored(crew: Alone | Workers) -> Iterator[list[Scored]]:
            for group, studies in pipeline.score_groups(
                seen(crew), names, self.scoring, run, together=crew.count
            ):
                named = [
                    replace(one, document=self.models.named_in(one.document)) for one in studies
                ]
                waiting.append((group, named))
                yield named

        with self._crew(len(groups)) as crew:
            for made in crew.map(make, scored(crew), lost=unmade):
                group, studies = waiting.popleft()
                yield Finished(group, [study.document for study in studies], made)

    def _crew(self, groups: int) -> AbstractContextManager[Alone | Workers]:
        """Who reads radiographs and draws: for a few groups no other process is begun."""
        if groups < _MANY:
            equip(self.scoring.finder, self.scoring.detector)
            return nullcontext(Alone())
        hands, joints, _ = (bundle.path for bundle in self.models.bundles)
        return started(self.models.workers, partial(prepare, hands, joints))
