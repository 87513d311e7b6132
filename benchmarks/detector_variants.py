"""What a joint detector gains by its input, its network, its start and its views.

Every variant is trained for each of five folds of annotated radiographs and measured on the
pictures of that fold, which are held out, through the whole line:

    python benchmarks/detector_variants.py IMAGES JOINTS.csv --init SNAPSHOT --work FOLDER

SNAPSHOT is what `detector_from_phantoms.py` trained: its folder's detector/run/best.pt. An
interrupted run resumes; with --only NAME … some variants are trained, so that several processes can
share the work. The table, in Markdown, is of all variants that are finished; pictures that are
named with --apart, such as those of small children, have one of their own.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np
import torch

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.geometry import Affine, Shrinking, similarity
from sharp_cli.core.hand_frame import fit_hand
from sharp_cli.core.joints import POINTS, TARGETS
from sharp_cli.datasets.annotations.csv_file import read_annotations
from sharp_cli.datasets.splits import split_folds
from sharp_cli.evaluation.metrics.detection import JointError, summarise
from sharp_cli.inference import joint_detector, shape_prior
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.training import views
from sharp_cli.training.detector import network as detector_network
from sharp_cli.training.detector import training_views as detector_views
from sharp_cli.training.detector import validation as detector_validation
from sharp_cli.training.detector.fit import DetectorTask, split
from sharp_cli.training.detector.fold_files import BUNDLE, Fold, fold_folder
from sharp_cli.training.detector.folds import FoldTask, fold_errors, train_fold
from sharp_cli.training.detector.settings import DetectorSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.records import Hand, Point, Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand
    from sharp_cli.inference.calibration import ViewPredictions

FOLDS: Final = 5

WRIST: Final = similarity(x=-80, y=530)
"""From the frame of a closer view, whose origin is the middle of the wrist, to the hand's."""

WRIST_HALF_HEIGHT: Final = 400.0

MISFIT: Final = 3.0
"""Mahalanobis distance from where the other joints say that a joint is, above which it is moved."""


@dataclass(frozen=True)
class Variant:
    """A way to train.

    Attributes:
        settings: How a detector is trained; what it starts from is given below.
        start: `phantoms`, `random`, or the name of another variant, whose detector of the same
            fold it starts from.
        pictures: Of how many pictures a detector learns, validation included; None for all.
        closer: Whether its views show the wrist alone, after the detector that it starts from.
    """

    settings: DetectorSettings
    start: str = "phantoms"
    pictures: int | None = None
    closer: bool = False


def _square(size: int, **chosen: Any) -> DetectorSettings:
    return DetectorSettings(**{"width": size, "height": size, "views": 12, "epochs": 6, **chosen})


_BASE: Final = DetectorSettings(width=320, height=384, views=12, epochs=6)

VARIANTS: Final = {
    "256 px": Variant(_square(256)),
    "320 px": Variant(_square(320)),
    "384 px, after 320 px": Variant(_square(384, epochs=2), start="320 px"),
    "512 px, after 320 px": Variant(_square(512, epochs=2), start="320 px"),
    "320 x 384 px": Variant(_BASE),
    "256 px, random weights": Variant(_square(256), start="random"),
    "256 px, random weights, cspnext_m": Variant(
        _square(256, net="cspnext_m", epochs=2), start="random"
    ),
    "320 px, then the wrist closer": Variant(_square(320, epochs=2), start="320 px", closer=True),
    "320 x 384 px, 5 pictures": Variant(_BASE, pictures=5),
    "320 x 384 px, 10 pictures": Variant(_BASE, pictures=10),
    "320 x 384 px, 20 pictures": Variant(_BASE, pictures=20),
}

CHOSEN: Final = "one view turned by 6°, averaged with the first"

WAYS: Final[dict[str, tuple[Affine, ...]]] = {
    "one view": (similarity(),),
    "two views, ±6°": tuple(similarity(degrees=degrees) for degrees in (-6, 6)),
    "three views, ±6°": tuple(similarity(degrees=degrees) for degrees in (-6, 0, 6)),
    "five views, ±10°": tuple(similarity(degrees=degrees) for degrees in (-10, -5, 0, 5, 10)),
    "two views, one mirrored": (similarity(), similarity(mirror=True)),
    "one view, averaged with the first": (similarity(),),
    CHOSEN: (similarity(degrees=6),),
    "two views, ±6°, averaged with the first": tuple(
        similarity(degrees=degrees) for degrees in (-6, 6)
    ),
    "two views, ±6°, misfits repaired": tuple(similarity(degrees=degrees) for degrees in (-6, 6)),
}
"""Views for a network once it is trained, after the first one, which aligns these."""


def main() -> None:
    """Train, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, metavar="IMAGES")
    parser.add_argument("joints", type=Path, metavar="JOINTS.csv")
    parser.add_argument("--init", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--apart", nargs="*", default=[], help="pictures to report separately")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("sharp_cli").setLevel(logging.INFO)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(options.threads)
    hands = read_annotations(options.joints)
    finder = HandFinder(open_bundle("hands"), threads=options.threads)
    for name in options.only:
        print(name, flush=True)
        variant, place = VARIANTS[name], _place(options.work, name)
        if variant.closer:
            _look_at_wrists()
        folds = [_train(variant, number, hands, options) for number in range(1, FOLDS + 1)]
        if variant.closer:
            _look_at_hands()

        def load(
            bundle: Path,
            *,
            variant: Variant = variant,
            how: Callable[[ViewPredictions], NDArray[np.float64]] | None,
        ) -> JointDetector | Closer | Placing:
            if not variant.closer:
                return Placing(_detector(bundle), how) if how else _detector(bundle)
            first = _place(options.work, variant.start) / bundle.parent.name / BUNDLE
            return Closer(_detector(first), _detector(bundle))

        # Ways to choose views are compared where nothing else is.
        all_ways = variant.start == "phantoms" and variant.pictures is None
        for way, further in WAYS.items():
            if not all_ways and way != CHOSEN:
                continue
            path = place / f"{way}.csv"
            if not path.is_file():
                joint_detector.FURTHER_VIEWS = further  # type: ignore[misc]
                loading = partial(load, how=_placing(way))
                _write(path, fold_errors(folds, options.images, finder, loading))
    apart = frozenset(options.apart)
    _print_table(options.work, lambda image: image not in apart)
    if apart:
        print(f"\n{', '.join(sorted(apart))}:\n")
        _print_table(options.work, lambda image: image in apart)


def _place(work: Path, name: str) -> Path:
    return work / name.replace(" ", "-").replace(",", "")


def _detector(bundle: Path) -> JointDetector:
    return JointDetector(open_bundle("joints", bundle), threads=torch.get_num_threads())


def _train(
    variant: Variant, number: int, hands: Sequence[AnnotatedHand], options: argparse.Namespace
) -> Fold:
    name = next(name for name, one in VARIANTS.items() if one is variant)
    others, own = split_folds(hands, FOLDS)[number - 1]
    if variant.pictures is not None:
        chosen = sorted({hand.image for hand in others})[: variant.pictures]
        others = [hand for hand in others if hand.image in chosen]
    start = {"phantoms": options.init, "random": None}
    if variant.start in VARIANTS:
        begun = fold_folder(_place(options.work, variant.start), number, FOLDS)
        start[variant.start] = begun / detector_network.BEST
    place = fold_folder(_place(options.work, name), number, FOLDS)
    return train_fold(
        FoldTask(DetectorTask(place, *split(others)), own),
        options.images,
        replace(variant.settings, init=start[variant.start]),
        "cpu",
    )


@dataclass(frozen=True)
class Closer:
    """Finds all joints, then those of the wrist once more in views of the wrist alone."""

    whole: JointDetector
    wrist: JointDetector

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """As `JointDetector.detect`."""
        hand, points = self.whole.detect(radiograph, hand)
        frame = hand.to_image.after(WRIST)
        keypoints = self.wrist.predict_views(
            Shrinking(radiograph.pixels),
            [frame.after(view) for view in joint_detector.FURTHER_VIEWS],
        )
        places = np.mean(
            [
                frame.after(view)(points[:, :2])
                for view, points in zip(joint_detector.FURTHER_VIEWS, keypoints, strict=True)
            ],
            axis=0,
        )
        closer = {POINTS[row] for row in _wrist_rows()}
        return hand, tuple(
            replace(point, x=float(x), y=float(y)) if point.joint in closer else point
            for point in points
            for x, y in [places[POINTS.index(point.joint)]]
        )


@dataclass(frozen=True)
class Placing:
    """Finds joints, and places them otherwise than by the mean of all views."""

    detector: JointDetector
    places: Callable[[ViewPredictions], NDArray[np.float64]]

    def detect(self, radiograph: Radiograph, hand: Hand) -> tuple[Hand, tuple[Point, ...]]:
        """As `JointDetector.detect`."""
        predictions = self.detector.predict(radiograph, hand)
        places = predictions.to_image(self.places(predictions)).tolist()
        hand, points = self.detector.detect(radiograph, hand)
        return hand, tuple(
            replace(point, x=x, y=y)
            for point in points
            for x, y in [places[POINTS.index(point.joint)]]
        )


def _placing(way: str) -> Callable[[ViewPredictions], NDArray[np.float64]] | None:
    """How a choice of views places the joints; None if by the mean of all views."""
    if way.endswith("averaged with the first"):
        return None
    return _repaired if way.endswith("misfits repaired") else _without_first


def _without_first(predictions: ViewPredictions) -> NDArray[np.float64]:
    return np.asarray(predictions.views[1:, :, :2].mean(axis=0))


def _repaired(predictions: ViewPredictions) -> NDArray[np.float64]:
    """Those that do not fit are put where the other joints say that they are."""
    places = _without_first(predictions)
    fit = shape_prior.fit(places)
    return np.where((fit.misfit > MISFIT)[:, None], fit.places, places)


def _wrist_rows() -> list[int]:
    names = {target.joint for target in TARGETS if target.group in ("CMC-M", "CMC", "wrist")}
    return [POINTS.index(name) for name in names]


_rank = detector_network._rank  # noqa: SLF001
_far_fraction = views._FAR_FRACTION  # noqa: SLF001
_half_height = views.VIEW_HALF_HEIGHT


def _look_at_wrists() -> None:
    """Let trainings draw the wrist instead of the hand, and keep their last epoch."""

    def frame(points: NDArray[np.float64], *, mirror: bool) -> Affine:
        return fit_hand(points, mirror=mirror).after(WRIST)

    number = itertools.count()
    # By all joints, most of which are not in these views, no epoch can be chosen.
    _patch(frame, WRIST_HALF_HEIGHT, lambda _: -float(next(number)), 0.0)


def _look_at_hands() -> None:
    _patch(fit_hand, _half_height, _rank, _far_fraction)


def _patch(frame: object, half_height: float, rank: object, far_fraction: float) -> None:
    for module in (views, detector_validation, detector_views):
        module.fit_hand = frame  # type: ignore[attr-defined]
    views.VIEW_HALF_HEIGHT = half_height  # type: ignore[misc]
    detector_network._rank = rank  # type: ignore[assignment]  # noqa: SLF001
    views._FAR_FRACTION = far_fraction  # type: ignore[misc]  # noqa: SLF001


def _write(path: Path, errors: Sequence[JointError]) -> None:
    rows = [(e.image, e.side, e.finding, e.group, e.joint, e.error) for e in errors]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image", "side", "finding", "group", "joint", "error"))
        writer.writerows(rows)


def _read(path: Path) -> list[JointError]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = [{**row, "error": float(row["error"])} for row in csv.DictReader(file)]
    return [JointError(**row) for row in rows]  # type: ignore[arg-type]


def _print_table(work: Path, wanted: Callable[[str], bool]) -> None:
    print("| trained | looking with | mean | median | p95 | erosion found | JSN found |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in VARIANTS:
        for way in WAYS:
            path = _place(work, name) / f"{way}.csv"
            if not path.is_file():
                continue
            errors = [item for item in _read(path) if wanted(item.image)]
            total = summarise(errors)
            found = [
                summarise([item for item in errors if item.finding == finding]).found
                for finding in ("erosion", "jsn")
            ]
            values = (total.mean, total.median, total.p95, *found)
            print(f"| {name} | {way} | {' | '.join(f'{value:.2f}' for value in values)} |")


if __name__ == "__main__":
    main()
