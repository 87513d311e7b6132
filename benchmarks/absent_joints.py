"""Joints that are not to be seen: train what recognises them, and measure it by folds of patients.

    python benchmarks/absent_joints.py radiographs joints.csv --also cohort cohort/joints.csv \
        --out joints
    python benchmarks/absent_joints.py radiographs joints.csv --detector joints

The first adds the network to a copy of the bundled detector, and measures it: each fold of the
radiographs by a network that has not seen their patients. The second measures a detector as it is.
"""

from __future__ import annotations

import argparse
import shutil
import zlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from sharp_cli.bundles.store import open_bundle, write_bundle
from sharp_cli.core.errors import NoHandError
from sharp_cli.core.joints import POINTS
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.datasets.splits import split_folds
from sharp_cli.evaluation.metrics.detection import TOLERANCE
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.inference.visibility import SIDE, WIDE, normalise
from sharp_cli.synthetic.absent_joints import ABSENCES, hidden
from sharp_cli.synthetic.perturbations import shrink
from sharp_cli.training.detector.visibility import export, fit, looks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.training.detector.visibility import Look, Network

NETWORK_FILE: Final = "visible.onnx"
ABSENT: Final = 0.9  # of a joint's place is hidden
CLEAR: Final = 0.02
FOLDS: Final = 5
EPOCHS: Final = 15


def bundle_with(network: Network, out: Path, slope: float, intercept: float) -> Path:
    """A copy of the bundled detector with the network."""
    bundled = open_bundle("joints")
    shutil.copytree(bundled.path, out, dirs_exist_ok=True)
    export(network, out / NETWORK_FILE, slope=slope, intercept=intercept)
    files = [file for file in bundled.meta["sha256"] if file != "MODEL_CARD.md"]
    meta = {name: value for name, value in bundled.meta.items() if name != "sha256"}
    meta["visibility"] = {"file": NETWORK_FILE}
    write_bundle(out, meta, list(dict.fromkeys([*files, NETWORK_FILE])))
    return out


def odds(network: Network, own: Sequence[Look]) -> NDArray[np.float64]:
    """What a network says of looks."""
    edge = (WIDE - SIDE) // 2
    wide = np.stack([look.view for look in own]).astype(np.float32) / np.float32(255) * 3 - 1
    views = normalise(wide[:, edge : edge + SIDE, edge : edge + SIDE])
    with torch.no_grad():
        said = [network(torch.from_numpy(views[at : at + 256])) for at in range(0, len(own), 256)]
    found = torch.cat(said).numpy()[np.arange(len(own)), [look.joint for look in own]]
    return np.asarray(found, np.float64)


class Tally:
    """How many joints there were of a kind, and how many were called uncertain or not detected."""

    def __init__(self) -> None:
        self.absent = self.doubted = self.clear = self.flagged = 0

    def row(self) -> str:
        """As cells of a table."""
        found = f"{100 * self.doubted / self.absent:.1f}" if self.absent else ""
        return f"{self.absent} | {found} | {self.clear} | {100 * self.flagged / self.clear:.1f}"


def measure(
    finder: HandFinder, detector: JointDetector, hands: Sequence[AnnotatedHand], images: Path
) -> Iterator[tuple[str, int, int, int, int]]:
    """By what was done to a radiograph: joints absent, doubted of them, clear, flagged of them."""
    for original, own in read_square(hands, images):
        small, to_small = shrink(original.pixels)
        places = [to_small(hand.positions()) for hand in own]
        phalanges = [hand.phalanx * to_small.scale for hand in own]
        for kind in ("as it is", *ABSENCES):
            pixels, moved = small, places
            gone = [np.where(np.isfinite(one).all(axis=1), 0.0, np.nan) for one in places]
            if kind in ABSENCES:
                seed = zlib.crc32(f"{own[0].image} {kind} measured".encode())
                removed = ABSENCES[kind](small, places, np.random.default_rng(seed))
                pixels, moved = removed.pixels, [removed.move(one) for one in places]
                gone = [hidden(removed.mask, one) for one in places]
            picture = replace(original, pixels=pixels)
            answers = list(detected(finder, detector, picture))
            for truth, share, phalanx in zip(moved, gone, phalanges, strict=True):
                yield kind, *compare(answers, truth, share, phalanx)


def detected(
    finder: HandFinder, detector: JointDetector, picture: Radiograph
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Of each hand where its points are, NaN where not detected, and which of them are sure."""
    try:
        hands, _ = finder.find(picture)
    except NoHandError:
        return
    for hand in hands:
        places = np.full((len(POINTS), 2), np.nan)
        sure = np.zeros(len(POINTS), bool)
        try:
            _, points = detector.detect(picture, hand)
        except NoHandError:
            continue
        for point in points:
            at = POINTS.index(point.joint)
            places[at], sure[at] = (point.x, point.y), point.status == "ok"
        yield places, sure


def compare(
    answers: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]],
    truth: NDArray[np.float64],
    gone: NDArray[np.float64],
    phalanx: float,
) -> tuple[int, int, int, int]:
    """The counts of one hand."""
    errors = [np.hypot(*(places - truth).T) / phalanx for places, _ in answers]
    usual = [np.nanmedian(one) if np.isfinite(one).any() else np.inf for one in errors]
    sure = np.zeros(len(POINTS), bool)
    near = np.zeros(len(POINTS), bool)
    if usual and min(usual) < 1:
        at = int(np.argmin(usual))
        sure, near = answers[at][1], errors[at] <= TOLERANCE
    absent, clear = gone >= ABSENT, (gone <= CLEAR) & near
    return (
        int(absent.sum()),
        int((absent & ~sure).sum()),
        int(clear.sum()),
        int((clear & ~sure).sum()),
    )


def table(counts: Iterable[tuple[str, int, int, int, int]]) -> None:
    """Print the sums."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    for kind, *numbers in counts:
        for name in (kind, "all"):
            tally = tallies[name]
            tally.absent += numbers[0]
            tally.doubted += numbers[1]
            tally.clear += numbers[2]
            tally.flagged += numbers[3]
    print("| joints | absent | % not detected or uncertain | clear | % of them uncertain |")
    print("| --- | --- | --- | --- | --- |")
    for kind in ("as it is", *ABSENCES, "all"):
        print(f"| {kind} | {tallies[kind].row()} |", flush=True)


def train(
    hands: Sequence[AnnotatedHand], images: Path, further: Sequence[Sequence[Path]], out: Path
) -> None:
    """Train the network of each fold and that of all, and print what the folds' do."""
    finder = HandFinder(open_bundle("hands"), threads=1)
    bare = JointDetector(open_bundle("joints"), threads=1)
    others = [
        look
        for folder, joints in further
        for look in looks(read_checked(joints, folder), folder, finder, bare, versions=1)
    ]
    parts = [own for _, own in split_folds(hands, FOLDS)]
    seen = [list(looks(own, images, finder, bare, versions=4)) for own in parts]
    networks = [
        fit([*others, *(look for one in seen if one is not own for look in one)], EPOCHS, seed=1)
        for own in seen
    ]
    said = np.concatenate([odds(network, own) for network, own in zip(networks, seen, strict=True)])
    known = np.array([look.seen for own in seen for look in own])
    model = LogisticRegression(class_weight="balanced").fit(said[:, None], known)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    whole = fit([*others, *(look for own in seen for look in own)], EPOCHS, seed=1)
    counts: list[tuple[str, int, int, int, int]] = []
    for number, (network, own) in enumerate(zip(networks, parts, strict=True)):
        place = bundle_with(network, out.with_name(f"{out.name}-{number}"), slope, intercept)
        detector = JointDetector(open_bundle("joints", place), threads=1)
        counts += measure(finder, detector, own, images)
    bundle_with(whole, out, slope, intercept)
    table(counts)


def main() -> None:
    """Train and measure, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("joints", type=Path)
    parser.add_argument("--also", type=Path, nargs=2, action="append", default=[])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--detector", type=Path)
    given = parser.parse_args()
    hands = read_checked(given.joints, given.images)
    if given.out is not None:
        train(hands, given.images, given.also, given.out)
        return
    finder = HandFinder(open_bundle("hands"), threads=1)
    detector = JointDetector(open_bundle("joints", given.detector), threads=1)
    table(measure(finder, detector, hands, given.images))


if __name__ == "__main__":
    main()
