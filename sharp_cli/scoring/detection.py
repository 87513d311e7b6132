"""The first half of scoring: from files to radiographs with their hands and joints."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from sharp_cli import radiograph
from sharp_cli.core.errors import InputError, NoHandError, RadiographError
from sharp_cli.core.geometry import Affine
from sharp_cli.core.joints import BOXES, COMMON_PHALANX, POINTS, SIDES
from sharp_cli.inference.crop import corners, crop, meets
from sharp_cli.results import overlay
from sharp_cli.results.document import Failure
from sharp_cli.results.run import Run
from sharp_cli.results.study_records import DetectedHand, DetectedRadiograph
from sharp_cli.scoring.joints import find_joints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.joints import Side
    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.scoring.groups import Group
    from sharp_cli.scoring.stages import Detector, Finder

_POSITION_DECIMALS: Final = 2
_FRAME_DECIMALS: Final = 6
_SCORE_DECIMALS: Final = 4
_HAND: Final = 4.25 * COMMON_PHALANX
"""From the wrist to the tip of the middle finger at the common scale: an adult's hand is 190 mm
long, a proximal phalanx 44.6 (Buryanov & Kotiuk 2010)."""

_COARSE: Final = 400
"""Pixels of a hand's length; see docs/detection.md for what changes below."""


class Film(NamedTuple):
    """A radiograph to read.

    Attributes:
        file: Its path.
        side: The hand that it shows, where that is listed.
    """

    file: str
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class DetectedFilm:
    """What a file gave.

    Attributes:
        radiograph: The radiograph with its hands; None if it failed.
        grey: Its pixels as `overlay.draw` takes them, where these were asked for.
        failures: Why it failed.
        notes: What was noted in reading it.
    """

    radiograph: DetectedRadiograph | None = None
    grey: NDArray[np.uint8] | None = None
    failures: Sequence[Failure] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectedGroup:
    """What the files of a group gave.

    Attributes:
        radiographs: Those that were read, with their hands, in the order of the files.
        grey: Their pixels as `overlay.draw` takes them, by file, where these were asked for.
        failures: The files that failed.
        before: What the study before it gave; None where that was not read.
    """

    radiographs: Sequence[DetectedRadiograph]
    grey: Mapping[str, NDArray[np.uint8]]
    failures: Sequence[Failure]
    before: DetectedGroup | None = None


def films(group: Group) -> list[Film]:
    """The radiographs that are read for a group, those of the study before it first."""
    before = [] if group.before is None else films(group.before)
    return [*before, *(Film(file, group.sides.get(file)) for file in group.files)]


def detect_group(
    group: Group,
    finder: Finder,
    detector: Detector,
    on_progress: Callable[[str], None] = lambda _: None,
    *,
    patches: bool = True,
    grey: bool = False,
) -> DetectedGroup:
    """Read the files of a group, and of the study before it, and detect their hands and joints.

    Args:
        group: The files.
        finder: Finds hands.
        detector: Detects joints.
        on_progress: Called with each file of the group.
        patches: See `detect_film`.
        grey: Likewise.
    """

    def found() -> Iterator[DetectedFilm]:
        for film in films(group):
            if film.file in group.files:
                on_progress(film.file)
            yield detect_film(film, finder, detector, patches=patches, grey=grey)

    return put_together(group, found())


def detect_film(
    film: Film, finder: Finder, detector: Detector, *, patches: bool = True, grey: bool = False
) -> DetectedFilm:
    """Read a file, and detect its hands and joints.

    Args:
        film: The file.
        finder: Finds hands.
        detector: Detects joints.
        patches: Whether to crop the patches of the joints.
        grey: Whether to keep pixels, so that overlays need not read them anew.
    """
    run = Run()
    detected, pixels = None, None
    notes: tuple[str, ...] = ()
    with run.guard(film.file):
        picture = radiograph.read(film.file)
        notes = picture.warnings
        detected = _detect(picture, finder, detector, film.side, patches=patches)
        pixels = overlay.to_grey(picture.pixels) if grey else None
    return DetectedFilm(detected, pixels, run.failures, notes)


def put_together(group: Group, found: Iterator[DetectedFilm]) -> DetectedGroup:
    """What a group gave, and the study before it, from what comes next of each of `films`."""
    before = None if group.before is None else put_together(group.before, found)
    each = {file: next(found) for file in group.files}
    radiographs = [one.radiograph for one in each.values() if one.radiograph is not None]
    failures = [failure for one in each.values() for failure in one.failures]
    sides = {hand.hand.side for one in radiographs for hand in one.hands}
    if sides == set(SIDES) and not group.guessed:
        notes = {file: one.notes for file, one in each.items()}
        radiographs[0], failures = _skip_feet(radiographs[0], failures, notes)
    grey = {file: one.grey for file, one in each.items() if one.grey is not None}
    return DetectedGroup(radiographs, grey, failures, before)


def _detect(
    picture: Radiograph,
    finder: Finder,
    detector: Detector,
    listed: Side | None,
    *,
    patches: bool,
) -> DetectedRadiograph:
    """Detect the hands and joints of a radiograph; an error tells what was noted in reading it."""
    try:
        found, warnings = find_joints(picture, finder, detector, listed)
    except InputError as error:
        raise type(error).noting(str(error), picture.warnings) from None
    return _detected(picture, found, warnings, patches=patches)


def _skip_feet(
    shown: DetectedRadiograph, failures: list[Failure], notes: Mapping[str, Sequence[str]]
) -> tuple[DetectedRadiograph, list[Failure]]:
    """Let what shows no hand beside both hands of a study be no failure: the score has feet, too.

    Args:
        shown: A radiograph of hands, which gets a warning.
        failures: Those of the group.
        notes: What was noted in reading each file.
    """
    feet = [failure for failure in failures if failure.error == NoHandError.__name__]
    if not feet:
        return shown, failures
    names = [
        f"{foot.file} ({'; '.join(notes[foot.file])})" if notes[foot.file] else foot.file
        for foot in feet
    ]
    note = f"no hand found beside it, skipped: {', '.join(names)}"
    left = [failure for failure in failures if failure not in feet]
    return replace(shown, warnings=(*shown.warnings, note)), left


def crashed_film(film: Film) -> DetectedFilm:
    """What `detect_film` gives where the process that read a file ended."""
    return DetectedFilm(failures=[crash(film.file)])


def late_film(film: Film, seconds: float) -> DetectedFilm:
    """What `detect_film` gives where it takes longer than some seconds."""
    reason = (
        f"{film.file}: nothing came of it within {seconds:g} s; it may be damaged, or its disk may "
        "not answer; repeat the call, or give --timeout more"
    )
    return DetectedFilm(failures=[Failure(film.file, RadiographError.__name__, reason)])


def crash(file: str) -> Failure:
    """The failure of a file over which a process ended."""
    reason = (
        f"{file}: the process that worked on it ended; it may be damaged, or there was not enough "
        "memory"
    )
    return Failure(file, RadiographError.__name__, reason)


def _detected(
    picture: Radiograph,
    found: Iterable[tuple[Hand, Sequence[Point]]],
    warnings: Iterable[str],
    *,
    patches: bool,
) -> DetectedRadiograph:
    """What is kept of a radiograph and its hands."""
    notes = [*picture.warnings, *warnings]
    hands = []
    for each in found:
        hand, points = _rounded(*each)
        points = tuple(point for point in points if _is_inside(picture, hand, point))
        notes += _warn_of_joints(hand, points)
        hands.append(DetectedHand(hand, points, crop(picture, hand, points) if patches else ()))
    height, width = picture.pixels.shape
    return DetectedRadiograph(
        picture.file,
        width,
        height,
        picture.spacing,
        picture.aspect,
        tuple(hands),
        tuple(notes),
        sha256=picture.sha256,
        object_sha256=picture.object_sha256,
    )


def hand_pixels(hand: Hand) -> float:
    """About how long a hand is in pixels, from the wrist to the tip of the middle finger."""
    return _HAND * min(hand.to_image.scales)


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
    """Whether the box around a point shows some of the picture; else nothing was detected."""
    return meets(corners(hand, point, BOXES[point.joint]), picture.pixels.shape)


def _warn_of_joints(hand: Hand, points: Sequence[Point]) -> Iterator[str]:
    """A warning for each way in which a hand's joints are not to be relied on."""
    status = {point.joint: point.status for point in points}
    missing = [joint for joint in POINTS if joint not in status]
    unsure = [joint for joint in POINTS if status.get(joint) == "uncertain"]
    if hand_pixels(hand) < _COARSE:
        yield (
            f"{hand.side} hand: only about {hand_pixels(hand):.0f} px long, and below {_COARSE} px "
            "a radiograph is too coarse to judge joints by; give it in its full resolution"
        )
    if hand.reasons:
        yield f"{hand.side} hand: uncertain: {', '.join(hand.reasons)}; check the overlay"
    if missing:
        yield f"{hand.side} hand: not detected: {', '.join(missing)}"
    if unsure:
        yield f"{hand.side} hand: uncertain where these are: {', '.join(unsure)}; check the overlay"
