"""Reading annotated joints for training: everything that is wrong is said before it begins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sharp_cli import radiograph
from sharp_cli.core.errors import DocumentError, RadiographError
from sharp_cli.datasets.annotations import coco, deeplabcut_project
from sharp_cli.datasets.annotations.csv_file import read_entries
from sharp_cli.datasets.annotations.hands import build_hands
from sharp_cli.datasets.annotations.names import Names
from sharp_cli.datasets.splits import Patient
from sharp_cli.fileio.tables import Problem, raise_problems
from sharp_cli.radiograph.headers import read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sharp_cli.datasets.annotations.hands import AnnotatedHand, RawHand

_EDGE: Final = 0.5
"""From a pixel's centre, which lies at whole numbers, to its edge."""


def read_checked(
    annotations: Path, images: Path, names: Path | None = None, *, parts: bool = False
) -> list[AnnotatedHand]:
    """Read annotated joints in any of the forms, and check them against their radiographs.

    Args:
        annotations: A CSV file, see `dataset.read_annotations`; COCO keypoints (`.json`); or a
            DeepLabCut project, its folder or its `config.yaml`.
        images: Folder of the radiographs; of a DeepLabCut project, the project's own.
        names: What the points are called, see `Names`; None if by their own names.
        parts: Whether a part of a hand will do, such as a wrist; see `build_hands`.

    Raises:
        DocumentError: Listing all that is wrong, with its place: unknown joints and sides, hands
            and joints that stand twice, positions that are no numbers or outside the radiograph,
            radiographs that are missing or cannot be read, hands whose scale cannot be determined.
    """
    entries, problems = _read(annotations)
    naming = Names(names)
    hands, wrong = build_hands(entries, naming, scaled=True, parts=parts)
    raise_problems(annotations, [*problems, *wrong, *_misplaced(entries, naming, images)])
    if not hands:
        message = f"{annotations}: no annotated hand in it; annotate some"
        raise DocumentError(message)
    return with_patients(hands, images)


def with_patients(hands: Iterable[AnnotatedHand], images: Path) -> list[AnnotatedHand]:
    """The hands with the patients that their radiographs name, where the annotations name none.

    Args:
        hands: The hands.
        images: Folder of the radiographs.
    """
    return [
        hand if hand.patient else replace(hand, patient=_patient(images / hand.image))
        for hand in hands
    ]


def _patient(path: Path) -> Patient | None:
    header = read_header(str(path))
    if header is None or header.patient_key is None:
        return None
    return Patient(f"{header.issuer_key} {header.patient_key}", "PatientID")


def _read(annotations: Path) -> tuple[list[RawHand], list[Problem]]:
    ending = annotations.suffix.casefold()
    if annotations.is_dir() or ending in (".yaml", ".yml"):
        return deeplabcut_project.read_entries(annotations)
    if ending == ".json":
        return coco.read_entries(annotations)
    return read_entries(annotations), []


def _misplaced(entries: Iterable[RawHand], naming: Names, images: Path) -> Iterator[Problem]:
    """What is wrong with the radiographs and with the places of points on them."""
    sizes: dict[str, tuple[int, int] | RadiographError] = {}
    for entry in entries:
        if not entry.image:
            continue
        if entry.image not in sizes:
            sizes[entry.image] = _size(images / entry.image)
        size = sizes[entry.image]
        if isinstance(size, RadiographError):
            yield Problem(entry.points[0].where, str(size))
            continue
        width, height = size
        for where, name, x, y in entry.points:
            outside = min(x, y, width - 1 - x, height - 1 - y) < -_EDGE
            if outside and naming(name) != "":
                what = f"{name} at {x:g}, {y:g} is outside {entry.image} ({width} x {height})"
                yield Problem(where, what)


def _size(path: Path) -> tuple[int, int] | RadiographError:
    try:
        return radiograph.size(path)
    except RadiographError as error:
        return error
