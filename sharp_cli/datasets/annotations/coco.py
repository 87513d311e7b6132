"""COCO keypoints: one annotation a hand, its category naming the points.

The format is that of https://cocodataset.org/#format-data (Lin et al., ECCV 2014); a point is x, y
and visibility, 0 where it is missing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.annotations.hands import RawHand, RawPoint
from sharp_cli.datasets.annotations.names import side_at_end, side_in
from sharp_cli.fileio.tables import Problem, parse_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SIDE_KEYS = ("hand", "side")


def read_entries(path: Path) -> tuple[list[RawHand], list[Problem]]:
    """What a file of COCO keypoints says, and what of it cannot be understood.

    The side of a hand is its annotation's `hand` or `side`, at the annotation itself or among its
    `attributes`; else what the category's name says; else the end of the picture's name. Whose
    it is, the picture's `patient` says, if it is there.
    Annotations without a visible point, and those of categories without keypoints, are excluded.

    Raises:
        DocumentError: It is no such file.
    """
    try:
        content = json.loads(path.read_bytes())
        lists = [content[key] for key in ("images", "categories", "annotations")]
        images, categories = (_by_id(entries) for entries in lists[:2])
        annotations = list(lists[2])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        message = (
            f"{path}: not a file of COCO keypoints ({type(error).__name__}: {error}); "
            "it needs the lists images, categories and annotations"
        )
        raise DocumentError(message) from error
    entries, problems = [], []
    for place, annotation in enumerate(annotations, start=1):
        given = annotation if isinstance(annotation, dict) else {}
        where = f"annotation {given['id']}" if "id" in given else f"annotation no. {place}"
        category = categories.get(str(given.get("category_id")))
        if category is not None and not category.get("keypoints"):
            continue
        picture = images.get(str(given.get("image_id")), {})
        image, patient = picture.get("file_name"), str(picture.get("patient", ""))
        points = None if category is None else _points(where, category, given)
        if not isinstance(image, str):
            problems.append(Problem(where, "its image_id names no image with a file_name"))
        elif category is None:
            problems.append(Problem(where, "its category_id names no category"))
        elif points is None:
            what = "its keypoints are not x, y, visibility for each one that its category names"
            problems.append(Problem(where, what))
        elif points:
            entries.append(RawHand(image, _hand(given, category, image), points, patient))
    return entries, problems


def _by_id(entries: Any) -> dict[str, Mapping[str, Any]]:
    return {str(entry.get("id")): entry for entry in entries if isinstance(entry, dict)}


def _points(
    where: str, category: Mapping[str, Any], annotation: Mapping[str, Any]
) -> list[RawPoint] | None:
    """The visible points of an annotation; None if their list is not what it should be."""
    names, values = category["keypoints"], annotation.get("keypoints")
    if not isinstance(names, list) or not isinstance(values, list):
        return None
    if len(values) != 3 * len(names):
        return None
    triples = zip(names, values[::3], values[1::3], values[2::3], strict=True)
    return [
        RawPoint(where, str(name), parse_number(x), parse_number(y))
        for name, x, y, seen in triples
        if seen != 0
    ]


def _hand(annotation: Mapping[str, Any], category: Mapping[str, Any], image: str) -> str | None:
    """Left, right, whatever else the annotation says, or None if nothing is said."""
    for said in _said(annotation):
        return side_in(said) or said
    return side_in(str(category.get("name"))) or side_at_end(image)


def _said(annotation: Mapping[str, Any]) -> Iterator[str]:
    attributes = annotation.get("attributes")
    for given in (attributes, annotation):
        if isinstance(given, dict):
            yield from (str(given[key]) for key in _SIDE_KEYS if given.get(key) is not None)
