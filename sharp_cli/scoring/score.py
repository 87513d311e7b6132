"""The whole way from files to scored studies, and its second half: classification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from sharp_cli.core.errors import IncompleteStudyError
from sharp_cli.core.inputs import input_sets
from sharp_cli.core.joints import JOINT_GROUPS
from sharp_cli.inference.patches import by_input
from sharp_cli.results.assemble import assemble, with_models, with_results, with_studies
from sharp_cli.scoring.detection import detect_group
from sharp_cli.scoring.not_assessable import assessable
from sharp_cli.scoring.study_grouping import group_into_studies
from sharp_cli.scoring.visits import follows, read_once

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
        (group, detect_group(read, scoring.finder, scoring.detector, run.on_progress))
        for group, read in zip(work.groups, read_once(work.groups), strict=True)
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
        groups: Files that may be one study, and what was detected in them; as `visits.read_once`
            has them, what was detected in the last group is that of the study before this one.
        scoring: How to.
        run: Notes what fails.
        together: How many groups are classified at once.

    Yields:
        Each group with its studies; failures are left to `run`.
    """
    waiting: list[_Waiting] = []
    last: tuple[Group, list[Study]] | None = None
    for group, detected in groups:
        run.failures += detected.failures
        studies = group_into_studies(group, detected.radiographs)
        before: list[Study] = []
        if last is not None and follows(group, last[0]):
            before = last[1]
        elif group.before is not None and detected.before is not None:
            before = group_into_studies(group.before, detected.before.radiographs)
        waiting.append(_Waiting(group, studies, detected.grey, before))
        last = (group, studies) if scoring.model == "mimo-time" else None
        if len(waiting) == together:
            yield from _score(waiting, scoring, run)
            waiting = []
    if waiting:
        yield from _score(waiting, scoring, run)


class _Waiting(NamedTuple):
    """A group to be classified.

    Attributes:
        group: The group.
        studies: Its studies.
        grey: See `ScoredStudy`.
        before: What may be the study before it: one, or it is not known which.
    """

    group: Group
    studies: Sequence[Study]
    grey: Mapping[str, NDArray[np.uint8]]
    before: Sequence[Study]


class _Seen(NamedTuple):
    """The joints of a study that are there to be classified."""

    document: Document
    patches: Patches


def _score(
    groups: Sequence[_Waiting], scoring: Scoring, run: Run
) -> Iterator[tuple[Group, list[ScoredStudy]]]:
    """Classify all studies of some groups at once."""
    seen: dict[str, _Seen] = {}
    earlier: dict[str, _Seen] = {}
    for one, study in ((group, study) for group in groups for study in group.studies):
        with run.guard(*study.files):
            if len(one.before) == 1:
                earlier[study.name] = _see(one.before[0], scoring)
            if scoring.strict:
                notes = [text for each in study.radiographs for text in each.warnings]
                before = earlier[study.name].patches if study.name in earlier else {}
                require_all(study.patches, study.files, scoring.model, notes, before)
            seen[study.name] = _see(_after(one, study), scoring)
    results: dict[str, tuple[Classification, ...]] = {}
    with run.guard(*(row.file for one in seen.values() for row in one.document.inputs)):
        found = scoring.classifier.classify(
            [one.patches for one in seen.values()],
            scoring.model,
            threshold=scoring.threshold,
            prevalence=scoring.prevalence,
            earlier=[earlier[name].patches if name in earlier else {} for name in seen],
        )
        results = dict(zip(seen, found, strict=True))
    documents = {name: one.document for name, one in earlier.items()}
    for group in groups:
        yield (
            group.group,
            [
                ScoredStudy(
                    _classified(seen[name].document, {name: results[name]}, scoring, documents),
                    {file: group.grey[file] for file in study.files if file in group.grey},
                )
                for name, study in ((study.name, study) for study in group.studies)
                if name in results
            ],
        )


def _see(study: Study, scoring: Scoring) -> _Seen:
    document = scoring.not_assessable.mark(assemble([study], (), ()))
    return _Seen(document, assessable(study.patches, document))


def _after(one: _Waiting, study: Study) -> Study:
    """A study that names the one before it, or has a warning that it does without."""
    if one.group.before is None:
        return study
    name = one.group.before.manifest_study or one.group.before.name
    if len(one.before) == 1:
        return replace(study, earlier_study=name)
    text = f"does without the study before, {name!r}: it has no hands, or is several studies"
    first, *others = study.radiographs
    marked = replace(first, warnings=(*first.warnings, text))
    return replace(study, radiographs=(marked, *others))


def _classified(
    document: Document,
    results: Mapping[str, Sequence[Classification]],
    scoring: Scoring,
    earlier: Mapping[str, Document] | None = None,
) -> Document:
    """The document with the results of its studies, and what they were made with."""
    document = with_results(
        document,
        results,
        scoring.model,
        scoring.threshold,
        scoring.prevalence,
        missing=scoring.missing,
        earlier=earlier,
    )
    document = replace(document, mask_annotations=scoring.mask_annotations)
    if not scoring.bundles:
        return document
    return with_models(document, *scoring.bundles, precision=scoring.precision)


def require_all(
    patches: Patches,
    files: Sequence[str],
    model: ModelName,
    notes: Sequence[str],
    earlier: Patches,
) -> None:
    """Check that a study has every input of its model.

    Args:
        patches: Those of the study.
        files: Its radiographs.
        model: The model.
        notes: The warnings about the study so far, which the error tells.
        earlier: The patches of the study before; empty where there is none.

    Raises:
        IncompleteStudyError: It lacks something.
    """
    status = {key: patch.status for key, patch in by_input(patches, earlier).items()}
    for finding, group in JOINT_GROUPS:
        for inputs in input_sets(model, finding, group):
            # At an uncertain place a joint is classified, but tells nothing of others.
            enough = {"ok", "uncertain"} if len(inputs) == 1 else {"ok"}
            missing = [one for one in inputs if status.get((finding, one)) not in enough]
            if missing and any(one.side in patches for one in inputs):
                of = "the study before" if missing[0].earlier else "this study"
                message = (
                    f"{', '.join(files)}: {model} lacks a hand or a joint of {of}, or is "
                    f"not sure where it is ({missing[0].side} {missing[0].joint}); give the "
                    "radiographs of both hands, or leave --strict out"
                )
                raise IncompleteStudyError.noting(message, notes)
