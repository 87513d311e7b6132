"""Write the example studies: synthetic hands with some lesions, as small DICOM files.

`two-hands.dcm` holds both hands of one synthetic person, `left.dcm` and `right.dcm` one hand each
of another, and `truth.csv` what was put into them. The same seed gives the same files. Run as
`python examples/make_examples.py [FOLDER]`; without FOLDER the files go beside this script.
"""

from __future__ import annotations

import csv
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from sharp_cli.core.joints import GRADES, SIDES, TARGETS, Finding, Side
from sharp_cli.synthetic.phantom import (
    Condition,
    Phantom,
    PhantomRadiograph,
    generate_hand,
    make_radiograph,
)
from sharp_cli.synthetic.phantom.dicom import Header, dataset, encode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SEED: Final = 20220927
COLUMNS: Final = ("patient", "study", "image", "hand", "finding", "joint", "grade", "x", "y")

_PHALANX: Final = 190.0  # pixels; half the common scale keeps the files small
_NOISE: Final = 0.0008  # and so does little noise, which lossless coding cannot shrink
_DAMAGED: Final = 0.2  # fraction of non-intact joints


def main(folder: Path) -> None:
    """Write the three files and their truth into `folder`."""
    rows: list[tuple[object, ...]] = []

    hands = [_hand(SEED, side) for side in SIDES]
    both = make_radiograph(hands, np.random.default_rng(SEED))
    _write(folder / "two-hands.dcm", "SYNTHETIC-1", both, None, JPEGLSLossless)
    for hand, points in zip(hands, both.points, strict=True):
        rows += _truth("SYNTHETIC-1", "two-hands.dcm", hand, points)

    for side, syntax in (("left", JPEG2000Lossless), ("right", JPEGLSLossless)):
        hand = _hand(SEED + 1, "left" if side == "left" else "right")
        alone: PhantomRadiograph = make_radiograph(
            [hand], np.random.default_rng([SEED + 1, SIDES.index(hand.side)])
        )
        name = f"{side}.dcm"
        _write(folder / name, "SYNTHETIC-2", alone, hand.side, syntax)
        rows += _truth("SYNTHETIC-2", name, hand, alone.points[0])

    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def _hand(seed: int, side: Side) -> Phantom:
    rng = np.random.default_rng([seed, SIDES.index(side)])
    lesions: dict[tuple[Finding, str], int] = {}
    for target in TARGETS:
        damaged, grade = rng.random() < _DAMAGED, int(rng.integers(2, len(GRADES[target.finding])))
        if damaged:
            lesions[target.finding, target.joint] = grade
    return generate_hand(
        seed,
        side=side,
        lesions=lesions,
        condition=Condition(young=False),
        phalanx=_PHALANX,
        noise=_NOISE,
    )


def _truth(
    patient: str, image: str, hand: Phantom, points: Mapping[str, tuple[float, float]]
) -> Iterator[tuple[object, ...]]:
    for target in TARGETS:
        x, y = points[target.joint]
        grade = hand.lesions.get((target.finding, target.joint), 0)
        place = (f"{x:.1f}", f"{y:.1f}")
        yield (
            patient, f"{patient}-A", image, hand.side, target.finding, target.joint, grade, *place
        )  # fmt: skip


def _write(
    path: Path, patient: str, made: PhantomRadiograph, side: Side | None, syntax: str
) -> None:
    """Write a radiograph, the right hand's with inverted polarity."""
    source = ("sharp-cli example", str(SEED), patient)
    header = Header(patient, f"{patient}-A", date(2000, 1, 1), source)
    image = dataset(
        made.pixels,
        header,
        path.name,
        spacing=made.spacing,
        side=side,
        inverted=side == "right",
        modality="DX" if side else "CR",
    )
    path.write_bytes(encode(image, syntax))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
