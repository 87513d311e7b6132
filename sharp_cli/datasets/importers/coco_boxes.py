"""Boxes in COCO form: one annotation a box, its category saying of what.

The format is that of https://cocodataset.org/#format-data (Lin et al., ECCV 2014); a box is its
left and upper edge, width and height, the first pixel's edges being 0 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sharp_cli.datasets.importers.files import read_json
from sharp_cli.fileio.tables import parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sharp_cli.datasets.importers.cohort import Cohort

_LISTS: Final = ("images", "categories", "annotations")

_CENTRE: Final = 0.5
"""From a pixel's edge to its centre, which lies at whole numbers here."""

_EDGES: Final = 4


class CocoBox(NamedTuple):
    """The middle of a box.

    Attributes:
        where: Which annotation it is, for messages.
        image: File name of the picture.
        size: Width and height of the picture in pixels.
        category: Name of what is in the box.
        x: In the picture's pixels, whose centres lie at whole numbers; NaN if it is no number.
        y: Likewise.
    """

    where: str
    image: str
    size: tuple[float, float]
    category: str
    x: float
    y: float


def read_boxes(path: Path, cohort: Cohort) -> Iterator[CocoBox]:
    """Read the boxes of a file; what is no box is noted in the cohort's remarks.

    Raises:
        DocumentError: It is no JSON.
    """
    content = read_json(path, cohort)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(name), list) for name in _LISTS
    ):
        cohort.remark(path.name, f"has no lists {', '.join(_LISTS)}; not read")
        return
    images, categories = (_by_id(content[name]) for name in _LISTS[:2])
    for place, given in enumerate(content["annotations"], start=1):
        where = f"annotation no. {place}"
        annotation = given if isinstance(given, dict) else {}
        image = images.get(str(annotation.get("image_id")), {})
        category = categories.get(str(annotation.get("category_id")), {}).get("name")
        box = annotation.get("bbox")
        if not isinstance(image.get("file_name"), str) or not isinstance(category, str):
            cohort.remark(f"{path.name} {where}", "names no picture and category; excluded")
        elif not isinstance(box, list) or len(box) != _EDGES:
            cohort.remark(f"{path.name} {where}", "has no box of four numbers; excluded")
        else:
            left, upper, width, height = map(parse_number, box)
            yield CocoBox(
                where,
                image["file_name"],
                (parse_number(image.get("width")), parse_number(image.get("height"))),
                category,
                left + width / 2 - _CENTRE,
                upper + height / 2 - _CENTRE,
            )


def _by_id(entries: list[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(entry.get("id")): entry for entry in entries if isinstance(entry, dict)}
