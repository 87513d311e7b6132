"""Joint positions in a CSV file: `image,hand,joint,x,y`, one row a point, and perhaps `patient`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.annotations.hands import RawHand, RawPoint, build_hands
from sharp_cli.fileio.tables import (
    open_table,
    parse_number,
    raise_problems,
    write_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand

COLUMNS: Final = ("image", "hand", "joint", "x", "y")
PATIENT: Final = "patient"
"""A further column, whose cells may be empty."""


def read_annotations(path: Path) -> list[AnnotatedHand]:
    """Read joint positions (`image,hand,joint,x,y`, hand left or right), one row a point.

    Raises:
        DocumentError: Listing every bad row.
    """
    hands, problems = build_hands(read_entries(path), exact_point)
    raise_problems(path, problems)
    return hands


def write_annotations(path: Path, hands: Iterable[AnnotatedHand]) -> None:
    """Write joint positions as `read_annotations` reads them.

    Raises:
        OutputError: It cannot be written.
    """
    write_table(
        path,
        COLUMNS,
        ((hand.image, hand.side, name, *xy) for hand in hands for name, xy in hand.points.items()),
    )


def read_entries(path: Path) -> list[RawHand]:
    """What a CSV file of joint positions says, unchecked; see `read_annotations`.

    Raises:
        DocumentError: It is no such file.
    """
    points: dict[tuple[str, str, str], list[RawPoint]] = {}
    table = open_table(path, COLUMNS)
    given = [PATIENT] if PATIENT in table.header else []
    for line, row in table.rows([*COLUMNS, *given]):
        point = RawPoint(
            f"line {line}", row["joint"], parse_number(row["x"]), parse_number(row["y"])
        )
        key = row["image"], row["hand"], row.get(PATIENT, "").strip()
        points.setdefault(key, []).append(point)
    return [
        RawHand(image, hand, found, patient) for (image, hand, patient), found in points.items()
    ]


def exact_point(name: str) -> str | None:
    """The point of this very name, or None."""
    return name if name in POINTS else None
