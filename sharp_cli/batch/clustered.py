"""Scores the groups of a run on a Ray cluster: each process all of a group, this one names studies.

What a study is called depends on those before it. So processes call it as they like, and here it
gets the name that it would have had, in all that holds it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.batch import replica
from sharp_cli.batch.crew import texts
from sharp_cli.batch.engine import Finished
from sharp_cli.execution.ray_pool import Replicas, connected, place
from sharp_cli.scoring.studies import Names, group_into_studies

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from sharp_cli.batch.replica import Kit, Outcome
    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.studies import Group

_A_GPU: Final = 4
"""So many processes share a GPU, which classifies faster than one of them reads; a choice."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """A Ray cluster.

    Attributes:
        kit: With what its processes score.
        address: See `cluster.connected`.
    """

    kit: Kit
    address: str | None

    def score(
        self, groups: Sequence[Group], todo: Iterable[Group], names: Names, run: Run
    ) -> Generator[Finished]:
        """Score groups; see `engine.Engine`.

        Raises:
            UsageError: The cluster cannot be used; see `cluster.connected`, `cluster.Replicas` and
                `replica.prepare`.
            ModelError: See `replica.prepare`.
        """
        if not groups:
            return
        with connected(self.address):
            kit = replace(self.kit, device=place(self.kit.device))
            replicas = Replicas(
                partial(replica.prepare, kit, groups[0].files[0]),
                cpus=kit.threads,
                gpus=1 / _A_GPU if kit.device == "cuda" else 0,
            )
            outcomes = replicas.map(replica.score, groups, lost=replica.unscored)
            with closing(outcomes):
                for asked, group in zip(groups, todo, strict=True):
                    for file in group.files:
                        run.on_progress(file)
                    outcome = next(outcomes)
                    run.failures += outcome.failures
                    yield _named(outcome, asked, group, names)


def _named(outcome: Outcome, asked: Group, group: Group, names: Names) -> Finished:
    """A group with the names of its studies, which were others where it was scored."""
    there, here = (
        group_into_studies(asked, outcome.radiographs, Names([asked.name])),
        group_into_studies(group, outcome.radiographs, names),
    )
    called = {one.name: other.name for one, other in zip(there, here, strict=True)}
    documents = {
        one.inputs[0].study: _renamed(one, called[one.inputs[0].study]) for one in outcome.documents
    }
    files = {
        called[study]: {**content, **texts(documents[study])}
        for study, content in outcome.made.studies.items()
    }
    return Finished(group, list(documents.values()), outcome.made._replace(studies=files))


def _renamed(study: Document, name: str) -> Document:
    rows: dict[str, Any] = {
        part: tuple(replace(row, study=name) for row in getattr(study, part))
        for part in ("inputs", "hands", "joints", "warnings")
    }
    return replace(study, **rows)
