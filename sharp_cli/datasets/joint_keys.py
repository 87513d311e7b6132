"""Joints of pictures by name: how predictions, labels and readers are matched with each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from sharp_cli.fileio.tables import Problem, raise_problems

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

Value = TypeVar("Value")
"""What a file says of a joint."""


class JointKey(NamedTuple):
    """A joint on a picture; `image` as the labels or annotations name it, if they do."""

    image: str
    hand: str
    finding: str
    joint: str


def match_image(file: str, images: Container[str]) -> str:
    """Which of the known `images` a file is: the longest end of its path that is one of them.

    A file that is none keeps its path: others may have its name.
    """
    parts = Path(file).parts
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in images), file)


def index_joints(path: Path, rows: Iterable[tuple[str, JointKey, Value]]) -> dict[JointKey, Value]:
    """What a file says by joint.

    Args:
        path: The file, for messages.
        rows: Where in the file each joint stands, which one it is, and what is said of it.

    Raises:
        DocumentError: Listing every joint that stands twice.
    """
    found: dict[JointKey, Value] = {}
    problems = []
    for where, key, value in rows:
        if key in found:
            what = f"{key.finding} of {key.hand} {key.joint} of {key.image} stands twice"
            problems.append(Problem(where, what))
        found[key] = value
    raise_problems(path, problems)
    return found
