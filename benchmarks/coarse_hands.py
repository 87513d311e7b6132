"""How coarse a radiograph may be: hands made smaller, against themselves as they are.

    python benchmarks/coarse_hands.py radiographs joints.csv

Every seventh annotated radiograph is reduced until its largest hand has so many pixels, its joints
are detected and classified one by one, and places and labels compared with those of the whole one.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import NoHandError
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.evaluation.metrics.detection import TOLERANCE
from sharp_cli.inference.classifier import Classifier
from sharp_cli.inference.crop import crop
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.scoring.detection import hand_pixels

if TYPE_CHECKING:
    from sharp_cli.core.records import Radiograph

    Found = dict[str, tuple[float, float, dict[str, tuple[float, str]]]]

SIZES: Final = (800, 600, 500, 400, 300, 200, 100)  # px
EVERY: Final = 7


def results(
    finder: HandFinder, detector: JointDetector, classifier: Classifier, picture: Radiograph
) -> tuple[float, dict[str, tuple[float, float]], dict[str, tuple[float, str]]] | None:
    """The size of the first hand, the places of its joints, probabilities and labels."""
    try:
        hand, points = detector.detect(picture, finder.find(picture)[0][0])
    except NoHandError:
        return None
    (found,) = classifier.classify([{hand.side: crop(picture, hand, points)}], "siso")
    return (
        hand_pixels(hand),
        {point.joint: (point.x, point.y) for point in points},
        {f"{one.finding} {one.joint}": (one.probability, one.label) for one in found},
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("joints", type=Path)
    given = parser.parse_args()
    stages = (
        HandFinder(open_bundle("hands"), threads=1),
        JointDetector(open_bundle("joints"), threads=1),
        Classifier(open_bundle("findings"), threads=1),
    )
    hands = read_checked(given.joints, given.images)
    chosen = sorted({hand.image for hand in hands})[::EVERY]
    lost: dict[int, int] = defaultdict(int)
    off: dict[int, list[float]] = defaultdict(list)
    change: dict[int, list[float]] = defaultdict(list)
    other: dict[int, list[bool]] = defaultdict(list)
    for original, _ in read_square([hand for hand in hands if hand.image in chosen], given.images):
        whole = results(*stages, original)
        if whole is None:
            continue
        pixels, places, labels = whole
        phalanx = pixels / 1700 * 400
        for size in SIZES:
            scale = size / pixels
            if scale > 1:
                continue
            small = cv2.resize(
                original.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
            found = results(*stages, replace(original, pixels=np.asarray(small, np.float32)))
            if found is None:
                lost[size] += 1
                continue
            back = {
                name: ((x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5)
                for name, (x, y) in found[1].items()
            }
            off[size] += [
                float(np.hypot(back[name][0] - x, back[name][1] - y)) / phalanx
                for name, (x, y) in places.items()
                if name in back
            ]
            pairs = [(labels[name], found[2][name]) for name in labels if name in found[2]]
            change[size] += [abs(one[0] - two[0]) for one, two in pairs]
            other[size] += [one[1] != two[1] for one, two in pairs]
    print("| hand, px | hands lost | joints | median shift, % | within 15 % | change | labels, % |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        if off[size]:
            print(
                f"| {size} | {lost[size]} | {len(off[size])} | {100 * np.median(off[size]):.2f} | "
                f"{100 * np.mean(np.array(off[size]) <= TOLERANCE):.2f} | "
                f"{np.mean(change[size]):.3f} | {100 * np.mean(other[size]):.2f} |"
            )


if __name__ == "__main__":
    main()
