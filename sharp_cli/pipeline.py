"""The order of the stages: read, find hands, detect joints, crop, classify.

`score` is `detect`, `crop` and `classify` after one another. What they hand on is the same in
memory as in the documents and patches they write, so both ways give the same result.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

from sharp_cli import overlay, radiograph
from sharp_cli.assemble import assemble, keep, points_of, with_results
from sharp_cli.crop import corners, meets
from sharp_cli.crop import crop as cut
from sharp_cli.documents import NOTICE, Document, Failure, InputRow, PatchRow, WarningRow
from sharp_cli.errors import DocumentError, IncompleteStudyError, InputError, SharpError
from sharp_cli.geometry import Affine
from sharp_cli.inputs import units
from sharp_cli.joints import HEADS, POINTS, TARGETS
from sharp_cli.records import Hand, Patch, Point
from sharp_cli.studies import Film, FoundHand, Study, gather, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from sharp_cli.inputs import ModelName
    from sharp_cli.joints import Side
    from sharp_cli.records import Classification, Radiograph

    Patches = Mapping[Side, Sequence[Patch]]

_POSITION_DECIMALS: Final = 2
_FRAME_DECIMALS: Final = 6
_SCORE_DECIMALS: Final = 4


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


@dataclass(slots=True)
class Run:
    """How a command went, beside its document.

    Attributes:
        failures: The inputs that failed in this command.
        interrupted: Whether it was stopped before its end.
        tell: Told of every input that work begins on.
    """

    failures: list[Failure] = field(default_factory=list)
    interrupted: bool = False
    tell: Callable[[str], None] = lambda _: None

    @contextmanager
    def each(self, *files: str) -> Iterator[None]:
        """Note an error as these files' failure, so that the others can go on."""
        try:
            yield
        except InputError as error:
            self._note(files, type(error).__name__, str(error))
        except SharpError:
            raise
        except Exception as error:
            if os.environ.get("SHARP_DEBUG"):
                raise
            # The type only: a library's message may quote what the file says of a patient.
            kind = type(error).__name__
            self._note(files, kind, f"{', '.join(files)}: unexpected {kind}; please report this")

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let an interruption end the work, not the command."""
        try:
            yield
        except KeyboardInterrupt:
            self.interrupted = True

    def _note(self, files: Sequence[str], error: str, reason: str) -> None:
        self.failures.extend(Failure(file, error, reason) for file in files)


def detect(files: Sequence[str], finder: Finder, detector: Detector, run: Run) -> Document:
    """Find the hands and joints of radiographs.

    Args:
        files: Radiographs.
        finder: Finds hands.
        detector: Detects joints.
        run: Notes what fails.
    """
    files, warnings = _distinct(files)
    films: list[Film] = []
    with run.interruptible():
        for film in _films(files, finder, detector, run):
            films.append(film)  # noqa: PERF402 - keeps what is done when it is interrupted
    studies = sorted(gather(films, files), key=lambda study: study.number)
    return assemble(studies, warnings, run.failures)


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
                run.tell(row.file)
                with run.each(row.file):
                    patches += _cut_film(study, row, save)
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
    results: dict[str, tuple[Classification, ...]] = {}
    with run.interruptible():
        for name, study in document.split().items():
            files = [row.file for row in study.inputs]
            run.tell(", ".join(files))
            with run.each(*files):
                patches = _load_patches(study, load)
                if strict:
                    _require_all(patches, files, model)
                (results[name],) = classifier.classify([patches], model, threshold=threshold)
    done = {(row.study, row.file) for row in document.inputs if row.study in results}
    document = keep(replace(document, patches=()), done, run.failures)
    return with_results(document, results, model, threshold)


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
    """Find and classify the joints of radiographs, each study as soon as it is complete.

    Args:
        files: Radiographs.
        finder: Finds hands.
        detector: Detects joints.
        classifier: Classifies patches.
        run: Notes what fails.
        model: The model to classify with.
        threshold: From which probability on a joint is non-intact; None for the bundle's own.
        strict: Whether a study in which the model lacks an input fails.
    """
    files, warnings = _distinct(files)
    done: list[tuple[Study, tuple[Classification, ...]]] = []
    with run.interruptible():
        for study in gather(_films(files, finder, detector, run, patches=True), files):
            names_of = [film.file for film in study.films]
            with run.each(*names_of):
                if strict:
                    _require_all(study.patches, names_of, model)
                (result,) = classifier.classify([study.patches], model, threshold=threshold)
                done.append((study.without_patches(), result))
    done.sort(key=lambda pair: pair[0].number)
    studies = [study for study, _ in done]
    results = dict(zip(names(studies), (result for _, result in done), strict=True))
    document = assemble(studies, warnings, run.failures)
    return with_results(document, results, model, threshold)


def overlays(document: Document, run: Run) -> Iterator[tuple[InputRow, Image]]:
    """Draw the overlay of every radiograph of a document, reading it anew."""
    notice = None if document.validated_on_patients else NOTICE
    for study in document.split().values():
        for row in study.inputs:
            with run.each(row.file):
                picture = _reread(row)
                joints = [joint for joint in study.joints if joint.file == row.file]
                yield row, overlay.draw(picture.pixels, joints, notice=notice)


def _distinct(files: Sequence[str]) -> tuple[list[str], list[WarningRow]]:
    """The files without those given before, and a warning for each of these."""
    seen: dict[str, str] = {}
    warnings = []
    for file in files:
        path = os.path.realpath(file)
        if path in seen:
            warnings.append(WarningRow("", file, f"the same file as {seen[path]}; read once"))
        else:
            seen[path] = file
    return list(seen.values()), warnings


def _films(
    files: Sequence[str], finder: Finder, detector: Detector, run: Run, *, patches: bool = False
) -> Iterator[Film]:
    """Read radiographs and find their hands and joints."""
    numbers = count()
    for file in files:
        run.tell(file)
        films: list[Film] = []
        with run.each(file):
            films = _split(_film(file, finder, detector, patches=patches), numbers)
        yield from films


def _film(file: str, finder: Finder, detector: Detector, *, patches: bool) -> Film:
    picture = radiograph.read(file)
    height, width = picture.pixels.shape
    found, warnings = finder.find(picture)
    notes = [*picture.warnings, *warnings]
    hands = []
    for each in found:
        hand, points = _rounded(*detector.detect(picture, each))
        points = tuple(point for point in points if _is_inside(picture, hand, point))
        notes += _doubts(hand, points)
        hands.append(FoundHand(hand, points, cut(picture, hand, points) if patches else ()))
    return Film(
        number=0,
        file=file,
        width=width,
        height=height,
        spacing=picture.spacing,
        study_key=picture.study_key,
        patient_key=picture.patient_key,
        hands=tuple(hands),
        warnings=tuple(notes),
    )


def _doubts(hand: Hand, points: Sequence[Point]) -> Iterator[str]:
    """A warning for each way in which a hand's joints are not to be relied on."""
    status = {point.joint: point.status for point in points}
    missing = [joint for joint in POINTS if joint not in status]
    unsure = [joint for joint in POINTS if status.get(joint) == "uncertain"]
    if hand.reasons:
        yield f"{hand.side} hand: uncertain: {', '.join(hand.reasons)}; check the overlay"
    if missing:
        yield f"{hand.side} hand: not detected: {', '.join(missing)}"
    if unsure:
        yield f"{hand.side} hand: uncertain where these are: {', '.join(unsure)}; check the overlay"


def _split(film: Film, numbers: Iterator[int]) -> list[Film]:
    """The film, or one for each hand where both are of one side: a study has each side once."""
    if len(film.sides) == len(film.hands):
        return [replace(film, number=next(numbers))]
    note = f"two {film.hands[0].hand.side} hands: each is a study of its own"
    return [
        replace(film, number=next(numbers), hands=(found,), warnings=(*film.warnings, note))
        for found in film.hands
    ]


def _rounded(hand: Hand, points: Sequence[Point]) -> tuple[Hand, tuple[Point, ...]]:
    """The values that documents hold: with these, both ways to a score are the same."""
    frame = Affine(*(round(value, _FRAME_DECIMALS) for value in astuple(hand.to_image)))
    hand = replace(hand, to_image=frame, score=round(hand.score, _SCORE_DECIMALS))
    return hand, tuple(
        replace(
            point,
            x=round(point.x, _POSITION_DECIMALS),
            y=round(point.y, _POSITION_DECIMALS),
            likelihood=round(point.likelihood, _SCORE_DECIMALS),
        )
        for point in points
    )


def _is_inside(picture: Radiograph, hand: Hand, point: Point) -> bool:
    """Whether each box around a point shows some of the picture; else nothing was detected."""
    boxes = [target.box for target in TARGETS if target.joint == point.joint]
    return all(meets(corners(hand, point, box), picture.pixels.shape) for box in boxes)


def _cut_film(
    study: Document, row: InputRow, save: Callable[[PatchRow, Patch], None]
) -> Iterator[PatchRow]:
    picture = _reread(row)
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


def _reread(row: InputRow) -> Radiograph:
    """The radiograph of a document, for what needs its pixels once more."""
    picture = radiograph.read(row.file)
    height, width = picture.pixels.shape
    if (width, height) != (row.width, row.height):
        message = (
            f"{row.file}: {width} x {height} pixels, and the document was made from "
            f"{row.width} x {row.height}; give the picture that it was made from"
        )
        raise DocumentError(message)
    return picture


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
    for finding, group in HEADS:
        for unit in units(model, finding, group):
            missing = [one for one in unit if (one.side, finding, one.joint) not in there]
            if missing and any(one.side in patches for one in unit):
                message = (
                    f"{', '.join(files)}: {model} lacks a hand or a joint of this study "
                    f"({missing[0].side} {missing[0].joint}); give the films of both hands, or "
                    "leave --strict out"
                )
                raise IncompleteStudyError(message)
