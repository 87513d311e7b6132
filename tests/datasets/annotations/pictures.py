"""Small pictures of hands, and their annotations in every form."""

from __future__ import annotations

import csv
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from sharp_cli.core.geometry import similarity
from sharp_cli.core.joints import POINTS
from sharp_cli.core.template import TEMPLATE

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side

SIZE = (160, 180)
IMAGE = "labeled-data/clinic/p01_L.png"

Points = dict[str, tuple[float, float]]


def points(side: Side = "left") -> Points:
    """The mean hand on a picture of `SIZE`, in whole pixels."""
    places = similarity(scale=0.1, mirror=side == "right", x=80, y=90)(TEMPLATE).round()
    return {name: (float(x), float(y)) for name, (x, y) in zip(POINTS, places, strict=True)}


def paint(folder: Path, *names: str) -> None:
    """Write a picture of `SIZE` for each name, each another one."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        picture = rng.integers(0, 256, SIZE[::-1], dtype=np.uint8)
        cv2.imwrite(str(path), picture)


def coco(*hands: tuple[str, Points, dict[str, Any]]) -> dict[str, Any]:
    """COCO keypoints of hands: file name, points, what else the annotation says."""
    files = list(dict.fromkeys(file for file, _, _ in hands))
    annotations = []
    for number, (file, found, more) in enumerate(hands, start=1):
        keypoints = [
            value
            for name in POINTS
            for value in ((*found[name], 2) if name in found else (0, 0, 0))
        ]
        annotations.append(
            {
                "id": number,
                "image_id": files.index(file),
                "category_id": 7,
                "keypoints": keypoints,
                **more,
            }
        )
    return {
        "images": [{"id": number, "file_name": file} for number, file in enumerate(files)],
        "categories": [{"id": 7, "name": "hand", "keypoints": list(POINTS)}],
        "annotations": annotations,
    }


def write_coco(folder: Path, content: Any) -> Path:
    path = folder / "hands.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def labels(frames: dict[str, dict[str, Points]], *, multi: bool, parts: bool = True) -> str:
    """A `CollectedData` file of frames: points by individual by picture.

    With `parts`, a picture's path stands in three columns, as newer versions of DeepLabCut have it.
    """
    individuals = list(dict.fromkeys(who for hands in frames.values() for who in hands))
    columns = [(who, name, axis) for who in individuals for name in POINTS for axis in "xy"]
    lead = [""] * (2 if parts else 0)
    rows = [["scorer", *lead, *("alice" for _ in columns)]]
    if multi:
        rows.append(["individuals", *lead, *(who for who, _, _ in columns)])
    rows.append(["bodyparts", *lead, *(name for _, name, _ in columns)])
    rows.append(["coords", *lead, *(axis for _, _, axis in columns)])
    for image, hands in frames.items():
        path = image.split("/") if parts else [image]
        cells = []
        for who, name, axis in columns:
            place = hands.get(who, {}).get(name)
            cells.append("" if place is None else str(place["xy".index(axis)]))
        rows.append([*path, *cells])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def write_project(folder: Path, text: str) -> Path:
    """A DeepLabCut project of one labelled set."""
    (folder / "config.yaml").write_text("Task: hands\nscorer: alice\nbodyparts: MULTI!\n")
    path = folder / "labeled-data" / "clinic" / "CollectedData_alice.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def table(*hands: tuple[str, Side, Points]) -> str:
    """The project's own CSV of hands."""
    rows = ["image,hand,joint,x,y"]
    for image, side, found in hands:
        rows += [f"{image},{side},{name},{x},{y}" for name, (x, y) in found.items()]
    return "\n".join(rows) + "\n"
