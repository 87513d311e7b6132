"""Joints that are not to be seen: train what recognises them, and measure it by folds of patients.

    python benchmarks/absent_joints.py radiographs joints.csv --also cohort cohort/joints.csv \
        --also wrists wrists/joints.csv --out joints
    python benchmarks/absent_joints.py radiographs joints.csv --detector joints

The first adds the network to a copy of the bundled detector, and measures it: each fold of the
radiographs by a network that has not seen their patients, with a limit chosen on the other folds.
The second measures a detector as it is.
"""

from __future__ import annotations

import argparse
import shutil
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

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
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.records import Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.training.detector.visibility import Look, Network

NETWORK_FILE: Final = "visible.onnx"
ABSENT: Final = 0.9  # of a joint's place is hidden
CLEAR: Final = 0.02
FOUND: Final = 0.95  # of the absent joints of each kind are to be uncertain
FOLDS: Final = 5
EPOCHS: Final = 10
VERSIONS: Final = 4  # of each radiograph with joints taken away, each way


def bundle_with(
    network: Network, out: Path, *, slope: float, intercept: float, limit: float | None = None
) -> Path:
    """A copy of the bundled detector with the network, and with the limit of what is uncertain."""
    bundled = open_bundle("joints")
    shutil.copytree(bundled.path, out, dirs_exist_ok=True)
    export(network, out / NETWORK_FILE, slope=slope, intercept=intercept)
    files = [file for file in bundled.meta["sha256"] if file != "MODEL_CARD.md"]
    meta = {name: value for name, value in bundled.meta.items() if name != "sha256"}
    meta["visibility"] = {"file": NETWORK_FILE}
    if limit is not None:
        meta["certainty"] = {**meta["certainty"], "threshold": limit}
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


class Judged(NamedTuple):
    """The joints of a hand, and how sure they were said to be.

    Attributes:
        kind: What was done to the radiograph.
        absent: Which of `joints.POINTS` are not to be seen, shape (22,).
        clear: Which are, and were found.
        confidence: 0 where a joint was not detected.
    """

    kind: str
    absent: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    confidence: NDArray[np.float64]


def measure(
    finder: HandFinder, detector: JointDetector, hands: Sequence[AnnotatedHand], images: Path
) -> Iterator[Judged]:
    """Judge the joints of radiographs as they are, and with joints taken away."""
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
            answers = list(detected(finder, detector, replace(original, pixels=pixels)))
            for truth, share, phalanx in zip(moved, gone, phalanges, strict=True):
                confidence, near = of_hand(answers, truth, phalanx)
                yield Judged(kind, share >= ABSENT, (share <= CLEAR) & near, confidence)


def detected(
    finder: HandFinder, detector: JointDetector, picture: Radiograph
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Of each hand where its points are, NaN where not detected, and their confidence."""
    try:
        hands, _ = finder.find(picture)
    except NoHandError:
        return
    for hand in hands:
        places = np.full((len(POINTS), 2), np.nan)
        confidence = np.zeros(len(POINTS))
        try:
            _, points = detector.detect(picture, hand)
        except NoHandError:
            continue
        for point in points:
            at = POINTS.index(point.joint)
            places[at], confidence[at] = (point.x, point.y), point.likelihood
        yield places, confidence


def of_hand(
    answers: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]],
    truth: NDArray[np.float64],
    phalanx: float,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How sure the joints of one hand were said to be, and which were found."""
    errors = [np.hypot(*(places - truth).T) / phalanx for places, _ in answers]
    usual = [np.nanmedian(one) if np.isfinite(one).any() else np.inf for one in errors]
    if not usual or min(usual) >= 1:
        return np.zeros(len(POINTS)), np.zeros(len(POINTS), bool)
    at = int(np.argmin(usual))
    return answers[at][1], errors[at] <= TOLERANCE


def choose_limit(judged: Sequence[Judged]) -> float:
    """The lowest confidence, in hundredths, below which most absent joints of every kind lie."""
    absent = [
        np.concatenate([one.confidence[one.absent] for one in judged if one.kind == kind])
        for kind in ABSENCES
    ]
    limits = (hundredth / 100 for hundredth in range(101))
    return next(low for low in limits if all((one < low).mean() >= FOUND for one in absent))


def table(parts: Sequence[tuple[float, Sequence[Judged]]]) -> None:
    """Print what is uncertain below limits."""
    print("| joints | absent | % not detected or uncertain | clear | % of them uncertain |")
    print("| --- | --- | --- | --- | --- |")
    for kind in ("as it is", *ABSENCES, "all"):
        own = [(limit, one) for limit, all_ in parts for one in all_ if kind in (one.kind, "all")]
        low = np.concatenate([one.confidence < limit for limit, one in own])
        cells = []
        for name in ("absent", "clear"):
            these = low[np.concatenate([getattr(one, name) for _, one in own])]
            cells += [str(len(these)), f"{100 * these.mean():.1f}" if len(these) else ""]
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)


def train(
    hands: Sequence[AnnotatedHand], images: Path, further: Sequence[Sequence[Path]], out: Path
) -> None:
    """Train the network of each fold and that of all, and print what the folds' do."""
    finder = HandFinder(open_bundle("hands"), threads=1)
    bare = JointDetector(open_bundle("joints"), threads=1)
    others = [
        look
        for folder, joints in further
        for look in looks(
            read_checked(joints, folder, parts=True), folder, finder, bare, versions=1
        )
    ]
    parts = [own for _, own in split_folds(hands, FOLDS)]
    seen = [list(looks(own, images, finder, bare, versions=VERSIONS)) for own in parts]
    networks = [
        fit([*others, *(look for one in seen if one is not own for look in one)], EPOCHS, seed=1)
        for own in seen
    ]
    said = np.concatenate([odds(network, own) for network, own in zip(networks, seen, strict=True)])
    known = np.array([look.seen for own in seen for look in own])
    model = LogisticRegression().fit(said[:, None], known)
    scale = {"slope": float(model.coef_[0, 0]), "intercept": float(model.intercept_[0])}
    whole = fit([*others, *(look for own in seen for look in own)], EPOCHS, seed=1)
    judged: list[list[Judged]] = []
    for number, (network, own) in enumerate(zip(networks, parts, strict=True)):
        place = bundle_with(network, out.with_name(f"{out.name}-{number}"), **scale)
        detector = JointDetector(open_bundle("joints", place), threads=1)
        judged.append(list(measure(finder, detector, own, images)))
    limits = [
        choose_limit([each for other in judged if other is not one for each in other])
        for one in judged
    ]
    table(list(zip(limits, judged, strict=True)))
    limit = choose_limit([each for one in judged for each in one])
    bundle_with(whole, out, **scale, limit=limit)
    print(f"Limits of the folds, each chosen on the others: {limits}; of the bundle: {limit}")


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
    limit = float(open_bundle("joints", given.detector).meta["certainty"]["threshold"])
    table([(limit, list(measure(finder, detector, hands, given.images)))])


if __name__ == "__main__":
    main()
