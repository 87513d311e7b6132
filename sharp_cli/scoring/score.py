"""The whole way from files to scored studies, and its second half: classification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sharp_cli.core.errors import IncompleteStudyError
from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.results.assemble import assemble, with_models, with_results, with_studies
from sharp_cli.scoring.detection import detect_group
from sharp_cli.scoring.not_assessable import assessable
from sharp_cli.scoring.study_grouping import group_into_studies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.records import Classification
    from sharp_cli.results.document import Document
    from sharp_cli.results.run import Run
    from sharp_cli.results.study_records import Study
    from sharp_cli.scoring.detection import DetectedGroup
    from sharp_cli.scoring.groups import Group
    from sharp_cli.scoring.plan import Plan
    from sharp_cli.scoring.stages import Patches, Scoring


@dataclass(frozen=True, slots=True)
class ScoredStudy:
    """A study that was scored.

    Attributes:
        document: Its results.
        grey: The pixels of its radiographs as `overlay.draw` takes them, by file, where these were
            kept.
    """

    document: Document
    grey: Mapping[str, NDArray[np.uint8]]

    @property
    def name(self) -> str:
        """What the study is called."""
        return self.document.inputs[0].study

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of its radiographs."""
        return tuple(row.file for row in self.document.inputs)


def score_plan(work: Plan, scoring: Scoring, run: Run) -> Document:
    """Detect and classify the joints of all radiographs of a plan.

    Args:
        work: What to score.
        scoring: How to.
        run: Notes what fails.
    """
    run.failures += work.failures
    documents: list[Document] = []
    detected = (
        (group, detect_group(group, scoring.finder, scoring.detector, run.on_progress))
        for group in work.groups
    )
    with run.interruptible():
        for _, studies in score_groups(detected, scoring, run, together=1):
            documents += [study.document for study in studies]
    return with_studies(start_document(work, scoring, run), documents)


def start_document(work: Plan, scoring: Scoring, run: Run) -> Document:
    """The document of a plan without its studies."""
    return _classified(assemble((), work.warnings, run.failures), {}, scoring)


def score_groups(
    groups: Iterable[tuple[Group, DetectedGroup]], scoring: Scoring, run: Run, *, together: int
) -> Iterator[tuple[Group, list[ScoredStudy]]]:
    """Classify the joints of one group after another; no more is kept in memory.

    Args:
        groups: Files that may be one study, and what was detected in them.
        scoring: How to.
        run: Notes what fails.
        together: How many groups are classified at once.

    Yields:
        Each group with its studies; failures are left to `run`.
    """
    waiting = []
    for group, detected in groups:
        run.failures += detected.failures
        studies = group_into_studies(group, detected.radiographs)
        waiting.append((group, studies, detected.grey))
        if len(waiting) == together:
            yield from _score(waiting, scoring, run)
            waiting = []
    if waiting:
        yield from _score(waiting, scoring, run)


def _score(
    groups: Sequence[tuple[Group, Sequence[Study], Mapping[str, NDArray[np.uint8]]]],
    scoring: Scoring,
    run: Run,
) -> Iterator[tuple[Group, list[ScoredStudy]]]:
    """Classify all studies of some groups at once."""
    documents: dict[str, Document] = {}
    complete: dict[str, Patches] = {}
    for study in (study for _, studies, _ in groups for study in studies):
        with run.guard(*study.files):
            if scoring.strict:
                notes = [text for one in study.radiographs for text in one.warnings]
                require_all(study.patches, study.files, scoring.model, notes)
            document = scoring.not_assessable.mark(assemble([study], (), ()))
            documents[study.name] = document
            complete[study.name] = assessable(study.patches, document)
    results: dict[str, tuple[Classification, ...]] = {}
    with run.guard(*(row.file for one in documents.values() for row in one.inputs)):
        found = scoring.classifier.classify(
            [*complete.values()],
            scoring.model,
            threshold=scoring.threshold,
            prevalence=scoring.prevalence,
        )
        results = dict(zip(complete, found, strict=True))
    for group, studies, grey in groups:
        yield (
            group,
            [
                ScoredStudy(
                    _classified(documents[study.name], {study.name: results[study.name]}, scoring),
                    {file: grey[file] for file in study.files if file in grey},
                )
                for study in studies
                if study.name in results
            ],
        )


def _classified(
    document: Document, results: Mapping[str, Sequence[Classification]], scoring: Scoring
) -> Document:
    """The document with the results of its studies, and what they were made with."""
    document = with_results(
        document,
        results,
        scoring.model,
        scoring.threshold,
        scoring.prevalence,
        missing=scoring.missing,
    )
    document = replace(document, mask_annotations=scoring.mask_annotations)
    if not scoring.bundles:
        return document
    return with_models(document, *scoring.bundles, precision=scoring.precision)


def require_all(
    patches: Patches, files: Sequence[str], model: ModelName, notes: Sequence[str]
) -> None:
    """Check that a study has every input of its model.

    Args:
        patches: Those of the study.
        files: Its radiographs.
        model: The model.
        notes: The warnings about the study so far, which the error tells.

    Raises:
        IncompleteStudyError: It lacks something.
    """
    status = {
        (hand, patch.finding, patch.joint): patch.status
        for hand in patches
        for patch in patches[hand]
    }
    for finding, group in JOINT_GROUPS:
        for inputs in input_sets(model, finding, group):
            # At an uncertain place a joint is classified, but tells nothing of others.
            enough = {"ok", "uncertain"} if len(inputs) == 1 else {"ok"}
            missing = [
                one for one in inputs if status.get((one.side, finding, one.joint)) not in enough
            ]
            if missing and any(one.side in patches for one in inputs):
                message = (
                    f"{', '.join(files)}: {model} lacks a hand or a joint of this study, or is "
                    f"not sure where it is ({missing[0].side} {missing[0].joint}); give the "
                    "radiographs of both hands, or leave --strict out"
                )
                raise IncompleteStudyError.noting(message, notes)
