"""Positions of joints as points of LabelMe files, one file a radiograph.

https://github.com/wkentaro/labelme: an object with `imagePath`, `imageWidth`, `imageHeight` and
`shapes`, of which those of `shape_type` point have a `label` and one pair of `points`.
"""

from __future__ import annotations

import math
import re
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.importers.boxes import Box
from sharp_cli.datasets.importers.files import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sharp_cli.core.joints import Side
    from sharp_cli.datasets.importers.cohort import Cohort

_NAMES: Final = {
    "mcp": "IP",  # the thumb's, in landmarks of RA2-DREAM
    **{re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in POINTS},
}
"""Joints by their labels in lower case, without anything but letters and digits."""

_OTHERS: Final = re.compile(r"w[1-3]|wrist.*")
"""Points of the wrist that stand for several joints; these joints are detected."""

Place = tuple[str, "Side"]
"""A radiograph, relative to the dataset's folder, and the side of its hand."""


def read_points(
    folder: Path, cohort: Cohort, place: Callable[[str], Place | None]
) -> Iterator[Box]:
    """Read the points of all LabelMe files of a folder, at any depth.

    Args:
        folder: Has the files.
        cohort: Gets remarks on what was not understood.
        place: The radiograph of a name without ending, and its hand; None for one to leave out.

    Raises:
        DocumentError: A file is no JSON, or there is no file.
    """
    files = sorted(folder.rglob("*.json"))
    if not files:
        message = f"{folder}: no LabelMe file (.json) in it; name the folder of the landmarks"
        raise DocumentError(message)
    for path in files:
        content = read_json(path, cohort)
        where = path.relative_to(folder).as_posix()
        shapes = content.get("shapes") if isinstance(content, dict) else None
        if not isinstance(shapes, list):
            cohort.remark(where, "no list of shapes, as LabelMe writes it; excluded")
            continue
        found = place(_stem(content, path))
        if found is not None:
            yield from _points(where, shapes, found, _size(content), cohort)


def _points(
    where: str, shapes: list[Any], place: Place, size: tuple[float, float] | None, cohort: Cohort
) -> Iterator[Box]:
    for number, shape in enumerate(shapes, start=1):
        at = f"{where} shape {number}"
        label = shape.get("label") if isinstance(shape, dict) else None
        name = re.sub(r"[^a-z0-9]", "", str(label).casefold())
        if name in _NAMES:
            yield Box(at, *place, _NAMES[name], *_position(shape), size)
        elif not _OTHERS.fullmatch(name):
            cohort.remark(at, f"{label!r} is no joint of the score; excluded")


def _position(shape: dict[str, Any]) -> tuple[float, float]:
    """The only point of a shape; NaN where there is none."""
    match shape.get("points"):
        case [[int() | float() as x, int() | float() as y]]:
            return x, y
        case _:
            return math.nan, math.nan


def _stem(content: dict[str, Any], path: Path) -> str:
    """The name of the radiograph without ending; paths may be those of Windows."""
    named = content.get("imagePath")
    return PureWindowsPath(named).stem if isinstance(named, str) and named else path.stem


def _size(content: dict[str, Any]) -> tuple[float, float] | None:
    match content:
        case {"imageWidth": int() as width, "imageHeight": int() as height}:
            return width, height
        case _:
            return None
