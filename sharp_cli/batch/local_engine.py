"""Scores the groups of a run here: other processes read and draw, this one classifies."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sharp_cli.batch.engine import Finished, time_limit
from sharp_cli.batch.worker import Worker, crashed_files, load_worker
from sharp_cli.execution.process_pool import process_pool
from sharp_cli.scoring.detection import crashed_film, films, late_film, put_together
from sharp_cli.scoring.score import score_groups
from sharp_cli.scoring.visits import read_once

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from sharp_cli.execution.process_pool import ProcessPool
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.detection import DetectedGroup
    from sharp_cli.scoring.groups import Group
    from sharp_cli.scoring.loading import Models
    from sharp_cli.scoring.score import ScoredStudy
    from sharp_cli.scoring.stages import Scoring


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """This machine.

    Attributes:
        models: Those of `scoring`.
        scoring: How to score.
        timeout: Seconds that a radiograph may take until its joints are detected; None for the
            default.
    """

    models: Models
    scoring: Scoring
    timeout: float | None = None

    def score(self, groups: Sequence[Group], run: Run) -> Generator[Finished]:
        """Score groups; see `engine.Engine`."""
        scored: deque[tuple[Group, list[ScoredStudy]]] = deque()
        with self._pool(sum(len(group.files) for group in groups)) as pool:

            def studies() -> Iterator[list[ScoredStudy]]:
                for group, found in score_groups(
                    self._detected(groups, pool, run), self.scoring, run, together=pool.count
                ):
                    scored.append((group, found))
                    yield found

            for files in pool.map(Worker.make_files, studies(), on_crash=crashed_files):
                group, found = scored.popleft()
                yield Finished(group, [study.document for study in found], files)

    def _pool(self, files: int) -> AbstractContextManager[ProcessPool[Worker]]:
        """What reads radiographs and draws."""
        hands, joints, _ = (bundle.path for bundle in self.models.bundles)
        count = max(1, min(self.models.workers, files))
        return process_pool(count, partial(load_worker, hands, joints))

    def _detected(
        self, groups: Sequence[Group], pool: ProcessPool[Worker], run: Run
    ) -> Iterator[tuple[Group, DetectedGroup]]:
        """Each group with what was detected in it; radiographs are read ahead."""
        limit = time_limit(self.timeout, late_film)
        read = [*read_once(groups)]
        each = (film for group in read for film in films(group))
        found = iter(pool.map(Worker.detect, each, on_crash=crashed_film, limit=limit))
        for group, with_before in zip(groups, read, strict=True):
            for film in films(with_before):
                if film.file in group.files:
                    run.on_progress(film.file)
            yield group, put_together(with_before, found)
