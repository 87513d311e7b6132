"""What each process of a cluster does for a run: it scores groups, all of the way."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli.batch.worker import StudyFiles, make_files
from sharp_cli.core.errors import UsageError
from sharp_cli.results.run import Run
from sharp_cli.scoring.detection import (
    DetectedFilm,
    Film,
    crashed_film,
    detect_film,
    detect_group,
    late_film,
)
from sharp_cli.scoring.loading import load, open_bundles
from sharp_cli.scoring.score import score_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import MissingRule, Precision
    from sharp_cli.execution.devices import Device
    from sharp_cli.execution.ray_pool import Driver
    from sharp_cli.results.document import Document, Failure
    from sharp_cli.scoring.groups import Group
    from sharp_cli.scoring.not_assessable import NotAssessable
    from sharp_cli.scoring.stages import Scoring


@dataclass(frozen=True, slots=True)
class Setup:
    """What a process needs to score as the driver would.

    Attributes:
        driver: The process that it works for.
        bundles: See `loading.open_bundles`.
        checksums: Of the bundles, which must be the same there.
        trust: Of those that are validated on patients; see `store.open_bundle`.
        model: See `stages.Scoring`, like the next six.
        threshold: See there.
        prevalence: See there.
        strict: See there.
        missing: See there.
        not_assessable: See there.
        mask_annotations: See there.
        device: See `loading.load`, like the next two; `auto` is a GPU where the cluster has one.
        precision: See there.
        threads: See there.
    """

    driver: Driver
    bundles: tuple[str | None, str | None, str | None]
    checksums: tuple[str, ...]
    trust: tuple[str, ...]
    model: ModelName
    threshold: float | None
    prevalence: Prevalence | None
    strict: bool
    missing: MissingRule
    not_assessable: NotAssessable
    mask_annotations: bool
    device: Device
    precision: Precision
    threads: int


class ScoredGroup(NamedTuple):
    """What became of a group.

    Attributes:
        documents: The results of its studies.
        files: Their files.
        failures: What failed but for the files.
        cut_off: Whether nothing came of it, over one of its radiographs or another.
    """

    documents: Sequence[Document]
    files: StudyFiles
    failures: Sequence[Failure]
    cut_off: bool = False


NOTHING: Final = ScoredGroup((), StudyFiles({}, ()), ())
"""What becomes of no radiographs."""


@dataclass(frozen=True, slots=True)
class RayWorker:
    """A process of a cluster.

    Attributes:
        scoring: How to score.
    """

    scoring: Scoring

    def score(self, group: Group) -> ScoredGroup:
        """Score a group."""
        run = Run()
        detected = detect_group(group, self.scoring.finder, self.scoring.detector, grey=True)
        ((_, studies),) = score_groups([(group, detected)], self.scoring, run, together=1)
        documents = [study.document for study in studies]
        return ScoredGroup(documents, make_files(studies), run.failures)

    def try_film(self, film: Film) -> DetectedFilm:
        """Detect the hands and joints of a radiograph, and give nothing back: only that it ends."""
        detect_film(film, self.scoring.finder, self.scoring.detector)
        return DetectedFilm()


def load_ray_worker(setup: Setup, file: str) -> RayWorker:
    """Load the models in a process of a cluster.

    Args:
        setup: With what to score.
        file: A radiograph that must be there.

    Raises:
        UsageError: This machine has other files, another Sharp, other models, or lacks the device.
        ModelError: A bundle is not what it should be.
    """
    setup.driver.join(file)
    bundles = open_bundles(*setup.bundles, setup.trust)
    if tuple(bundle.sha256 for bundle in bundles) != setup.checksums:
        message = f"{socket.gethostname()}: has other models than there are here; install the same"
        raise UsageError(message)
    models = load(
        bundles,
        device=setup.device,
        precision=setup.precision,
        threads=setup.threads,
        throughput=True,
    )
    return RayWorker(
        models.scoring(
            setup.model,
            threshold=setup.threshold,
            prevalence=setup.prevalence,
            strict=setup.strict,
            missing=setup.missing,
            not_assessable=setup.not_assessable,
            mask_annotations=setup.mask_annotations,
        )
    )


def crashed(group: Group) -> ScoredGroup:
    """What `RayWorker.score` gives where every process ended that worked on a group."""
    return _cut_off(crashed_film(Film(file)) for file in group.files)


def late(group: Group, seconds: float) -> ScoredGroup:
    """What `RayWorker.score` gives where it takes longer than some seconds for each file."""
    return _cut_off(late_film(Film(file), seconds) for file in group.files)


def _cut_off(found: Iterable[DetectedFilm]) -> ScoredGroup:
    failures = [failure for one in found for failure in one.failures]
    return NOTHING._replace(failures=failures, cut_off=True)
