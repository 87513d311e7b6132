"""How long finding the hand and its joints takes, warm, without reading the file.

    python benchmarks/detection_speed.py RADIOGRAPH … [--detector BUNDLE] [--threads N]

Prints the median and the longest of the radiographs' own medians, in ms a hand.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import TYPE_CHECKING, Final

from sharp_cli import radiograph
from sharp_cli.bundles.store import open_bundle
from sharp_cli.execution.limits import cores
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector

if TYPE_CHECKING:
    from collections.abc import Iterable

REPEATS: Final = 7


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("radiographs", nargs="+", metavar="RADIOGRAPH")
    parser.add_argument("--detector", metavar="BUNDLE")
    parser.add_argument("--threads", type=int, default=cores())
    options = parser.parse_args()
    times = milliseconds(options.radiographs, options.detector, threads=options.threads)
    print(f"{len(times)} radiographs, {options.threads} threads: ", end="")
    print(f"median {median(times):.1f} ms a hand, longest {max(times):.1f} ms")


def milliseconds(
    files: Iterable[str], detector_folder: str | None = None, *, threads: int
) -> list[float]:
    """Of each radiograph, the median time a hand.

    Args:
        files: The radiographs.
        detector_folder: Folder of a joint detector; None for the bundled one.
        threads: CPU threads.
    """
    finder = HandFinder(open_bundle("hands"), threads=threads)
    detector = JointDetector(open_bundle("joints", detector_folder), threads=threads)
    times = []
    for file in files:
        picture = radiograph.read(file)
        spent = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            hands, _ = finder.find(picture)
            for hand in hands:
                detector.detect(picture, hand)
            spent.append(1000 * (time.perf_counter() - start) / len(hands))
        times.append(median(spent))
    return times


if __name__ == "__main__":
    main()
