"""Scoring step by step: each takes the document of the one before it.

What the steps hand on is the same in documents and patches as in memory, so `detect`, `crop` and
`classify` give what `score_plan` gives.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.records import Patch
from sharp_cli.inference.crop import crop as crop_patches
from sharp_cli.results.assemble import assemble, keep, points_of, with_results, with_studies
from sharp_cli.results.document import PatchRow
from sharp_cli.results.inputs import reread
from sharp_cli.scoring.detection import detect_group
from sharp_cli.scoring.not_assessable import assessable
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import require_all
from sharp_cli.scoring.study_grouping import group_into_studies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import MissingRule
    from sharp_cli.results.document import Document, InputRow
    from sharp_cli.results.run import Run
    from sharp_cli.scoring.stages import Classifier, Detector, Finder, Patches


def detect(files: Sequence[str], finder: Finder, detector: Detector, run: Run) -> Document:
    """Detect the hands and joints of radiographs.

    Args:
        files: Radiographs, folders and patterns, see `discover`.
        finder: Finds hands.
        detector: Detects joints.
        run: Notes what fails.
    """
    work = plan(files)
    run.failures += work.failures
    documents = []
    with run.interruptible():
        for group in work.groups:
            detected = detect_group(group, finder, detector, run.on_progress, patches=False)
            run.failures += detected.failures
            studies = group_into_studies(group, detected.radiographs)
            documents += [assemble([one], (), ()) for one in studies]
    return with_studies(assemble((), work.warnings, run.failures), documents)


def crop(document: Document, save: Callable[[PatchRow, Patch], None], run: Run) -> Document:
    """Crop the patches of a document's hands, reading its radiographs anew.

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
                    patches += _crop_radiograph(study, row, save)
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
    prevalence: Prevalence | None = None,
    strict: bool = False,
    missing: MissingRule = "scale",
) -> Document:
    """Classify the patches of a document.

    Args:
        document: What `crop` gave.
        load: Reads the pixels of a patch.
        classifier: Classifies patches.
        run: Notes what fails.
        model: The model to classify with.
        threshold: The probability from which a joint is non-intact; None for the bundle's own.
        prevalence: What probabilities are calibrated to; None where they are not calibrated.
        strict: Whether a study in which the model lacks an input fails.
        missing: What totals do about joints without a grade.
    """
    classified = partial(
        with_results, model=model, threshold=threshold, prevalence=prevalence, missing=missing
    )
    documents = []
    with run.interruptible():
        for name, study in document.split().items():
            files = [row.file for row in study.inputs]
            run.on_progress(", ".join(files))
            with run.guard(*files):
                patches = _load_patches(study, load)
                if strict:
                    notes = [row.message for row in study.warnings]
                    require_all(patches, files, model, notes, earlier={})
                (result,) = classifier.classify(
                    [assessable(patches, study)], model, threshold=threshold, prevalence=prevalence
                )
                study = replace(study, patches=())  # noqa: PLW2901 - they are not handed on
                documents.append(classified(study, {name: result}))
    start = classified(keep(document, (), run.failures), {})
    return with_studies(start, documents)


def _crop_radiograph(
    study: Document, row: InputRow, save: Callable[[PatchRow, Patch], None]
) -> Iterator[PatchRow]:
    picture = reread(row)
    for hand in study.hands:
        if hand.file != row.file:
            continue
        saved = set()
        for patch in crop_patches(picture, hand.record, points_of(study, hand)):
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
        if joint.box is None or joint.status == "not-detected":
            continue
        row = rows.get((joint.hand, joint.finding, joint.joint))
        if row is None:
            message = f"{files}: no patch of {joint.hand} {joint.joint}; run `sharp crop` first"
            raise DocumentError(message)
        patches[joint.hand].append(
            Patch(joint.finding, joint.joint, load(row), joint.box, joint.place_status)
        )
    return patches
