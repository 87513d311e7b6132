"""Annotated radiographs: joint positions in CSV files, and which pictures are held out."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from sharp_cli.errors import DocumentError
from sharp_cli.joints import POINTS, SIDES, Side, phalanx_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

COLUMNS: Final = ("image", "hand", "joint", "x", "y")

HELD_OUT_EVERY: Final = 4
"""Every fourth picture is kept for measurement and never trained on."""


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


def read_annotations(path: Path) -> list[AnnotatedHand]:
    """Read joint positions (`image,hand,joint,x,y`, hand left or right), one row a point.

    Raises:
        DocumentError: Listing every bad row.
    """
    points: dict[tuple[str, Side], dict[str, tuple[float, float]]] = {}
    problems: list[str] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            absent = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if absent:
                message = f"{path}: no column {', '.join(absent)}; needed are {','.join(COLUMNS)}"
                raise DocumentError(message)
            for row in reader:
                problem = _add_row(row, points)
                if problem:
                    problems.append(f"line {reader.line_num}: {problem}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"{path}: cannot be read as annotations ({error})"
        raise DocumentError(message) from error
    if problems:
        message = f"{path}: {len(problems)} bad rows; correct them:\n  " + "\n  ".join(problems)
        raise DocumentError(message)
    return [AnnotatedHand(image, side, found) for (image, side), found in points.items()]


def _add_row(
    row: Mapping[str, str | None],
    points: dict[tuple[str, Side], dict[str, tuple[float, float]]],
) -> str | None:
    """Add one row to `points`, or say what is wrong with it."""
    image, joint = row["image"] or "", row["joint"] or ""
    side: Side | None = next((side for side in SIDES if side == row["hand"]), None)
    try:
        place = (float(row["x"] or ""), float(row["y"] or ""))
    except ValueError:
        place = (math.nan, math.nan)
    problem = None
    if not image:
        problem = "no image"
    elif side is None:
        problem = f"hand {row['hand']!r} is neither left nor right"
    elif joint not in POINTS:
        problem = f"unknown joint {joint!r}"
    elif not all(map(math.isfinite, place)):
        problem = f"position {row['x']!r}, {row['y']!r} is not a pair of numbers"
    elif joint in points.setdefault((image, side), {}):
        problem = f"{joint} of the {side} hand of {image} stands twice"
    else:
        points[image, side][joint] = place
    return problem


def held_out(images: Iterable[str]) -> frozenset[str]:
    """The pictures kept for measurement: every fourth in natural order of their names."""
    ordered = sorted(set(images), key=_natural)
    return frozenset(ordered[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY])


def part(hands: Sequence[Shown], *, apart: bool | None) -> list[Shown]:
    """The hands whose pictures are kept for measurement, those whose are not, or for None all."""
    kept = held_out(hand.image for hand in hands)
    return [hand for hand in hands if apart is None or (hand.image in kept) == apart]


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(number or 0), text) for number, text in re.findall(r"(\d*)(\D*)", name))
