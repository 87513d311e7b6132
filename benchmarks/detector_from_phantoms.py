"""How well a hand finder and a joint detector that saw phantoms alone do on real radiographs.

Draws intact phantoms of all ages, trains both networks on them, and measures them on annotated
radiographs, through the whole line:

    python benchmarks/detector_from_phantoms.py IMAGES JOINTS.csv --work FOLDER

IMAGES are used for nothing but the measurement. An interrupted run resumes.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from sharp_cli.core.joints import SIDES
from sharp_cli.synthetic.phantom import generate_hand, make_radiograph

_FILMS: Final = 240
_BOTH: Final = 0.25  # fraction of radiographs of both hands
_SEED: Final = 5000  # of the first phantom


def main() -> None:
    """Draw, train, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, metavar="IMAGES")
    parser.add_argument("joints", type=Path, metavar="JOINTS.csv")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--films", type=int, default=_FILMS)
    parser.add_argument("--epochs", type=int, default=12, help="of the joint detector")
    options = parser.parse_args()
    work: Path = options.work
    annotations, pictures = work / "joints.csv", work / "phantoms"
    if not annotations.is_file():
        _draw_radiographs(pictures, annotations, options.films)
    detector = ["--height", "320", "--views", "6", "--epochs", str(options.epochs), "--folds", "0"]
    given = ["--annotations", str(annotations), "--images", str(pictures)]
    training = [
        ["hands", *given, "--phantoms", "0", "--steps", "3000"],
        # Square views, as those of the network that the bundled detector started from.
        ["detector", *given, *detector],
    ]
    for command in training:
        place = work / command[0]
        if not (place / "bundle" / "bundle.json").is_file():
            _sharp("train", *command, "--out", str(place / "bundle"), "--work", str(place / "run"))
    found = work / "detected.csv"
    files = sorted(str(path) for path in options.images.iterdir() if path.is_file())
    bundles = [
        *("--hands", str(work / "hands" / "bundle")),
        *("--detector", str(work / "detector" / "bundle")),
    ]
    # A picture without a hand is an error of that picture alone; its joints count as not found.
    command = [sys.executable, "-m", "sharp_cli", "detect", *files, *bundles, "--csv", str(found)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    _sharp("evaluate", "detection", str(found), str(options.joints))


def _sharp(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "sharp_cli", *arguments], check=True)


def _draw_radiographs(folder: Path, annotations: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        rows = [
            row for found in pool.map(partial(_draw_film, folder), range(count)) for row in found
        ]
    with annotations.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "hand", "joint", "x", "y"))
        writer.writerows(rows)


def _draw_film(folder: Path, number: int) -> list[tuple[object, ...]]:
    cv2.setNumThreads(1)
    rng = np.random.default_rng([_SEED, number])
    sides = SIDES if rng.random() < _BOTH else (SIDES[int(rng.integers(2))],)
    made = make_radiograph([generate_hand(_SEED + number, side=side) for side in sides], rng)
    name = f"{number:04d}.png"
    cv2.imwrite(str(folder / name), np.rint(made.pixels * 255).astype(np.uint8))
    return [
        (name, side, joint, f"{x:.2f}", f"{y:.2f}")
        for side, points in zip(made.sides, made.points, strict=True)
        for joint, (x, y) in points.items()
    ]


if __name__ == "__main__":
    main()
