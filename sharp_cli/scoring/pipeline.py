"""The order of the stages: read, find hands, detect joints, crop, classify.

`score` is `detect`, `crop` and `classify` after one another. What they hand on is the same in
memory as in the documents and patches they write, so both ways give the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from sharp_cli import radiograph
from sharp_cli.core.errors import (
    DocumentError,
    IncompleteStudyError,
    RadiographError,
)
from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.core.records import Patch
from sharp_cli.inference.crop import crop as cut
from sharp_cli.results import overlay
from sharp_cli.results.assemble import assemble, keep, points_of, with_results
from sharp_cli.results.document import Document, Failure, InputRow, PatchRow
from sharp_cli.results.inputs import reread
from sharp_cli.results.run import Run
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.radiographs import detected_radiographs
from sharp_cli.scoring.studies import group_into_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Classification, Hand, Point, Radiograph
    from sharp_cli.results.studies import DetectedRadiograph, Study
    from sharp_cli.scoring.plan import Plan
    from sharp_cli.scoring.studies import Group, Names

    Patches = Mapping[Side, Sequence[Patch]]


class Finder(Protocol):
    """Finds hands, as `hands.HandFinder` does."""

    def find(self, radiograph: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        """The hands of a picture, and what had to be assumed."""


class Detector(Protocol):
    """Detects joints, as `detect.JointDetector` does."""

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """The hand with its frame refined, and its points."""


class Classifier(Protocol):
    """Classifies patches, as `classify.Classifier` does."""

    def classify(
        self, studies: Sequence[Patches], model: ModelName, *, threshold: float | None
    ) -> Sequence[tuple[Classification, ...]]:
        """The classifications of each study."""


def detect(files: Sequence[str], finder: Finder, detector: Detector, run: Run) -> Document:
    """Find the hands and joints of radiographs.

    Args:
        files: Radiographs, folders and patterns, see `archive.discover`.
        finder: Finds hands.
        detector: Detects joints.
        run: Notes what fails.
    """
    work = plan(files)
    run.failures += work.failures
    documents = []
    with run.interruptible():
        for group in work.groups:
            seen = see(group, finder, detector, run.on_progress, patches=False)
            run.failures += seen.failures
            studies = group_into_studies(group, seen.radiographs, work.names)
            documents += [assemble([one], (), ()) for one in studies]
    return joined(assemble((), work.warnings, run.failures), documents)


def crop(document: Document, save: Callable[[PatchRow, Patch], None], run: Run) -> Document:
    """Cut the patches of a document's hands, reading its radiographs anew.

    Args:
        document: What `detect` gave.
        save: Keeps a patch under the name that its row gives; called once a joint.
        run: Notes what fails.

    Returns:
        The document with its patches, without the radiographs that failed.
    """
    done: set[tuple[str, str]] = set()
    patches: list[PatchRow] = []
    with run.interruptible():
        for study in document.split().values():
            for row in study.inputs:
                run.on_progress(row.file)
                with run.guard(row.file):
                    patches += _cut_radiograph(study, row, save)
                    done.add((row.study, row.file))
    return keep(replace(document, patches=tuple(patches)), done, run.failures)


def classify(
    document: Document,
    load: Callable[[PatchRow], NDArray[np.uint16]],
    classifier: Classifier,
    run: Run,
    *,
    model: ModelName,
    threshold: float | None = None,
    strict: bool = False,
) -> Document:
    """Classify the patches of a document.

    Args:
        document: What `crop` gave.
        load: Reads the pixels of a patch.
        classifier: Classifies patches.
        run: Notes what fails.
        model: The model to classify with.
        threshold: From which probability on a joint is non-intact; None for the bundle's own.
        strict: Whether a study in which the model lacks an input fails.
    """
    documents = []
    with run.interruptible():
        for name, study in document.split().items():
            files = [row.file for row in study.inputs]
            run.on_progress(", ".join(files))
            with run.guard(*files):
                patches = _load_patches(study, load)
                if strict:
                    _require_all(patches, files, model)
                (result,) = classifier.classify([patches], model, threshold=threshold)
                study = replace(study, patches=())  # noqa: PLW2901 - they are not handed on
                documents.append(with_results(study, {name: result}, model, threshold))
    start = with_results(keep(document, (), run.failures), {}, model, threshold)
    return joined(start, documents)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in the files of a group.

    Attributes:
        radiographs: What became of them.
        grey: Their pixels as `overlay.draw` takes them, by file.
        failures: The files that failed.
    """

    radiographs: Sequence[DetectedRadiograph]
    grey: Mapping[str, NDArray[np.uint8]]
    failures: Sequence[Failure]


def see(
    group: Group,
    finder: Finder,
    detector: Detector,
    tell: Callable[[str], None] = lambda _: None,
    *,
    patches: bool = True,
) -> Seen:
    """Read the files of a group, and find their hands and joints.

    Args:
        group: The files.
        finder: Finds hands.
        detector: Detects joints.
        tell: Told of each file.
        patches: Whether to cut the patches of the joints.
    """
    run = Run()
    radiographs: list[DetectedRadiograph] = []
    grey = {}
    for file in group.files:
        tell(file)
        with run.guard(file):
            picture = radiograph.read(file)
            hands, warnings = finder.find(picture)
            found = [detector.detect(picture, hand) for hand in hands]
            radiographs += detected_radiographs(picture, found, warnings, patches=patches)
            grey[file] = overlay.to_grey(picture.pixels)
    return Seen(radiographs, grey, run.failures)


def unseen(group: Group) -> Seen:
    """What was seen where the process that read a group's files ended."""
    return Seen((), {}, [lost(file) for file in group.files])


def lost(file: str) -> Failure:
    """The failure of a file over which a process ended."""
    reason = (
        f"{file}: the process that worked on it ended; it may be damaged, or there was not enough "
        "memory"
    )
    return Failure(file, RadiographError.__name__, reason)


@dataclass(frozen=True, slots=True)
class Scoring:
    """How to score.

    Attributes:
        finder: Finds hands.
        detector: Detects joints.
        classifier: Classifies patches.
        model: The model to classify with.
        threshold: From which probability on a joint is non-intact; None for the bundle's own.
        strict: Whether a study in which the model lacks an input fails.
    """

    finder: Finder
    detector: Detector
    classifier: Classifier
    model: ModelName
    threshold: float | None = None
    strict: bool = False


def score(
    files: Sequence[str],
    finder: Finder,
    detector: Detector,
    classifier: Classifier,
    run: Run,
    *,
    model: ModelName,
    threshold: float | None = None,
    strict: bool = False,
) -> Document:
    """Find and classify the joints of radiographs; see `score_plan`, `Scoring` and `plan`."""
    scoring = Scoring(finder, detector, classifier, model, threshold, strict)
    return score_plan(plan(files), scoring, run)


def score_plan(work: Plan, scoring: Scoring, run: Run) -> Document:
    """Find and classify the joints of all radiographs of a plan.

    Args:
        work: What to score.
        scoring: How to.
        run: Notes what fails.
    """
    run.failures += work.failures
    documents: list[Document] = []

    def look(group: Group) -> Seen:
        return see(group, scoring.finder, scoring.detector, run.on_progress)

    with run.interruptible():
        groups = zip(work.groups, map(look, work.groups), strict=True)
        for _, studies in score_groups(groups, work.names, scoring, run, together=1):
            documents += [study.document for study in studies]
    start = assemble((), work.warnings, run.failures)
    return joined(with_results(start, {}, scoring.model, scoring.threshold), documents)


@dataclass(frozen=True, slots=True)
class Scored:
    """A study that was scored.

    Attributes:
        document: Its results.
        grey: The pixels of its radiographs as `overlay.draw` takes them, by file.
    """

    document: Document
    grey: Mapping[str, NDArray[np.uint8]]


def score_groups(
    groups: Iterable[tuple[Group, Seen]], names: Names, scoring: Scoring, run: Run, *, together: int
) -> Iterator[tuple[Group, list[Scored]]]:
    """Classify the joints of one group after another; no more is kept in memory.

    Args:
        groups: Files that may be one study, and what was seen in them.
        names: Gives names where a group is more than one study.
        scoring: How to.
        run: Notes what fails.
        together: So many groups are classified at once.

    Yields:
        Each group with its studies; failures are left to `run`.
    """
    waiting = []
    for group, seen in groups:
        run.failures += seen.failures
        waiting.append((group, group_into_studies(group, seen.radiographs, names), seen.grey))
        if len(waiting) == together:
            yield from _score(waiting, scoring, run)
            waiting = []
    if waiting:
        yield from _score(waiting, scoring, run)


def _score(
    groups: Sequence[tuple[Group, Sequence[Study], Mapping[str, NDArray[np.uint8]]]],
    scoring: Scoring,
    run: Run,
) -> Iterator[tuple[Group, list[Scored]]]:
    """Classify all studies of some groups at once."""
    model, threshold = scoring.model, scoring.threshold
    able = []
    for study in (study for _, studies, _ in groups for study in studies):
        files = [radiograph.file for radiograph in study.radiographs]
        with run.guard(*files):
            if scoring.strict:
                _require_all(study.patches, files, model)
            able.append(study)
    results: dict[str, tuple[Classification, ...]] = {}
    with run.guard(*(radiograph.file for study in able for radiograph in study.radiographs)):
        found = scoring.classifier.classify(
            [study.patches for study in able], model, threshold=threshold
        )
        results = {study.name: result for study, result in zip(able, found, strict=True)}
    for group, studies, grey in groups:
        yield (
            group,
            [
                Scored(
                    with_results(
                        assemble([study], (), ()),
                        {study.name: results[study.name]},
                        model,
                        threshold,
                    ),
                    {radiograph.file: grey[radiograph.file] for radiograph in study.radiographs},
                )
                for study in studies
                if study.name in results
            ],
        )


def joined(start: Document, studies: Iterable[Document]) -> Document:
    """A document with the rows of others after its own; it has its own failures only."""
    parts = [start, *studies]
    rows: dict[str, Any] = {
        name: tuple(row for part in parts for row in getattr(part, name))
        for name in ("inputs", "hands", "joints", "patches", "warnings")
    }
    return replace(start, **rows)


def _cut_radiograph(
    study: Document, row: InputRow, save: Callable[[PatchRow, Patch], None]
) -> Iterator[PatchRow]:
    picture = reread(row)
    for hand in study.hands:
        if hand.file != row.file:
            continue
        saved = set()
        for patch in cut(picture, hand.record, points_of(study, hand)):
            name = f"{hand.study}/{hand.hand}-{patch.joint}.png"
            place = PatchRow(hand.study, hand.file, hand.hand, patch.finding, patch.joint, name)
            if name not in saved:
                save(place, patch)
                saved.add(name)
            yield place


def _load_patches(study: Document, load: Callable[[PatchRow], NDArray[np.uint16]]) -> Patches:
    files = ", ".join(row.file for row in study.inputs)
    rows = {(row.hand, row.finding, row.joint): row for row in study.patches}
    patches: dict[Side, list[Patch]] = {hand.hand: [] for hand in study.hands}
    for joint in study.joints:
        if joint.box is None:
            continue
        row = rows.get((joint.hand, joint.finding, joint.joint))
        if row is None:
            message = f"{files}: no patch of {joint.hand} {joint.joint}; run `sharp crop` first"
            raise DocumentError(message)
        patches[joint.hand].append(Patch(joint.finding, joint.joint, load(row), joint.box))
    return patches


def _require_all(patches: Patches, files: Sequence[str], model: ModelName) -> None:
    """See that a model has all that it looks at of a study.

    Raises:
        IncompleteStudyError: It lacks something.
    """
    there = {(hand, patch.finding, patch.joint) for hand in patches for patch in patches[hand]}
    for finding, group in JOINT_GROUPS:
        for unit in input_sets(model, finding, group):
            missing = [one for one in unit if (one.side, finding, one.joint) not in there]
            if missing and any(one.side in patches for one in unit):
                message = (
                    f"{', '.join(files)}: {model} lacks a hand or a joint of this study "
                    f"({missing[0].side} {missing[0].joint}); give the radiographs of both hands, "
                    "or leave --strict out"
                )
                raise IncompleteStudyError(message)
