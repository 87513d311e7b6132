"""Training data out of intact hands: patches of their joints with lesions, and the labels."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.core.joints import GRADES, SIDES
from sharp_cli.fileio import output
from sharp_cli.inference.patches import to_png
from sharp_cli.synthetic.joint_patches import SCORED, draw
from sharp_cli.synthetic.phantom.cohort import KEYS, patient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sharp_cli.core.joints import Finding, Side
    from sharp_cli.synthetic.joint_patches import IntactHand
    from sharp_cli.synthetic.phantom.cohort import Key

    Row = tuple[object, ...]

LABELS_FILE: Final = "labels.csv"

COLUMNS: Final = ("patient", "study", "image", "hand", "finding", "joint", "grade", "patch")
"""Of the table of labels, see `sharp_cli.datasets.labels`; `image` is empty."""

_VARIED: Final = 0.5
"""Share of studies whose exposure, sharpness and noise are changed; the others keep their own."""

_UNTOUCHED: Final[Mapping[Key, int]] = dict.fromkeys(KEYS, 0)

_COLLAPSED: Final = 2
"""JSN that the worst erosion brings with it, at least: see `synthetic.lesions.implant`."""


def write_implanted(
    hands: Sequence[IntactHand],
    folder: Path,
    *,
    versions: int,
    seed: int,
    tell: Callable[[str], None],
) -> None:
    """Draw every joint in several versions, and write patches and labels.

    A picture is a patient and a version of it a study, with both hands: where a picture shows one
    hand, the same hand, drawn differently, stands in for the other. Version 0 is intact and
    otherwise untouched. The lesions of another version are those of a made-up patient at the last
    visit, see `sharp_cli.synthetic.phantom.cohort`; joints are varied and may have harmless
    look-alikes.

    The same hands and seed give the same files; a version is the same however many there are. The
    table of labels appears when all patches are there.

    Args:
        hands: Intact hands.
        folder: Where to. Patches go to `<patient>/<study>/<hand>-<joint>.png`, 16 bit, of the size
            of the joint's box; one serves all findings of a joint.
        versions: How many of each picture.
        seed: Of every random choice.
        tell: Told the name of each study that is there.

    Raises:
        DocumentError: Two pictures differ in the ending of their names only.
        UsageError: The folder has a table of labels already.
        OutputError: Something cannot be written.
    """
    table = folder / LABELS_FILE
    output.prepare(table)
    if table.exists():
        message = f"{table}: is there already; choose a new folder"
        raise UsageError(message)
    pictures = _pictures(hands)
    rows: list[Row] = [COLUMNS]
    for index, (person, pair) in enumerate(pictures.items()):
        for version in range(versions):
            grades = _UNTOUCHED
            if version:
                number = (version - 1) * len(pictures) + index + 1
                grades = patient(seed, number).studies[-1].grades
            study = f"{person}-{version}"
            rng = np.random.default_rng([seed, index, version])
            # As often with lesions as without, so that exposure tells nothing of them.
            vary = bool(rng.random() < _VARIED)
            for hand in pair:
                place = f"{person}/{study}/{hand.side}"
                drawn = _write_hand(folder, place, hand, grades, rng, vary=vary, touch=version > 0)
                rows += [(person, study, "", hand.side, *row) for row in drawn]
            tell(study)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    output.write(table, text.getvalue().encode())


def _pictures(hands: Iterable[IntactHand]) -> dict[str, list[IntactHand]]:
    """A left and a right hand for each picture, by its name without ending."""
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
    place: str,
    hand: IntactHand,
    grades: Mapping[Key, int],
    rng: np.random.Generator,
    *,
    vary: bool,
    touch: bool,
) -> list[Row]:
    """Draw the joints of a hand and write them to `place`-<joint>.png.

    Gives finding, joint, grade and patch of each label.
    """
    rows: list[Row] = []
    for joint in hand.regions:
        put_in = _of_joint(grades, hand.side, joint)
        patch = f"{place}-{joint}.png"
        drawn = draw(hand, joint, put_in, rng, vary=vary, touch=touch)
        output.write(folder / patch, to_png(drawn.pixels))
        rows += [(finding, joint, grade, patch) for finding, grade in put_in.items()]
    return rows


def _of_joint(grades: Mapping[Key, int], side: Side, joint: str) -> dict[Finding, int]:
    """Grades of one joint by finding."""
    found = {finding: grades[side, finding, joint] for finding in SCORED[joint]}
    if found.get("erosion") == GRADES["erosion"][-1] and "jsn" in found:
        found["jsn"] = max(found["jsn"], _COLLAPSED)
    return found
