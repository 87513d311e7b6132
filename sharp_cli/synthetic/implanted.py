"""Training data from intact hands: patches of their joints with lesions, and the labels."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.core.joints import GRADES, SCORED_FINDINGS, SIDES
from sharp_cli.datasets.splits import patient_of
from sharp_cli.fileio import output
from sharp_cli.inference.patches import to_png
from sharp_cli.synthetic.adult_bones import random_gap
from sharp_cli.synthetic.joint_patches import generate_patch
from sharp_cli.synthetic.phantom.cohort import KEYS, patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.datasets.splits import Patient
    from sharp_cli.synthetic.intact_hands import IntactHand
    from sharp_cli.synthetic.phantom.cohort import Key

    Row = tuple[object, ...]

LABELS_FILE: Final = "labels.csv"

COLUMNS: Final = ("patient", "study", "image", "hand", "finding", "joint", "grade", "patch")
"""Of the table of labels, see `sharp_cli.datasets.labels`; `image` is empty."""

_AUGMENTED: Final = 0.5
"""Fraction of studies whose exposure, sharpness and noise are changed."""

_INTACT: Final[Mapping[Key, int]] = dict.fromkeys(KEYS, 0)

_COLLAPSED: Final = 2
"""JSN that the worst erosion brings with it, at least: see `synthetic.lesions.implant`."""


def write_implanted(
    hands: Sequence[IntactHand],
    folder: Path,
    *,
    versions: int,
    seed: int,
    on_progress: Callable[[str], None],
) -> None:
    """Generate several versions of every joint, and write patches and labels.

    A version of a radiograph is a study, with both hands; a patient is called by the first of all
    his or her radiographs. Where a radiograph shows one hand, a different version of the same hand
    stands in for the other. Version 0 is the intact hand as it is. The others are an adult's, see
    `synthetic.adult_bones`, and may have harmless look-alikes: version 1 is intact, the rest have
    the lesions of a synthetic patient at the last visit, see `synthetic.phantom.cohort`.

    The same hands and seed give the same files; a version is the same however many there are. The
    table of labels is written last.

    Args:
        hands: Intact hands.
        folder: Output folder. Patches go to `<radiograph>/<study>/<hand>-<joint>.png`, 16 bit, of
            the size of the joint's box; one serves all findings of a joint.
        versions: How many of each radiograph.
        seed: Random seed.
        on_progress: Called with the name of each study that was written.

    Raises:
        DocumentError: Two radiographs differ in the extension of their names only.
        UsageError: The folder already has a table of labels.
        OutputError: Something cannot be written.
    """
    table = folder / LABELS_FILE
    output.prepare(table)
    if table.exists():
        message = f"{table}: is there already; choose a new folder"
        raise UsageError(message)
    radiographs = _hand_pairs(hands)
    rows: list[Row] = [COLUMNS]
    people: dict[Patient, str] = {}
    for index, (name, pair) in enumerate(radiographs.items()):
        person = people.setdefault(patient_of(pair[0]), name)
        for version in range(versions):
            grades = _INTACT
            if version > 1:
                number = (version - 2) * len(radiographs) + index + 1
                grades = patient(seed, number).studies[-1].grades
            study = f"{name}-{version}"
            rng = np.random.default_rng([seed, index, version])
            # As often with lesions as without, so that exposure does not give them away.
            augment = bool(rng.random() < _AUGMENTED)
            gap = random_gap(rng) if version else None
            for hand in pair:
                prefix = f"{name}/{study}/{hand.side}"
                labels = _write_hand(folder, prefix, hand, grades, rng, augment=augment, gap=gap)
                rows += [(person, study, "", hand.side, *label) for label in labels]
            on_progress(study)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    output.write(table, text.getvalue().encode())


def _hand_pairs(hands: Iterable[IntactHand]) -> dict[str, list[IntactHand]]:
    """A left and a right hand for each radiograph, by its name without extension."""
    shown: dict[str, list[IntactHand]] = {}
    for hand in hands:
        name = PurePath(hand.image).with_suffix("").as_posix().replace("/", "-")
        others = shown.setdefault(name, [])
        if others and others[0].image != hand.image:
            message = f"{others[0].image} and {hand.image}: named alike; rename one"
            raise DocumentError(message)
        others.append(hand)
    return {
        name: [
            next((hand for hand in found if hand.side == side), replace(found[0], side=side))
            for side in SIDES
        ]
        for name, found in shown.items()
    }


def _write_hand(
    folder: Path,
    prefix: str,
    hand: IntactHand,
    grades: Mapping[Key, int],
    rng: np.random.Generator,
    *,
    augment: bool,
    gap: float | None,
) -> list[Row]:
    """Generate the patches of a hand and write them to `<prefix>-<joint>.png`.

    Returns:
        Finding, joint, grade and patch of each label.
    """
    rows: list[Row] = []
    for joint in hand.regions:
        lesions = _lesions(grades, hand.side, joint)
        name = f"{prefix}-{joint}.png"
        patch = generate_patch(
            hand, joint, lesions, rng, augment=augment, look_alikes=gap is not None, gap=gap
        )
        output.write(folder / name, to_png(patch.pixels))
        rows += [(finding, joint, grade, name) for finding, grade in lesions.items()]
    return rows


def _lesions(grades: Mapping[Key, int], side: Side, joint: str) -> dict[Finding, int]:
    """Grades of one joint by finding, 0 for none."""
    found = {finding: grades[side, finding, joint] for finding in SCORED_FINDINGS[joint]}
    if found.get("erosion") == GRADES["erosion"][-1] and "jsn" in found:
        found["jsn"] = max(found["jsn"], _COLLAPSED)
    return found
