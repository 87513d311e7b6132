"""Write the example studies: synthetic hands with some lesions, as small DICOM files.

`two-hands.dcm` holds both hands of one synthetic person, `left.dcm` and `right.dcm` one hand each
of another, and `truth.csv` what was put into them. The same seed gives the same files. Run as
`python examples/make_examples.py [FOLDER]`; without FOLDER the files go beside this script.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    generate_uid,
)

from sharp_cli.joints import SIDES, TARGETS, Finding, Side
from sharp_cli.phantom import GRADES, Film, Phantom, draw, film

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

SEED: Final = 20220927
COLUMNS: Final = ("patient", "study", "image", "hand", "finding", "joint", "grade", "x", "y")

_PHALANX: Final = 190.0  # pixels; half the common scale keeps the files small
_NOISE: Final = 0.0008  # and so does a quiet film: noise is what lossless coding cannot shrink
_WHITE: Final = 4095  # 12 bit
_DAMAGED: Final = 0.2  # share of non-intact joints


def main(folder: Path) -> None:
    """Write the three files and their truth into `folder`."""
    rows: list[tuple[object, ...]] = []

    hands = [_hand(SEED, side) for side in SIDES]
    both = film(hands, np.random.default_rng(SEED))
    dataset = _dataset("SYNTHETIC-1", "two-hands.dcm", both.pixels, both.spacing, None)
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    dataset.save_as(folder / "two-hands.dcm", enforce_file_format=True)
    for hand, points in zip(hands, both.points, strict=True):
        rows += _truth("SYNTHETIC-1", "two-hands.dcm", hand, points)

    for side, syntax in (("left", JPEG2000Lossless), ("right", JPEGLSLossless)):
        hand = _hand(SEED + 1, "left" if side == "left" else "right")
        alone: Film = film([hand], np.random.default_rng([SEED + 1, SIDES.index(hand.side)]))
        name = f"{side}.dcm"
        dataset = _dataset("SYNTHETIC-2", name, alone.pixels, alone.spacing, hand.side)
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(folder / name, enforce_file_format=True)
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
    return draw(seed, side=side, lesions=lesions, phalanx=_PHALANX, young=False, noise=_NOISE)


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


def _dataset(
    patient: str, name: str, pixels: NDArray[np.float32], spacing: float, side: Side | None
) -> Dataset:
    """A DX image of one hand (the right one bright on dark inverted), a CR image of two."""

    def uid(*parts: str) -> str:
        return generate_uid(entropy_srcs=["sharp-cli example", str(SEED), *parts])

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = (
        DigitalXRayImageStorageForPresentation if side else ComputedRadiographyImageStorage
    )
    dataset.SOPInstanceUID = uid(patient, name)
    dataset.StudyInstanceUID = uid(patient)
    dataset.SeriesInstanceUID = uid(patient, "series")
    dataset.StudyDate = "20000101"
    dataset.StudyTime = "120000"
    dataset.StudyID = f"{patient}-A"
    dataset.AccessionNumber = ""
    dataset.PatientID = patient
    dataset.PatientName = "SYNTHETIC^Phantom"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = "sharp-cli phantom"
    dataset.Modality = "DX" if side else "CR"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    dataset.BodyPartExamined = "HAND"
    dataset.ViewPosition = "PA"
    dataset.PatientOrientation = ""
    if side:
        dataset.ImageLaterality = side[0].upper()
    else:
        dataset.Laterality = ""
    dataset.ImagerPixelSpacing = [f"{spacing:.6f}"] * 2
    dataset.ImageComments = "Synthetic picture, not of a person"

    values = np.round(pixels * _WHITE).astype(np.uint16)
    inverted = side == "right"
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = values.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter = str((_WHITE + 1) // 2)
    dataset.WindowWidth = str(_WHITE + 1)
    dataset.PixelData = (_WHITE - values if inverted else values).tobytes()
    return dataset


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
