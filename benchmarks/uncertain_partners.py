"""What a joint of uncertain place does to the other joints of its input sets.

Joints of one hand of each study are covered. For the joints beside them, which nothing covers, the
results are compared with those of the study as it was: with the features of what covers a joint
passed on to the others, and left out. With labels, also with these.

    python benchmarks/uncertain_partners.py radiographs joints.csv
    python benchmarks/uncertain_partners.py cohort cohort/joints.csv --labels cohort/labels.csv
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.metrics import roc_auc_score

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.hand_frame import common_frame
from sharp_cli.core.inputs import Input, input_set
from sharp_cli.core.joints import POINTS, SIDES, TARGET_OF
from sharp_cli.core.records import Hand, Point
from sharp_cli.datasets.annotations.check import read_checked
from sharp_cli.datasets.annotations.square import read_square
from sharp_cli.datasets.labels import read_labels
from sharp_cli.inference.classifier import Classifier
from sharp_cli.inference.crop import crop
from sharp_cli.synthetic.absent_joints import covered, hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.joints import StudyJoint
    from sharp_cli.core.records import Classification, Patch, Radiograph
    from sharp_cli.datasets.annotations.hands import AnnotatedHand

    Shown = tuple[Radiograph, AnnotatedHand]

MODELS: Final = ("mimo-local", "mimo-one-hand", "mimo-both-hands")
TRIES: Final = 3  # of each study
GONE: Final = 0.5  # of a joint's place is hidden: its place is then called uncertain
TOUCHED: Final = 0.02


def studies(
    images: Path, joints: Path, labels: Path | None
) -> Iterator[tuple[str, list[Shown], Mapping[StudyJoint, bool]]]:
    """The studies that show both hands, each with its hands and what is known of its joints."""
    hands = read_checked(joints, images)
    study_of: dict[str, str] = {}
    truth: dict[str, dict[StudyJoint, bool]] = defaultdict(dict)
    for one in read_labels(labels).joints if labels else ():
        study_of[one.image] = f"{one.patient} {one.study}"
        truth[study_of[one.image]][one.side, one.finding, one.joint] = one.damaged
    found: dict[str, list[AnnotatedHand]] = defaultdict(list)
    for hand in hands:
        found[study_of.get(hand.image, hand.image)].append(hand)
    for name, own in sorted(found.items()):
        if {hand.side for hand in own} == {*SIDES}:
            shown = [(film, hand) for film, its in read_square(own, images) for hand in its]
            yield name, shown, truth[name]


def patches(film: Radiograph, hand: AnnotatedHand, gone: NDArray[np.float64]) -> tuple[Patch, ...]:
    """The patches of a hand, those of hidden joints uncertain."""
    frame = common_frame(hand.positions(), mirror=hand.side == "right")
    points = [
        Point(name, x, y, 1.0, "uncertain" if share >= GONE else "ok")
        for name, (x, y), share in zip(POINTS, hand.positions().tolist(), gone, strict=True)
        if np.isfinite(x)
    ]
    return crop(film, Hand(film.file, hand.side, "anatomy", frame, 1.0), points)


def compare(
    classifier: Classifier, name: str, shown: Sequence[Shown], number: int
) -> Iterator[tuple[str, StudyJoint, tuple[Classification, ...]]]:
    """The results as it was, passed on and left out, of each joint beside the covered ones."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {number}".encode()))
    at = int(rng.integers(len(shown)))
    film, hand = shown[at]
    places = hand.positions()
    removed = covered(film.pixels, [places], rng)
    gone = hidden(removed.mask, places)
    none = np.zeros(len(POINTS))
    clean = {its.side: patches(own, its, none) for own, its in shown}
    left_out = {**clean, hand.side: patches(replace(film, pixels=removed.pixels), hand, gone)}
    passed = {
        side: tuple(replace(patch, status="ok") for patch in cut) for side, cut in left_out.items()
    }
    doubted = {p.joint for p in left_out[hand.side] if p.status == "uncertain"}
    touched = {joint for joint, share in zip(POINTS, gone, strict=True) if share > TOUCHED}
    features = classifier.extract_features([clean, passed, left_out])
    for model in MODELS:
        found = [
            {(one.side, one.finding, one.joint): one for one in results}
            for results in (classifier.classify_features(each, model) for each in features)
        ]
        for key in found[0]:
            side, finding, joint = key
            group = TARGET_OF[finding, joint].group
            mates = input_set(model, finding, group, Input(side, joint))
            if side == hand.side and joint in touched:
                continue
            if any(one.side == hand.side and one.joint in doubted for one in mates):
                yield model, key, tuple(each[key] for each in found)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path)
    parser.add_argument("joints", type=Path)
    parser.add_argument("--labels", type=Path)
    given = parser.parse_args()
    classifier = Classifier(open_bundle("findings", None))
    rows: dict[str, list[tuple[Classification, ...]]] = defaultdict(list)
    known: dict[str, list[bool]] = defaultdict(list)
    for name, shown, truth in studies(given.images, given.joints, given.labels):
        for number in range(TRIES):
            for model, key, found in compare(classifier, name, shown, number):
                rows[model].append(found)
                known[model].append(truth.get(key, False))
    print("| model | joints | features of covered joints | mean change | largest | labels | AUC |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for model, results in rows.items():
        said = np.array([[one.probability for one in each] for each in results])
        called = np.array([[one.label == "non-intact" for one in each] for each in results])
        for at, way in enumerate(("passed on", "left out"), start=1):
            change = np.abs(said[:, at] - said[:, 0])
            labels = int((called[:, at] != called[:, 0]).sum())
            auc = ""
            if given.labels is not None:
                auc = " to ".join(f"{roc_auc_score(known[model], said[:, n]):.3f}" for n in (0, at))
            print(
                f"| `{model}` | {len(said)} | {way} | {change.mean():.3f} | {change.max():.2f} | "
                f"{labels} | {auc} |"
            )


if __name__ == "__main__":
    main()
