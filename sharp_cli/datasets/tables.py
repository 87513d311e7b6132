"""Annotated radiographs: joint positions in CSV files, and which pictures are held out."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar

import numpy as np

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import PHALANGES, POINTS, SIDES, Side, phalanx_length
from sharp_cli.fileio import output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

COLUMNS: Final = ("image", "hand", "joint", "x", "y")

HELD_OUT_EVERY: Final = 4
"""Every fourth picture is kept for measurement and never trained on."""

VALIDATION_EVERY: Final = 5
"""Every fifth of the pictures that are not held out validates: it chooses, and trains nothing."""

_MIN_PHALANX_POINTS: Final = 3
"""Ends of proximal phalanges that a hand must have for its scale to be trusted."""

_NAMED_PLACES: Final = 20
"""Of a mistake that is made over and over, so many places are named."""


@dataclass(frozen=True, slots=True)
class AnnotatedHand:
    """The annotated points of one hand.

    Attributes:
        image: File name of the radiograph.
        side: Left or right.
        points: (x, y) in the file's own pixels by name of the point.
    """

    image: str
    side: Side
    points: Mapping[str, tuple[float, float]]

    def positions(self) -> NDArray[np.float64]:
        """Positions of `joints.POINTS`, shape (22, 2); NaN where there is none."""
        missing = (math.nan, math.nan)
        return np.array([self.points.get(name, missing) for name in POINTS])

    @property
    def phalanx(self) -> float:
        """Median length of the proximal phalanges in the file's own pixels."""
        return phalanx_length(self.points)


class _OnPicture(Protocol):
    @property
    def image(self) -> str: ...


Shown = TypeVar("Shown", bound=_OnPicture)
"""A hand on some picture, named by `image`."""


class Mark(NamedTuple):
    """A point as a file of annotations gives it: not checked yet.

    Attributes:
        where: Where in the file it stands, for messages.
        name: What the file calls it.
        x: In the radiograph's own pixels; NaN where the file gives no number.
        y: Likewise.
    """

    where: str
    name: str
    x: float
    y: float


class Entry(NamedTuple):
    """A hand as a file of annotations gives it: not checked yet.

    Attributes:
        image: File name of the radiograph.
        hand: Which hand the file says it is; None where it says nothing.
        marks: Its points, at least one; missing ones are left out.
    """

    image: str
    hand: str | None
    marks: Sequence[Mark]


class Problem(NamedTuple):
    """What is wrong at some place of a file."""

    where: str
    what: str


def read_annotations(path: Path) -> list[AnnotatedHand]:
    """Read joint positions (`image,hand,joint,x,y`, hand left or right), one row a point.

    Raises:
        DocumentError: Listing every bad row.
    """
    hands, problems = settle(read_entries(path), exact)
    refuse(path, problems)
    return hands


def write_annotations(path: Path, hands: Iterable[AnnotatedHand]) -> None:
    """Write joint positions as `read_annotations` reads them.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for hand in hands:
        rows.writerows((hand.image, hand.side, name, *xy) for name, xy in hand.points.items())
    output.write(path, text.getvalue().encode())


def read_entries(path: Path) -> list[Entry]:
    """What a CSV file of joint positions says, unchecked; see `read_annotations`.

    Raises:
        DocumentError: It is no such file.
    """
    marks: dict[tuple[str, str], list[Mark]] = {}
    for line, row in read_table(path, COLUMNS):
        mark = Mark(f"line {line}", row["joint"], number(row["x"]), number(row["y"]))
        marks.setdefault((row["image"], row["hand"]), []).append(mark)
    return [Entry(image, hand, found) for (image, hand), found in marks.items()]


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; a missing cell is empty.

    Raises:
        DocumentError: It cannot be read, or lacks one of `columns`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            absent = [name for name in columns if name not in (reader.fieldnames or ())]
            if absent:
                message = f"{path}: no column {', '.join(absent)}; needed are {','.join(columns)}"
                raise DocumentError(message)
            for row in reader:
                yield reader.line_num, {name: row[name] or "" for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: cannot be read as a table of {','.join(columns)} ({error})"
        raise DocumentError(message) from error


def number(value: object) -> float:
    """A finite number, or the text of one, as float; NaN for anything else."""
    try:
        found = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return math.nan
    return found if math.isfinite(found) else math.nan


def exact(name: str) -> str | None:
    """The point of this very name, or None."""
    return name if name in POINTS else None


def settle(
    entries: Iterable[Entry], naming: Callable[[str], str | None], *, scaled: bool = False
) -> tuple[list[AnnotatedHand], list[Problem]]:
    """Make hands of what a file says.

    Args:
        entries: What it says.
        naming: Which point a name means; None if it is unknown, empty if it is to be left out.
        scaled: Whether a hand must have enough points to tell its scale.

    Returns:
        The hands with their good points, and all that is wrong.
    """
    hands: dict[tuple[str, Side], AnnotatedHand] = {}
    problems: list[Problem] = []
    for entry in entries:
        hand, wrong = _settle_one(entry, naming)
        first = entry.marks[0].where
        if scaled and hand is not None and hand.points and not wrong and not _has_scale(hand):
            what = (
                f"the {hand.side} hand of {hand.image} lacks what gives its scale: "
                f"{_MIN_PHALANX_POINTS} of PIP2…5 and MCP2…5, with both of one finger"
            )
            wrong.append(Problem(first, what))
        if hand is not None and hand.points:
            if (hand.image, hand.side) in hands:
                what = f"the {hand.side} hand of {hand.image} stands twice"
                wrong.append(Problem(first, what))
            hands.setdefault((hand.image, hand.side), hand)
        problems += wrong
    return list(hands.values()), problems


def _settle_one(
    entry: Entry, naming: Callable[[str], str | None]
) -> tuple[AnnotatedHand | None, list[Problem]]:
    """The hand of an entry, None if it has no picture or side, and what is wrong with it."""
    side = next((side for side in SIDES if side == entry.hand), None)
    wrong: list[Problem] = []
    points: dict[str, tuple[float, float]] = {}
    for where, name, x, y in entry.marks:
        joint = naming(name)
        if not entry.image:
            wrong.append(Problem(where, "no image"))
        if entry.hand is None:
            what = (
                f"which hand of {entry.image} it is, is not said: give it as `hand` or as the "
                "name of the individual, left or right, or end the picture's name in _L or _R"
            )
            wrong.append(Problem(where, what))
        elif side is None:
            wrong.append(Problem(where, f"hand {entry.hand!r} is neither left nor right"))
        if joint is None:
            wrong.append(Problem(where, f"unknown joint {name!r}"))
        elif joint and math.isnan(x + y):
            wrong.append(Problem(where, f"the position of {joint} is not a pair of numbers"))
        elif joint in points:
            wrong.append(Problem(where, f"{joint} of a hand of {entry.image} stands twice"))
        elif joint:
            points[joint] = (x, y)
    if side is None or not entry.image:
        return None, wrong
    return AnnotatedHand(entry.image, side, points), wrong


def _has_scale(hand: AnnotatedHand) -> bool:
    ends = {name for ends in PHALANGES for name in ends}
    return len(ends & set(hand.points)) >= _MIN_PHALANX_POINTS and math.isfinite(hand.phalanx)


def refuse(path: Path, problems: Iterable[Problem]) -> None:
    """Raise an error that lists all that is wrong with a file, if anything is.

    Raises:
        DocumentError: There are problems.
    """
    places: dict[str, dict[str, None]] = {}
    for where, what in problems:
        places.setdefault(what, {})[where] = None
    if not places:
        return
    lines = [f"{path}: {sum(map(len, places.values()))} mistakes; correct them:"]
    for what, found in places.items():
        lines.append(f"{named([*found])}: {what}")
    raise DocumentError("\n  ".join(lines))


def named(places: Sequence[str]) -> str:
    """Places in words: so many that a message can be read, and how many more."""
    more = len(places) - _NAMED_PLACES
    return ", ".join(places[:_NAMED_PLACES]) + (f" and {more} more" if more > 0 else "")


def held_out(images: Iterable[str]) -> frozenset[str]:
    """The pictures kept for measurement: every fourth in natural order of their names."""
    ordered = sorted(set(images), key=_natural)
    return frozenset(ordered[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])


def part(hands: Sequence[Shown], *, apart: bool | None) -> list[Shown]:
    """The hands whose pictures are kept for measurement, those whose are not, or for None all."""
    kept = held_out(hand.image for hand in hands)
    return [hand for hand in hands if apart is None or (hand.image in kept) == apart]


def split_validation(hands: Sequence[Shown]) -> tuple[list[Shown], list[Shown]]:
    """Hands to train on, and those of every fifth picture, by name, to validate with."""
    kept = set(sorted({hand.image for hand in hands})[VALIDATION_EVERY - 1 :: VALIDATION_EVERY])
    return (
        [hand for hand in hands if hand.image not in kept],
        [hand for hand in hands if hand.image in kept],
    )


def split_folds(hands: Sequence[Shown], count: int) -> list[tuple[list[Shown], list[Shown]]]:
    """For each of `count` folds the other hands and its own; a picture lies in one fold.

    Pictures are dealt out in natural order of their names.
    """
    ordered = sorted({hand.image for hand in hands}, key=_natural)
    folds = []
    for number in range(count):
        own = set(ordered[number::count])
        folds.append(
            (
                [hand for hand in hands if hand.image not in own],
                [hand for hand in hands if hand.image in own],
            )
        )
    return folds


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(number or 0), text) for number, text in re.findall(r"(\d*)(\D*)", name))
