"""Scores the groups of a run on a Ray cluster, each in one process, all of the way."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from sharp_cli.batch.engine import Finished, time_limit
from sharp_cli.batch.ray_worker import NOTHING, RayWorker, crashed, late, load_ray_worker
from sharp_cli.execution.ray_pool import RayPool, cluster_device, connected
from sharp_cli.scoring.detection import crashed_film, films, late_film

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sharp_cli.batch.ray_worker import ScoredGroup, Setup
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.groups import Group

_A_GPU: Final = 4
"""So many processes have one GPU, which classifies faster than one of them reads; a choice."""


@dataclass(frozen=True, slots=True)
class RayEngine:
    """A Ray cluster.

    Attributes:
        setup: With what its processes score.
        address: See `ray_pool.connected`.
        timeout: Seconds that a radiograph may take; None for the default.
    """

    setup: Setup
    address: str | None
    timeout: float | None = None

    def score(self, groups: Sequence[Group], run: Run) -> Generator[Finished]:
        """Score groups; see `engine.Engine`.

        Raises:
            UsageError: The cluster cannot be used; see `ray_pool.connected`, `ray_pool.RayPool`
                and `ray_worker.load_ray_worker`.
            ModelError: See `ray_worker.load_ray_worker`.
        """
        if not groups:
            return
        with connected(self.address):
            setup = replace(self.setup, device=cluster_device(self.setup.device))
            pool = RayPool(
                partial(load_ray_worker, setup, groups[0].files[0]),
                cpus=setup.threads,
                gpus=1 / _A_GPU if setup.device == "cuda" else 0,
            )
            again: list[Group] = []
            for group, scored in self._scored(pool, groups, run):
                if scored.cut_off and len(group.read) > 1:
                    again.append(group)
                    continue
                run.failures += scored.failures
                yield Finished(group, scored.documents, scored.files)
            yield from self._score_rest(pool, again, run)

    def _scored(
        self, pool: RayPool[RayWorker], groups: Sequence[Group], run: Run
    ) -> Generator[tuple[Group, ScoredGroup]]:
        """Each group, and what became of it."""
        limit = time_limit(self.timeout, late, lambda group: len(group.read))
        with closing(pool.map(RayWorker.score, groups, on_crash=crashed, limit=limit)) as outcomes:
            for group in groups:
                for file in group.files:
                    run.on_progress(file)
                yield group, next(outcomes)

    def _score_rest(
        self, pool: RayPool[RayWorker], groups: Sequence[Group], run: Run
    ) -> Generator[Finished]:
        """Score groups of which nothing came, without the radiographs that it was due to."""
        each = [film for group in groups for film in films(group)]
        limit = time_limit(self.timeout, late_film)
        with closing(
            pool.map(RayWorker.try_film, each, on_crash=crashed_film, limit=limit)
        ) as tried:
            bad = {
                film.file: one.failures
                for film, one in zip(each, tried, strict=True)
                if one.failures
            }
        left = {group.name: group.without(bad) for group in groups}
        results = self._scored(pool, [rest for rest in left.values() if rest.files], run)
        for group in groups:
            scored = next(results)[1] if left[group.name].files else NOTHING
            run.failures += [failure for file in group.files for failure in bad.get(file, ())]
            run.failures += scored.failures
            yield Finished(group, scored.documents, scored.files)
