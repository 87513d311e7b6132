"""What each process of a cluster does for a run over an archive: all of it, group by group."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.batch.crew import Made, make
from sharp_cli.core.errors import UsageError
from sharp_cli.results.run import Run
from sharp_cli.scoring import pipeline
from sharp_cli.scoring.loading import load, open_bundles
from sharp_cli.scoring.studies import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.records import Precision
    from sharp_cli.execution.devices import Device
    from sharp_cli.execution.ray_pool import Origin
    from sharp_cli.results.document import Document, Failure
    from sharp_cli.results.studies import DetectedRadiograph
    from sharp_cli.scoring.loading import Models
    from sharp_cli.scoring.studies import Group

_OWN: dict[str, tuple[Models, pipeline.Scoring]] = {}
"""Those of this process."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What a process needs to score as this one would.

    Attributes:
        origin: This one.
        bundles: See `loading.open_bundles`.
        checksums: Of the bundles, which must be the same there.
        model: See `pipeline.Scoring`, like the next two.
        threshold: See there.
        strict: See there.
        device: See `loading.load`, like the next two; `auto` is a GPU where the cluster has one.
        precision: See there.
        threads: See there.
    """

    origin: Origin
    bundles: tuple[str | None, str | None, str | None]
    checksums: tuple[str, ...]
    model: ModelName
    threshold: float | None
    strict: bool
    device: Device
    precision: Precision
    threads: int


def prepare(kit: Kit, file: str) -> None:
    """Load the models in this process.

    Args:
        kit: With what to score.
        file: A radiograph that must be there.

    Raises:
        UsageError: This machine has other files, another Sharp, other models, or lacks the device.
        ModelError: A bundle is not what it should be.
    """
    kit.origin.enter(file)
    bundles = open_bundles(*kit.bundles)
    if tuple(bundle.sha256 for bundle in bundles) != kit.checksums:
        message = f"{socket.gethostname()}: has other models than there are here; install the same"
        raise UsageError(message)
    models = load(
        bundles,
        device=kit.device,
        precision=kit.precision,
        threads=kit.threads,
        throughput=True,
    )
    _OWN["own"] = (
        models,
        models.scoring(kit.model, threshold=kit.threshold, strict=kit.strict),
    )


class Outcome(NamedTuple):
    """What became of a group; its studies have names that no other group was asked about.

    Attributes:
        radiographs: What was seen, without patches.
        documents: The results of its studies.
        made: The files of these.
        failures: What failed but in `made`.
    """

    radiographs: Sequence[DetectedRadiograph]
    documents: Sequence[Document]
    made: Made
    failures: Sequence[Failure]


def score(group: Group) -> Outcome:
    """Score a group with what this process was given."""
    models, scoring = _OWN["own"]
    run = Run()
    seen = pipeline.see(group, scoring.finder, scoring.detector)
    ((_, studies),) = pipeline.score_groups(
        [(group, seen)], Names([group.name]), scoring, run, together=1
    )
    named = [replace(one, document=models.named_in(one.document)) for one in studies]
    bare = [
        replace(one, hands=tuple(replace(hand, patches=()) for hand in one.hands))
        for one in seen.radiographs
    ]
    return Outcome(bare, [one.document for one in named], make(named), run.failures)


def unscored(group: Group) -> Outcome:
    """What `score` gives where processes ended over a group."""
    return Outcome((), (), Made({}, ()), pipeline.unseen(group).failures)
